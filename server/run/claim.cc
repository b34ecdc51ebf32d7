#include "server/run/claim.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/strings/str_format.h"
#include "server/run/fairness.h"

namespace assay::run {
namespace {

constexpr std::string_view kConfigPrefix = "config.";

bool IsNamed(std::span<const std::string> allow_changed, std::string_view field) {
  return std::ranges::any_of(allow_changed, [field](const std::string& allowed) {
    return allowed == field || (allowed == "config.*" && field.starts_with(kConfigPrefix));
  });
}

}  // namespace

absl::Status CheckClaimField(std::string_view field) {
  const bool is_config = field.starts_with(kConfigPrefix) && field.size() > kConfigPrefix.size();
  std::string fields;
  for (const DeclaredField& declared : kDeclaredFields) {
    if (field == declared.name) {
      return absl::OkStatus();
    }
    fields.append(declared.name).append(", ");
  }
  return is_config ? absl::OkStatus()
                   : absl::InvalidArgumentError(
                         absl::StrFormat("allow_changed: no such field of a model: '%s'; there are "
                                         "%sconfig.* and config.KEY",
                                         field, fields));
}

ClaimFindings CheckClaim(std::span<const std::string> allow_changed,
                         const store::ModelVersionRecord& baseline,
                         const store::ModelVersionRecord& candidate) {
  ClaimFindings findings;
  for (store::FieldDifference& difference : FindModelDifferences(baseline, candidate)) {
    if (!IsNamed(allow_changed, difference.field)) {
      const bool is_config = difference.field.starts_with(kConfigPrefix);
      // A key of the configuration that a side lacks is a difference; there is no list of keys that
      // it would have to declare.
      const bool is_declared = !difference.baseline.empty() && !difference.candidate.empty();
      (is_config || is_declared ? findings.broken : findings.unproven)
          .push_back(std::move(difference));
    }
  }
  for (const DeclaredField& field : kDeclaredFields) {
    if (!IsNamed(allow_changed, field.name) && (baseline.*field.value).empty() &&
        (candidate.*field.value).empty()) {
      findings.unproven.push_back({std::string(field.name), "", ""});
    }
  }
  return findings;
}

std::string ClaimText(std::span<const std::string> allow_changed) {
  std::string text;
  for (std::size_t i = 0; i < allow_changed.size(); ++i) {
    text.append(i == 0 ? "only " : i + 1 == allow_changed.size() ? " and " : ", ");
    text.append(allow_changed[i]);
  }
  return text.empty() ? text : text + " changed";
}

}  // namespace assay::run
