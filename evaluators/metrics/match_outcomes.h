#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "evaluators/corpus_outcomes.h"
#include "evaluators/metrics/label_numbers.h"
#include "evaluators/metrics/match_plan.h"

namespace assay {

// Outcomes of the corpus metrics of a MatchPlan: the pair of labels for those that count labels,
// whether the answer is right and how confident it is for `ece` (with the bin) and `ece_mass`, and
// the probabilities of the labels whose ROC curves count for `auc` and `auc_ovr`.
class MatchOutcomes : public CorpusOutcomes {
 public:
  // `plan` outlives it.
  MatchOutcomes(const MatchPlan& plan, std::int64_t num_rows);

  void Add(const EvaluationBatch& batch, std::span<const std::int64_t> rows,
           std::span<const std::int64_t> places) override;
  std::vector<std::optional<Resampled>> Finish() override;

  // True when some metric of the plan can be resampled.
  static bool CanResample(const MatchPlan& plan);

 private:
  void AddLabels(const EvaluationBatch& batch, std::span<const std::int64_t> rows,
                 std::span<const std::int64_t> places, std::span<const std::int32_t> gold);
  void AddScores(const EvaluationBatch& batch, std::span<const std::int64_t> rows,
                 std::span<const std::int64_t> places, std::span<const std::int32_t> gold);
  // A column each label whose ROC curve the metric measures.
  std::vector<OrderedColumn> ClassesOf(const MatchMetric& metric) const;

  const MatchPlan& plan_;
  LabelNumbers labels_;
  // By row, -1 for none; in Finish the two become one outcome.
  std::vector<std::int32_t> gold_;
  std::vector<std::int32_t> predicted_;
  std::vector<std::int32_t> bins_;  // 2 bin + (right ? 1 : 0)
  std::vector<double> confidences_;
  std::vector<RowPart> hits_;  // positive: right
  // Rows by the probability of one label, for the area under its ROC curve.
  struct AreaRows {
    std::size_t label = 0;  // number among the declared labels
    std::vector<double> score;
    std::vector<RowPart> part;
  };
  std::vector<AreaRows> areas_;
};

}  // namespace assay
