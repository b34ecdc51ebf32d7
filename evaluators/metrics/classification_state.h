#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "evaluators/evaluator.h"
#include "evaluators/metrics/calibration.h"
#include "evaluators/metrics/class_counts.h"
#include "evaluators/metrics/match_plan.h"

namespace assay {

// Running state of the corpus metrics of a MatchPlan: integer counts, and where a metric needs
// them the probabilities of every row (8 bytes a row for `ece_mass` and `auc`, 8 a row and label
// for `auc_ovr`). Nothing in it depends on the order of rows.
class ClassificationState : public CorpusState {
 public:
  // `instance` leads the names of tables; empty: none. `plan` outlives the state.
  ClassificationState(const MatchPlan& plan, std::string instance);

  void Add(const EvaluationBatch& batch, std::span<const std::int64_t> rows) override;
  void Merge(const CorpusState& later) override;
  std::vector<std::optional<double>> Values() const override;
  std::vector<ResultTable> Tables() const override;

 private:
  // Scores of the rows for one class, with the number of the row's label.
  struct AreaRows {
    std::size_t label = 0;
    std::vector<double> scores;
  };

  void AddLabels(const EvaluationBatch& batch, std::span<const std::int64_t> rows,
                 std::span<const std::int32_t> gold);
  void AddScores(const EvaluationBatch& batch, std::span<const std::int64_t> rows,
                 std::span<const std::int32_t> gold);
  std::optional<double> Value(const MatchMetric& metric) const;
  std::optional<double> AreaOf(const std::string& label) const;
  std::optional<double> AreaOf(const AreaRows& area) const;
  std::optional<double> MeanArea() const;

  const MatchPlan& plan_;
  const std::string instance_;
  bool counts_labels_ = false;
  bool reads_scores_ = false;
  bool keeps_confidences_ = false;  // for ece_mass
  ClassCounts counts_;
  EqualWidthBins bins_;
  std::vector<std::pair<double, bool>> confidences_;
  std::vector<AreaRows> areas_;
  std::vector<std::int32_t> area_labels_;  // of the rows in areas_
};

// Number of the declared label that the output of each row chose: its largest probability or
// logit. -1 where it has none that can be used. Empty when outputs have no such column.
std::vector<std::int32_t> ChosenLabels(const EvaluationBatch& batch,
                                       std::span<const std::int64_t> rows, std::size_t num_labels);

}  // namespace assay
