#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace assay::client {

// What users type for a resource, and the resource names that the API takes. Pure functions. Every
// Resolve function also takes a full resource name (`projects/...`) and passes it on. Errors are
// INVALID_ARGUMENT and quote the text.

// A dataset or model and which version of it.
struct VersionReference {
  std::string name;     // dataset or model id
  std::string version;  // a number, `latest`, or `sha256:` and at least 4 hex digits
};

// `digits@3`, `digits@latest`, `digits` (the latest), `digits@sha256:1f3a`.
absl::StatusOr<VersionReference> ParseVersionReference(std::string_view text);

// OK for 1 to 128 of letters, digits, `.`, `_`, `-`, not starting with `.` or `-`.
absl::Status CheckResourceId(std::string_view id);

// `projects/{project}`.
std::string ProjectName(std::string_view project);
// `projects/{project}/datasets/{dataset}/versions/{version}` from a version reference.
absl::StatusOr<std::string> ResolveDatasetVersion(std::string_view project, std::string_view text);
// `projects/{project}/models/{model}/versions/{version}` from a version reference.
absl::StatusOr<std::string> ResolveModelVersion(std::string_view project, std::string_view text);
// `projects/{project}/runs/{run}` from `run:12`, `runs/12` or `12`; of `@main` the name of the
// baseline, which the server takes for its run.
absl::StatusOr<std::string> ResolveRun(std::string_view project, std::string_view text);
// `projects/{project}/baselines/{baseline}` from `@main` or `main`.
absl::StatusOr<std::string> ResolveBaseline(std::string_view project, std::string_view text);
// `projects/{project}/comparisons/{comparison}` from `comparison:12`, `comparisons/12` or `12`.
absl::StatusOr<std::string> ResolveComparison(std::string_view project, std::string_view text);
// `projects/{project}/outputSets/{output_set}` from `outputs:12`, `outputSets/12` or `12`.
absl::StatusOr<std::string> ResolveOutputSet(std::string_view project, std::string_view text);
// `projects/{project}/traces/{trace}` from at least 4 hex digits.
absl::StatusOr<std::string> ResolveTrace(std::string_view project, std::string_view text);

// True for the resource name of a baseline.
bool IsBaselineName(std::string_view resource_name);

// True when `text` can only mean a run: a bare number, `run:...`, `@...` or a resource name of a
// run or baseline.
bool IsRunReference(std::string_view text);

// The short form of a resource name, which the Resolve functions take back: `digits@3`, `run:12`,
// `@main`, and the bare id of comparisons, output sets and traces. Anything else comes back as it
// is.
std::string ShortName(std::string_view resource_name);

}  // namespace assay::client
