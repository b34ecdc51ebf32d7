#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "evaluators/compare/comparison.h"

namespace assay {

// Owns what a PairedScores refers to.
class PairedData {
 public:
  PairedData(std::string metric, MetricKind kind, Direction direction = Direction::kHigher) {
    metric_.id = std::move(metric);
    metric_.kind = kind;
    metric_.direction = direction;
  }

  MetricDescriptor& metric() { return metric_; }

  // Adds `num_rows` rows alike.
  PairedData& Add(std::int64_t num_rows, double baseline, double candidate) {
    const auto n = static_cast<std::size_t>(num_rows);
    baseline_.insert(baseline_.end(), n, baseline);
    candidate_.insert(candidate_.end(), n, candidate);
    baseline_defined_.insert(baseline_defined_.end(), n, 1);
    candidate_defined_.insert(candidate_defined_.end(), n, 1);
    return *this;
  }

  // Marks the last row undefined on one side, with a value that must not be read.
  PairedData& DropLastBaseline() {
    baseline_defined_.back() = 0;
    baseline_.back() = 1e9;
    return *this;
  }
  PairedData& DropLastCandidate() {
    candidate_defined_.back() = 0;
    candidate_.back() = 1e9;
    return *this;
  }

  PairedScores Scores() const {
    return {.metric = metric_,
            .baseline = baseline_,
            .candidate = candidate_,
            .baseline_defined = baseline_defined_,
            .candidate_defined = candidate_defined_};
  }

 private:
  MetricDescriptor metric_;
  std::vector<double> baseline_;
  std::vector<double> candidate_;
  std::vector<std::uint8_t> baseline_defined_;
  std::vector<std::uint8_t> candidate_defined_;
};

// Right-or-wrong answers: `num_rows` in total, right on both sides unless they changed.
inline PairedData Answers(std::int64_t num_rows, std::int64_t num_better, std::int64_t num_worse) {
  PairedData data("accuracy", MetricKind::kBinaryMean);
  return data.Add(num_better, 0, 1)
      .Add(num_worse, 1, 0)
      .Add(num_rows - num_better - num_worse, 1, 1);
}

inline void Serial(std::int64_t n, const std::function<void(std::int64_t)>& body) {
  for (std::int64_t i = 0; i < n; ++i) {
    body(i);
  }
}

}  // namespace assay
