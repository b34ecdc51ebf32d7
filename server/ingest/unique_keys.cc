#include "server/ingest/unique_keys.h"

#include <algorithm>
#include <cstddef>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_format.h"
#include "server/base/status_macros.h"
#include "server/ingest/key_index.h"

namespace assay::ingest {
namespace {

// Hashes of (key, repetition).
std::vector<std::uint64_t> WithRepetitions(const std::vector<std::uint64_t>& key_hashes,
                                           const std::vector<std::int64_t>& repetitions) {
  std::vector<std::uint64_t> hashes(key_hashes.size());
  for (std::size_t row = 0; row < hashes.size(); ++row) {
    const std::uint64_t mixed =
        key_hashes[row] ^ (static_cast<std::uint64_t>(repetitions[row]) * 0x9E3779B97F4A7C15U);
    hashes[row] = (mixed ^ (mixed >> 32)) * 0xD6E8FEB86659FD93U;
  }
  return hashes;
}

}  // namespace

absl::Status CheckUniqueKeys(const std::vector<std::uint64_t>& key_hashes,
                             const std::vector<std::int64_t>& repetitions, std::string_view where,
                             StoredKeys& keys) {
  const std::vector<std::uint64_t> combined =
      repetitions.empty() ? std::vector<std::uint64_t>() : WithRepetitions(key_hashes, repetitions);
  const std::vector<std::uint64_t>& hashes = repetitions.empty() ? key_hashes : combined;
  const std::vector<std::uint64_t> repeated = FindRepeatedHashes(hashes);
  if (repeated.empty()) {
    return absl::OkStatus();
  }
  // Equal hashes are few, unless keys really repeat, and then the first repeat ends the search.
  absl::flat_hash_map<std::uint64_t, std::vector<std::int64_t>> rows_of;
  for (std::int64_t row = 0; row < std::ssize(hashes); ++row) {
    const std::uint64_t hash = hashes[static_cast<std::size_t>(row)];
    if (!std::binary_search(repeated.begin(), repeated.end(), hash)) {
      continue;
    }
    ASSAY_ASSIGN_OR_RETURN(const std::string_view key, keys.Get(row));
    for (const std::int64_t earlier : rows_of[hash]) {
      ASSAY_ASSIGN_OR_RETURN(const std::string_view earlier_key, keys.Get(earlier));
      const bool has_equal_repetition =
          repetitions.empty() || repetitions[static_cast<std::size_t>(row)] ==
                                     repetitions[static_cast<std::size_t>(earlier)];
      if (key == earlier_key && has_equal_repetition) {
        const std::string repetition =
            repetitions.empty() ? std::string()
                                : absl::StrFormat(" with repetition %d",
                                                  repetitions[static_cast<std::size_t>(row)]);
        return absl::InvalidArgumentError(
            absl::StrFormat("duplicate key %s%s%s: rows %d and %d, counted from 0", QuoteKey(key),
                            repetition, where, earlier, row));
      }
    }
    rows_of[hash].push_back(row);
  }
  return absl::OkStatus();
}

}  // namespace assay::ingest
