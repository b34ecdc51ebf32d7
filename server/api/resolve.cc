#include "server/api/resolve.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "server/api/resource_names.h"
#include "server/base/status_macros.h"

namespace assay::api {
namespace {

constexpr std::size_t kMaxRequestIdBytes = 64;

}  // namespace

absl::Status CheckRequestId(std::string_view request_id) {
  if (request_id.size() > kMaxRequestIdBytes) {
    return absl::InvalidArgumentError(absl::StrFormat("request_id: %d bytes, at most %d are taken",
                                                      request_id.size(), kMaxRequestIdBytes));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ProjectOfRun(std::string_view field, std::string_view name) {
  if (absl::StatusOr<NamedName> baseline = ParseNamedName(field, "baselines", name);
      baseline.ok()) {
    return std::move(baseline->project);
  }
  ASSAY_ASSIGN_OR_RETURN(NumberedName run, ParseNumberedName(field, "runs", name));
  return std::move(run.project);
}

Resolver::Resolver(store::Store& store, store::Id project_id, std::string project)
    : store_(store), project_id_(project_id), project_(std::move(project)) {}

absl::Status Resolver::CheckProject(std::string_view field, std::string_view project) const {
  if (project != project_) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s: must lie in projects/%s, not in another project: '%s'", field,
                        project_, Quoted(project)));
  }
  return absl::OkStatus();
}

absl::StatusOr<store::DatasetVersionRecord> Resolver::DatasetVersion(std::string_view field,
                                                                     std::string_view name) const {
  ASSAY_ASSIGN_OR_RETURN(const VersionName parsed, ParseVersionName(field, "datasets", name));
  ASSAY_RETURN_IF_ERROR(CheckProject(field, parsed.project));
  return store_.datasets().FindVersion(project_id_, parsed.id, parsed.version);
}

absl::StatusOr<store::ModelVersionRecord> Resolver::ModelVersion(std::string_view field,
                                                                 std::string_view name) const {
  ASSAY_ASSIGN_OR_RETURN(const VersionName parsed, ParseVersionName(field, "models", name));
  ASSAY_RETURN_IF_ERROR(CheckProject(field, parsed.project));
  return store_.models().FindVersion(project_id_, parsed.id, parsed.version);
}

absl::StatusOr<store::Id> Resolver::Number(std::string_view field, std::string_view collection,
                                           std::string_view name) const {
  ASSAY_ASSIGN_OR_RETURN(const NumberedName parsed, ParseNumberedName(field, collection, name));
  ASSAY_RETURN_IF_ERROR(CheckProject(field, parsed.project));
  return parsed.id;
}

absl::StatusOr<Resolver::NamedRun> Resolver::Run(std::string_view field,
                                                 std::string_view name) const {
  if (const absl::StatusOr<NamedName> parsed = ParseNamedName(field, "baselines", name);
      parsed.ok()) {
    ASSAY_RETURN_IF_ERROR(CheckProject(field, parsed->project));
    ASSAY_ASSIGN_OR_RETURN(const store::BaselineRecord baseline,
                           store_.baselines().Find(project_id_, parsed->id));
    return NamedRun{.run = baseline.run_id, .baseline = baseline.id};
  }
  ASSAY_ASSIGN_OR_RETURN(const store::Id run, Number(field, "runs", name));
  return NamedRun{.run = run, .baseline = 0};
}

absl::StatusOr<store::Id> Resolver::DatasetVersionOrAny(std::string_view name) const {
  if (name.empty()) {
    return 0;
  }
  ASSAY_ASSIGN_OR_RETURN(const store::DatasetVersionRecord version,
                         DatasetVersion("dataset_version", name));
  return version.id;
}

absl::StatusOr<store::Id> Resolver::ModelVersionOrAny(std::string_view name) const {
  if (name.empty()) {
    return 0;
  }
  ASSAY_ASSIGN_OR_RETURN(const store::ModelVersionRecord version,
                         ModelVersion("model_version", name));
  return version.id;
}

}  // namespace assay::api
