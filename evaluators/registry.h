#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluators/evaluator.h"

namespace assay {

// Makes the evaluator that `spec` names: `[INSTANCE=]NAME[:OPTION,...]`, for instance
// `ground_truth_match`, `ranking:nDCG@10,R@100`, `norm=ground_truth_match:normalized`. An instance
// leads the ids of its metrics as `INSTANCE/`. INVALID_ARGUMENT names what is unknown and lists
// what there is.
absl::StatusOr<std::unique_ptr<const Evaluator>> MakeEvaluator(std::string_view spec);

// The canonical specification of `spec` with the options it leaves out chosen by the columns: bare
// `ground_truth_match` matches labels, texts or both, bare `score` takes every `score.*`. Without
// columns MakeEvaluator has to guess: labels. Errors as MakeEvaluator; whether the columns fit is
// for Evaluator::Check.
absl::StatusOr<std::string> CompleteSpec(std::string_view spec, const ColumnTypes& columns);

// Makes all of them. INVALID_ARGUMENT when two compute a metric of the same id.
absl::StatusOr<std::vector<std::unique_ptr<const Evaluator>>> MakeEvaluators(
    const std::vector<std::string>& specs);

// Specifications of the evaluators that the columns allow, in a fixed order. Empty: none fits.
std::vector<std::string> DefaultEvaluators(const ColumnTypes& columns);

// A specification with every metric of the evaluator `name`, parameters and settings as an example.
// Empty for a name that is unknown.
std::string FullSpec(std::string_view name);

// Names that MakeEvaluator takes.
std::vector<std::string> EvaluatorNames();

}  // namespace assay
