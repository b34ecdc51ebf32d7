#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluators/evaluator.h"
#include "evaluators/metrics/evaluator_spec.h"

namespace assay {

// `ground_truth_match`: answers against what is known to be right. Options are metrics:
//
//   accuracy          output `label` is the example's `label`
//   exact_match       the answer is one of the accepted answers, byte for byte
//   normalized_match  the same after NormalizeText on both sides (also spelled `normalized`)
//   macro_f1          see MacroF1State
//
// The answer is the output column `text`, or `label` where outputs have no `text`. Accepted answers
// are the example's `references`, or its `label` where it has none. Without options: accuracy and
// macro_f1. INVALID_ARGUMENT for an unknown option.
absl::StatusOr<std::unique_ptr<const Evaluator>> MakeGroundTruthMatch(const EvaluatorSpec& spec);

// Options that fit the columns; empty when the evaluator does not.
std::vector<std::string> GroundTruthMatchOptions(const ColumnTypes& columns);

}  // namespace assay
