#include "client/cli/time_span.h"

#include <chrono>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"

namespace assay::cli {

absl::StatusOr<std::int64_t> ParseTimeSpan(std::string_view flag, std::string_view text) {
  // Longer suffixes first: `ms` ends in `s`.
  constexpr std::pair<std::string_view, double> kUnits[] = {
      {"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}, {"d", 86'400e9}};
  constexpr double kLongest = 9e18;
  for (const auto& [suffix, nanoseconds] : kUnits) {
    if (!text.ends_with(suffix)) {
      continue;
    }
    const std::string_view digits = text.substr(0, text.size() - suffix.size());
    double count = 0;
    if (!digits.empty() &&
        absl::SimpleAtod(absl::string_view(digits.data(), digits.size()), &count) && count >= 0 &&
        count * nanoseconds < kLongest) {
      return static_cast<std::int64_t>(count * nanoseconds);
    }
    break;
  }
  return absl::InvalidArgumentError(absl::StrFormat(
      "%s: expected a duration such as 250ms, 1.5s, 90m, 2h or 7d: '%s'", flag, text));
}

std::int64_t SecondsAgo(std::int64_t ago_ns) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(now).count() - ago_ns / 1'000'000'000;
}

}  // namespace assay::cli
