#pragma once

#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"

namespace assay::cli {

// Nanoseconds of `250ms`, `1.5s`, `20us`, `90m`, `2h` or `7d`. INVALID_ARGUMENT names `flag`.
absl::StatusOr<std::int64_t> ParseTimeSpan(std::string_view flag, std::string_view text);

// Seconds since the Unix epoch, so long ago.
std::int64_t SecondsAgo(std::int64_t ago_ns);

}  // namespace assay::cli
