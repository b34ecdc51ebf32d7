#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "evaluators/evaluator.h"
#include "evaluators/statistics/ordered_bootstrap.h"
#include "evaluators/statistics/paired_bootstrap.h"

namespace assay {

// Rows reduced to what corpus metrics depend on, so that rows can be resampled without being read
// again. Owned by one thread.
class CorpusOutcomes {
 public:
  virtual ~CorpusOutcomes() = default;
  // Adds rows `rows` of `batch`; row rows[i] counts as row places[i] of the run.
  virtual void Add(const EvaluationBatch& batch, std::span<const std::int64_t> rows,
                   std::span<const std::int64_t> places) = 0;

  // A metric that is a function of totals over its rows.
  struct Outcomes {
    OutcomeColumn column;
    OutcomeStatistic statistic;
  };
  // The mean area under the ROC curves of classes: a column a class, as in BootstrapAreas.
  struct Areas {
    std::vector<OrderedColumn> classes;
  };
  // The calibration error over bins of equal numbers of rows, as in BootstrapCalibration.
  struct Confidences {
    OrderedColumn column;
    int num_bins = 0;
  };
  // One corpus metric. Which of them follows from the metric's definition.
  using Resampled = std::variant<Outcomes, Areas, Confidences>;
  // For each corpus metric of the evaluator, in order; absent for one that is none. Call once,
  // after the last Add; refers to this object.
  virtual std::vector<std::optional<Resampled>> Finish() = 0;
};

// An evaluator whose corpus metrics can be resampled, all or some.
class OutcomeSource {
 public:
  virtual ~OutcomeSource() = default;
  // Fresh outcomes for a run of `num_rows` rows; nullptr when no metric can be resampled.
  virtual std::unique_ptr<CorpusOutcomes> NewOutcomes(std::int64_t num_rows) const = 0;
};

}  // namespace assay
