#include "client/cli/duration_text.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"

namespace assay::cli {
namespace {

struct Unit {
  char letter;
  std::string_view name;
  std::int64_t seconds;
};
constexpr std::array<Unit, 5> kUnits = {{{'w', "week", 604'800},
                                         {'d', "day", 86'400},
                                         {'h', "hour", 3'600},
                                         {'m', "minute", 60},
                                         {'s', "second", 1}}};

}  // namespace

absl::StatusOr<std::int64_t> ParseDuration(std::string_view text) {
  constexpr std::int64_t kMost = 100'000;
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const auto unit = end + 1 == text.data() + text.size()
                        ? std::ranges::find(kUnits, *end, &Unit::letter)
                        : kUnits.end();
  if (error != std::errc() || unit == kUnits.end() || count <= 0 || count > kMost) {
    return absl::InvalidArgumentError(
        absl::StrFormat("not a duration, as 30d, 12h or 90m: '%s'", text));
  }
  return count * unit->seconds;
}

std::string AgeText(std::int64_t seconds) {
  // Weeks would hide up to six days.
  const auto unit = std::find_if(kUnits.begin() + 1, kUnits.end() - 1,
                                 [seconds](const Unit& each) { return seconds >= each.seconds; });
  const std::int64_t count = seconds / unit->seconds;
  return absl::StrFormat("%d %s%s", count, unit->name, count == 1 ? "" : "s");
}

}  // namespace assay::cli
