#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/ingest/stored_keys.h"

namespace assay::ingest {

// For every output the row of the example with its key. `output_hashes` are the KeyHashes of
// `outputs`; keys of `examples` are unique. INVALID_ARGUMENT names the first output whose key is
// not among the examples of `dataset` (as users call it, e.g. "digits@3") and how many there are.
absl::StatusOr<std::vector<std::int64_t>> MatchExamples(
    StoredKeys& outputs, const std::vector<std::uint64_t>& output_hashes, StoredKeys& examples,
    std::string_view dataset);

}  // namespace assay::ingest
