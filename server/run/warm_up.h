#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluators/compare/comparison.h"
#include "server/run/compared_rows.h"
#include "server/store/store.h"

namespace assay::run {

// What a policy that says nothing leaves out: 1 % of the outputs of a set, at most 10. A set of
// fewer than 100 keeps all of them.
std::int64_t DefaultWarmUp(std::int64_t num_outputs);

// Examples whose time says more of a process that had just started than of its model.
struct WarmUp {
  std::vector<std::uint8_t> is_left_out;  // by the candidate's rows; empty: none is
  std::int64_t num_examples = 0;          // that are left out
  std::int64_t num_baseline = 0;          // first outputs of the side
  std::int64_t num_candidate = 0;

  // Takes the scores of these examples from both sides.
  void Remove(MetricScores& scores) const;
  // What a report says of it; empty when nothing is left out.
  std::string Note() const;
};

// The examples that one of the first `num_outputs` outputs of a side answers, in the order in which
// they were pushed; absent: DefaultWarmUp of each side. With several outputs an example one of them
// is enough. DATA_LOSS when a column is missing.
absl::StatusOr<WarmUp> FindWarmUp(store::Store& store, store::Id project, const ComparedRows& rows,
                                  std::optional<std::int64_t> num_outputs);

}  // namespace assay::run
