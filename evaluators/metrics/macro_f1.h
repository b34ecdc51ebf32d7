#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "evaluators/evaluator.h"
#include "evaluators/metrics/label_numbers.h"

namespace assay {

// Counts for macro F1: the mean of F1 = 2 hits / (gold + predicted) over the labels that occur as
// gold label. A predicted label that never is a gold label counts as a miss of the row's gold label
// and adds no class. Counts are integers, so any split gives the same bits. Absent without rows.
class MacroF1State : public CorpusState {
 public:
  // Rows without gold or predicted label do not count.
  void Add(const EvaluationBatch& batch, std::span<const std::int64_t> rows) override;
  void Merge(const CorpusState& later) override;
  std::vector<std::optional<double>> Values() const override;

 private:
  struct Counts {
    std::int64_t gold = 0;
    std::int64_t predicted = 0;
    std::int64_t hits = 0;
  };
  LabelNumbers labels_;
  std::vector<Counts> counts_;  // by label number
};

}  // namespace assay
