#include "client/cli/gate_options.h"

#include <charconv>
#include <cmath>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/cpp/status_macros.h"

namespace assay::cli {

namespace {

// The metric, and its limit.
absl::StatusOr<std::pair<std::string, double>> ParseLimit(std::string_view flag,
                                                          std::string_view text) {
  const std::size_t equals = text.rfind('=');
  if (equals == std::string_view::npos || equals == 0) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s is METRIC=X, for instance accuracy=0.01, not '%s'", flag, text));
  }
  const std::string_view number = text.substr(equals + 1);
  double limit = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), limit);
  const bool is_number = error == std::errc() && end == number.data() + number.size();
  if (!is_number || !std::isfinite(limit) || limit < 0) {
    return absl::InvalidArgumentError(absl::StrFormat("%s %s: not a number of at least 0: '%s'",
                                                      flag, text.substr(0, equals), number));
  }
  return std::pair(std::string(text.substr(0, equals)), limit);
}

}  // namespace

absl::StatusOr<v1::Gate> ParseMaxDrop(std::string_view text) {
  ASSAY_ASSIGN_OR_RETURN(const auto limit, ParseLimit("--max-drop", text));
  v1::Gate gate;
  gate.set_metric(limit.first);
  gate.set_max_drop(limit.second);
  gate.set_tier(v1::Gate::CRITICAL);
  return gate;
}

absl::StatusOr<v1::Gate> ParseMaxIncrease(std::string_view text) {
  ASSAY_ASSIGN_OR_RETURN(const auto limit, ParseLimit("--max-increase", text));
  v1::Gate gate;
  gate.set_metric(limit.first);
  gate.set_max_increase(limit.second);
  gate.set_tier(v1::Gate::CRITICAL);
  return gate;
}

absl::Status AddFlagGates(std::span<const std::string> max_drops,
                          std::span<const std::string> max_increases, PolicyFile& file) {
  for (const std::string& limit : max_drops) {
    ASSAY_ASSIGN_OR_RETURN(*file.policy.add_gates(), ParseMaxDrop(limit));
    file.gate_flags.push_back(absl::StrFormat("--max-drop %s", limit));
  }
  for (const std::string& limit : max_increases) {
    ASSAY_ASSIGN_OR_RETURN(*file.policy.add_gates(), ParseMaxIncrease(limit));
    file.gate_flags.push_back(absl::StrFormat("--max-increase %s", limit));
  }
  return absl::OkStatus();
}

}  // namespace assay::cli
