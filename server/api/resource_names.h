#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace assay::api {

// Resource names, `projects/{project}/datasets/{dataset}/versions/{version}` and the like. Every
// Parse function takes the path of the field that holds the name, for its error message:
// INVALID_ARGUMENT `run.name: expected projects/{project}/runs/{run}: 'x'`.

// `text` for a message: at most 128 bytes, control characters and quotes escaped.
std::string Quoted(std::string_view text);

// `projects/{project}`: the project's name.
absl::StatusOr<std::string> ParseProjectName(std::string_view field, std::string_view name);

// `projects/{project}/{collection}/{id}` whose id is a number that the server assigned: runs,
// comparisons, uploads, outputSets.
struct NumberedName {
  std::string project;
  std::int64_t id = 0;
};
absl::StatusOr<NumberedName> ParseNumberedName(std::string_view field, std::string_view collection,
                                               std::string_view name);
std::string FormatNumberedName(std::string_view project, std::string_view collection,
                               std::int64_t id);

// `projects/{project}/{collection}/{id}` whose id was given by a user or is hex: datasets, models,
// traces.
struct NamedName {
  std::string project;
  std::string id;
};
absl::StatusOr<NamedName> ParseNamedName(std::string_view field, std::string_view collection,
                                         std::string_view name);
std::string FormatNamedName(std::string_view project, std::string_view collection,
                            std::string_view id);

// `projects/{project}/{collection}/{id}/versions/{version}`: datasets, models. The version is kept
// as it is: a number, `latest`, or `sha256:` and a prefix.
struct VersionName {
  std::string project;
  std::string id;
  std::string version;
};
absl::StatusOr<VersionName> ParseVersionName(std::string_view field, std::string_view collection,
                                             std::string_view name);
std::string FormatVersionName(std::string_view project, std::string_view collection,
                              std::string_view id, std::int64_t number);

// Of a model version: as above, with `+` and the changes of a derived version.
std::string ModelVersionResourceName(std::string_view project, std::string_view model,
                                     std::int64_t number, std::string_view derivation);

// OK for an id of a dataset or model: 1 to 128 of letters, digits, `.`, `_`, `-`; not starting with
// `.` or `-`.
absl::Status CheckUserId(std::string_view field, std::string_view id);

}  // namespace assay::api
