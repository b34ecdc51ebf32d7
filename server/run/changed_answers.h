#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "evaluators/compare/comparison.h"
#include "server/run/compared_rows.h"
#include "server/run/pairing.h"
#include "server/run/run_inputs.h"
#include "server/store/store.h"

namespace assay::run {

// Counts the paired rows whose answer differs between two output sets by a column of
// AnswerColumn. With `scores`, makes them scores for gates on changed answers: 0 before, and 1
// after where the answer differs; undefined where a side has no answer.
absl::StatusOr<Behavior> CountChangedAnswers(store::Store& store, const RunInputs& baseline,
                                             const RunInputs& candidate, const std::string& column,
                                             const Pairing& pairing,
                                             std::span<const std::uint8_t> is_paired,
                                             const ParallelFor& parallel_for,
                                             MetricScores* scores = nullptr);

}  // namespace assay::run
