#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace assay::formats {

// `value` as an error shows it: in quotes, control characters and invalid UTF-8 as \xHH, at most
// 60 bytes of it.
std::string Quoted(std::string_view value);

// A place in a file. Line 0: the file as a whole.
struct Place {
  std::string_view file;
  std::int64_t line = 0;
};

// INVALID_ARGUMENT `FILE:LINE: PROBLEM`.
absl::Status LineError(const Place& place, std::string_view problem);
// INVALID_ARGUMENT `FILE:LINE: field 'FIELD': PROBLEM`.
absl::Status FieldError(const Place& place, std::string_view field, std::string_view problem);

// INVALID_ARGUMENT `WHAT: 'value'`, to be passed on as the problem.
absl::Status BadValue(std::string_view what, std::string_view value);

}  // namespace assay::formats
