#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluators/evaluator.h"
#include "server/store/store.h"

namespace assay::run {

// Which example of the baseline's dataset version stands beside each of the candidate's.
struct Pairing {
  // True: row i beside row i, and the vectors are empty.
  bool is_identity = true;
  std::vector<std::int32_t> same_key;     // by the candidate's row, -1 for none
  std::vector<std::uint8_t> has_changed;  // same key, other content
  std::int64_t num_changed = 0;
  std::int64_t num_only_baseline = 0;  // examples whose key the other version lacks
  std::int64_t num_only_candidate = 0;

  // The example that pairs; -1 where there is none or its content differs.
  std::int64_t BaselineRow(std::int64_t candidate_row) const {
    const auto at = static_cast<std::size_t>(candidate_row);
    return is_identity ? candidate_row : has_changed[at] != 0 ? -1 : same_key[at];
  }
  // The example of the same key, whatever its content; -1 for none.
  std::int64_t SameKeyRow(std::int64_t candidate_row) const {
    return is_identity ? candidate_row : same_key[static_cast<std::size_t>(candidate_row)];
  }
  bool HasChanged(std::int64_t candidate_row) const {
    return !is_identity && has_changed[static_cast<std::size_t>(candidate_row)] != 0;
  }
};

// Row by row for versions of equal content. Otherwise by key, and only examples of equal content
// pair; the keys of the baseline are held in memory meanwhile.
absl::StatusOr<Pairing> PairExamples(store::Store& store, store::Id project,
                                     const store::DatasetVersionRecord& baseline,
                                     const store::DatasetVersionRecord& candidate,
                                     const ParallelFor& parallel_for);

}  // namespace assay::run
