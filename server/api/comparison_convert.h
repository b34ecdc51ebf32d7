#pragma once

#include "absl/status/status.h"
#include "server/api/convert.h"
#include "server/run/comparison_rows.h"
#include "server/store/store.h"

namespace assay::v1 {
class Comparison;
class ComparisonRow;
class Policy;
}  // namespace assay::v1

namespace assay::api {

// Form of v1::Comparison.
inline constexpr std::string_view kComparisonSchema = "assay.comparison/1";

// Fills an empty message. The runs behind the comparison are read for the versions that they
// compare.
absl::Status ToProto(const store::ComparisonRecord& from, store::Store& store,
                     const VersionNames& names, v1::Comparison& to);
void ToProto(const run::ComparisonRow& from, v1::ComparisonRow& to);

// The policy of a new comparison; with gates and without min_coverage 99 % of the baseline's
// examples must find their pair. INVALID_ARGUMENT names the field: a gate without metric or limit,
// a limit that is negative or not finite, an unknown tier, an alpha outside (0, 0.5), a share
// outside [0, 1], an unknown field of the model.
absl::StatusOr<Policy> ReadPolicy(const v1::Policy& from);

}  // namespace assay::api
