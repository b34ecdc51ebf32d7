#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "server/store/store.h"

namespace assay::run {

// Which example of the baseline's dataset version stands beside each of the candidate's.
struct Pairing {
  // True: row i beside row i, and `baseline_row` is empty.
  bool is_identity = true;
  std::vector<std::int32_t> baseline_row;  // by the candidate's row, -1 for none
  std::int64_t num_only_baseline = 0;      // examples of the baseline without a partner

  std::int64_t BaselineRow(std::int64_t candidate_row) const {
    return is_identity ? candidate_row : baseline_row[static_cast<std::size_t>(candidate_row)];
  }
};

// Row by row for versions of equal content, by key otherwise; then the keys of the baseline are
// held in memory meanwhile.
absl::StatusOr<Pairing> PairExamples(store::Store& store, store::Id project,
                                     const store::DatasetVersionRecord& baseline,
                                     const store::DatasetVersionRecord& candidate);

}  // namespace assay::run
