#include "server/run/changed_answers.h"

#include <cstddef>
#include <vector>

#include "evaluators/statistics/interval.h"
#include "server/base/status_macros.h"
#include "server/run/answers.h"

namespace assay::run {
namespace {

// Each side of the two-sided 95 % interval.
constexpr double kTail = 0.025;

// All undefined.
MetricScores BehaviorScores(std::size_t num_rows) {
  MetricScores scores;
  scores.metric.id = kBehaviorMetric;
  scores.metric.definition_id = "assay/behaviour/1";
  scores.metric.direction = Direction::kLower;
  scores.metric.kind = MetricKind::kBinaryMean;
  for (ScoreArray* const side : {&scores.baseline, &scores.candidate}) {
    side->values.assign(num_rows, 0);
    side->defined.assign(num_rows, 0);
  }
  return scores;
}

}  // namespace

absl::StatusOr<Behavior> CountChangedAnswers(store::Store& store, const RunInputs& baseline,
                                             const RunInputs& candidate, const std::string& column,
                                             const Pairing& pairing,
                                             std::span<const std::uint8_t> is_paired,
                                             const ParallelFor& parallel_for,
                                             MetricScores* scores) {
  ASSAY_ASSIGN_OR_RETURN(const std::vector<std::uint64_t> before,
                         LoadAnswers(store, baseline, column, parallel_for));
  ASSAY_ASSIGN_OR_RETURN(const std::vector<std::uint64_t> after,
                         LoadAnswers(store, candidate, column, parallel_for));
  if (scores != nullptr) {
    *scores = BehaviorScores(after.size());
  }
  Behavior behavior;
  behavior.column = column;
  for (std::size_t row = 0; row < after.size(); ++row) {
    if (is_paired[row] == 0) {
      continue;
    }
    const std::uint64_t earlier =
        before[static_cast<std::size_t>(pairing.BaselineRow(static_cast<std::int64_t>(row)))];
    if (earlier == 0 || after[row] == 0) {
      continue;
    }
    const bool has_changed = earlier != after[row];
    ++behavior.num_rows;
    behavior.num_changed += has_changed ? 1 : 0;
    if (scores != nullptr) {
      scores->candidate.values[row] = has_changed ? 1 : 0;
      scores->baseline.defined[row] = 1;
      scores->candidate.defined[row] = 1;
    }
  }
  if (behavior.num_rows > 0) {
    behavior.lower = ClopperPearsonLower(behavior.num_changed, behavior.num_rows, kTail);
    behavior.upper = ClopperPearsonUpper(behavior.num_changed, behavior.num_rows, kTail);
  }
  return behavior;
}

}  // namespace assay::run
