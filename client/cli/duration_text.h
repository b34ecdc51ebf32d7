#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace assay::cli {

// Seconds of a duration such as `30d`, `12h`, `90m`, `2w` or `45s`. INVALID_ARGUMENT for anything
// else and for 0.
absl::StatusOr<std::int64_t> ParseDuration(std::string_view text);

// An age in its largest whole unit: `6 days`, `1 hour`, `0 seconds`.
std::string AgeText(std::int64_t seconds);

}  // namespace assay::cli
