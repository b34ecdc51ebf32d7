#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/store/store.h"

namespace assay::api {

// OK for a request id: at most 64 bytes; empty means none.
absl::Status CheckRequestId(std::string_view request_id);

// The project of a run's or a baseline's name.
absl::StatusOr<std::string> ProjectOfRun(std::string_view field, std::string_view name);

// Finds what the fields of a request name, within the project of the request. INVALID_ARGUMENT for
// a malformed name or one of another project, NOT_FOUND for what does not exist. For one call.
class Resolver {
 public:
  // `store` outlives it.
  Resolver(store::Store& store, store::Id project_id, std::string project);

  absl::StatusOr<store::DatasetVersionRecord> DatasetVersion(std::string_view field,
                                                             std::string_view name) const;
  absl::StatusOr<store::ModelVersionRecord> ModelVersion(std::string_view field,
                                                         std::string_view name) const;
  // Number in `projects/{project}/{collection}/{id}`; does not look it up.
  absl::StatusOr<store::Id> Number(std::string_view field, std::string_view collection,
                                   std::string_view name) const;
  // Run that `projects/{project}/runs/{run}` or `projects/{project}/baselines/{baseline}` names. A
  // run is not looked up.
  struct NamedRun {
    store::Id run = 0;
    store::Id baseline = 0;  // the record that stands for it; 0: none
  };
  absl::StatusOr<NamedRun> Run(std::string_view field, std::string_view name) const;
  // For filters of lists: 0 when `name`, the field `dataset_version` or `model_version`, is empty.
  absl::StatusOr<store::Id> DatasetVersionOrAny(std::string_view name) const;
  absl::StatusOr<store::Id> ModelVersionOrAny(std::string_view name) const;

 private:
  absl::Status CheckProject(std::string_view field, std::string_view project) const;

  store::Store& store_;
  const store::Id project_id_;
  const std::string project_;
};

}  // namespace assay::api
