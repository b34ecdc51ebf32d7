#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "server/store/records.h"

namespace assay::run {

// Claims that nothing but the named fields of the model changed. A field is `activation`,
// `quantization`, `weights`, `dtype`, `architecture`, `preprocessing`, `config.*` or `config.KEY`.

// INVALID_ARGUMENT for anything else, listing the fields.
absl::Status CheckClaimField(std::string_view field);

// What stands against a claim. Both empty: it is proven.
struct ClaimFindings {
  std::vector<store::FieldDifference> broken;    // differ although the claim does not name them
  std::vector<store::FieldDifference> unproven;  // not declared by a side, so not known to be equal
};
ClaimFindings CheckClaim(std::span<const std::string> allow_changed,
                         const store::ModelVersionRecord& baseline,
                         const store::ModelVersionRecord& candidate);

// "only activation and weights changed"; empty without fields.
std::string ClaimText(std::span<const std::string> allow_changed);

}  // namespace assay::run
