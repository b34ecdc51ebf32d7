#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "evaluators/evaluator.h"

namespace assay {

// Probabilities of declared labels, row by row: the output column `probabilities` as given or,
// where there is none, the softmax of `logits`. Component i is for declared label i. Refers
// to `batch`. Owned by one thread.
class ClassScores {
 public:
  ClassScores(const EvaluationBatch& batch, std::size_t num_labels);

  // False when outputs have neither column, or not a component a label.
  bool exists() const { return column_ != nullptr; }
  // Probabilities of `row`, valid until the next call. Empty when the row has none that can be
  // used: null, NaN, infinite (a logit may be -inf), outside [0, 1], or a sum that is not 1 within
  // kSumTolerance.
  std::span<const double> Row(std::int64_t row);

  static constexpr double kSumTolerance = 1e-3;

 private:
  bool ReadProbabilities(std::span<const double> given);
  bool ReadLogits(std::span<const double> given);

  const Column* column_ = nullptr;
  bool is_logits_ = false;
  std::vector<double> probabilities_;
};

// Number of the largest component; of equal ones the first.
std::size_t TopLabel(std::span<const double> probabilities);

// How many components come before `label`: those that are larger, and of equal ones those that are
// declared earlier.
std::size_t RankOf(std::span<const double> probabilities, std::size_t label);

}  // namespace assay
