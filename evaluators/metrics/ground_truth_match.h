#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluators/evaluator.h"
#include "evaluators/metrics/evaluator_spec.h"

namespace assay {

// `ground_truth_match`: answers against what is known to be right. Options are metrics and
// settings; match_descriptors.cc defines each metric.
//
//   labels         accuracy, macro_f1, micro_f1, weighted_f1, balanced_accuracy, mcc,
//                  precision|recall|f1|support[LABEL], per_class (those of every declared label)
//   texts          exact_match (also `exact`), normalized_match (`normalized`), squad_exact_match,
//                  squad_f1, contains, regex_match, numeric_match, json_match, levenshtein_ratio
//   probabilities  accuracy@k, nll, brier, brier_top1, ece, ece_mass, auc, auc_ovr, auc[LABEL]
//
//   labels=A|B|C   the classes, in the order of the components of probabilities and logits
//   positive=A     the class of auc; of two labels the second
//   steps=S+T      of normalized_match: lower, punctuation, articles, trim, whitespace
//   atol=X rtol=X  tolerances of numeric_match: absolute, and relative to the reference
//   pattern=RE     of regex_match; without it the references are the patterns
//   clip=P         least probability in nll
//   bins=N         of ece and ece_mass; edges=right|left: which edge a bin of ece holds
//
// A comma in an option is written `\,`. The predicted label is the output's `label`, or where
// outputs have none the declared label of largest probability. The answer of texts is the output
// column `text`, or `label` where outputs have no `text`. Accepted answers are the example's
// `references`, or its `label` where it has none. Without options: accuracy and macro_f1.
// INVALID_ARGUMENT for an unknown option, or one that no metric uses.
absl::StatusOr<std::unique_ptr<const Evaluator>> MakeGroundTruthMatch(const EvaluatorSpec& spec);

// Options that fit the columns; empty when the evaluator does not.
std::vector<std::string> GroundTruthMatchOptions(const ColumnTypes& columns);

}  // namespace assay
