#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "server/ingest/stored_keys.h"

namespace assay::ingest {

// INVALID_ARGUMENT when a key occurs twice; names it and both rows, the later one being the first
// of all that repeat an earlier one. `key_hashes` holds a hash of every row of `keys`: only rows
// with equal hashes are compared. `repetitions` is empty, or has the repetition of every row; then
// a key and its repetition together must be unique. `where` goes into the message (" in the
// documents").
absl::Status CheckUniqueKeys(const std::vector<std::uint64_t>& key_hashes,
                             const std::vector<std::int64_t>& repetitions, std::string_view where,
                             StoredKeys& keys);

}  // namespace assay::ingest
