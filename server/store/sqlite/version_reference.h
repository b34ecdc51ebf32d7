#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "server/store/records.h"

namespace assay::store {

// How a caller names a version: exactly one of a number, a range of digests, or neither: the
// latest.
struct VersionReference {
  std::optional<std::int64_t> number;
  std::optional<std::pair<Digest, Digest>> digests;  // both ends included
};

// Reads `latest`, a number from 1, or `sha256:` and 4 to 64 hex digits. INVALID_ARGUMENT for
// anything else.
absl::StatusOr<VersionReference> ParseVersionReference(std::string_view text);

}  // namespace assay::store
