#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace assay::http {

// The content of a gzip file in memory. Takes `max_bytes` of memory at most, and no more than the
// file says that its content has. INVALID_ARGUMENT when it is damaged, has more than it says or is
// not gzip, RESOURCE_EXHAUSTED when the content has more than `max_bytes`.
absl::StatusOr<std::string> Gunzip(std::string_view bytes, std::uint64_t max_bytes);

}  // namespace assay::http
