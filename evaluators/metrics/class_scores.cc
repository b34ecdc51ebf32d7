#include "evaluators/metrics/class_scores.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace assay {

ClassScores::ClassScores(const EvaluationBatch& batch, std::size_t num_labels)
    : probabilities_(num_labels) {
  column_ = batch.output("probabilities");
  if (column_ == nullptr) {
    column_ = batch.output("logits");
    is_logits_ = true;
  }
  if (column_ != nullptr && (column_->type != ColumnType::kFloat64Vector ||
                             static_cast<std::size_t>(column_->dimension) != num_labels)) {
    column_ = nullptr;
  }
}

std::span<const double> ClassScores::Row(std::int64_t row) {
  if (!column_->IsValid(row)) {
    return {};
  }
  const std::span<const double> given =
      std::span(column_->doubles)
          .subspan(static_cast<std::size_t>(row) * probabilities_.size(), probabilities_.size());
  const bool can_be_used = is_logits_ ? ReadLogits(given) : ReadProbabilities(given);
  return can_be_used ? std::span<const double>(probabilities_) : std::span<const double>();
}

bool ClassScores::ReadProbabilities(std::span<const double> given) {
  double sum = 0;
  for (const double probability : given) {
    if (!(probability >= 0 && probability <= 1)) {
      return false;
    }
    sum += probability;
  }
  if (!(std::abs(sum - 1) <= kSumTolerance)) {
    return false;
  }
  // Not divided by their sum: that would tell equal probabilities of two rows apart.
  std::ranges::copy(given, probabilities_.begin());
  return true;
}

bool ClassScores::ReadLogits(std::span<const double> given) {
  double largest = -std::numeric_limits<double>::infinity();
  for (const double logit : given) {
    if (std::isnan(logit)) {
      return false;
    }
    largest = std::max(largest, logit);
  }
  if (!std::isfinite(largest)) {
    return false;
  }
  double sum = 0;
  for (std::size_t i = 0; i < given.size(); ++i) {
    probabilities_[i] = std::exp(given[i] - largest);
    sum += probabilities_[i];
  }
  for (double& probability : probabilities_) {
    probability /= sum;
  }
  return true;
}

std::size_t TopLabel(std::span<const double> probabilities) {
  return static_cast<std::size_t>(std::ranges::max_element(probabilities) - probabilities.begin());
}

std::size_t RankOf(std::span<const double> probabilities, std::size_t label) {
  std::size_t rank = 0;
  for (std::size_t i = 0; i < probabilities.size(); ++i) {
    const bool is_before = probabilities[i] > probabilities[label] ||
                           (probabilities[i] == probabilities[label] && i < label);
    rank += is_before ? 1 : 0;
  }
  return rank;
}

}  // namespace assay
