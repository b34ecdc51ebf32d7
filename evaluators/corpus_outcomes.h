#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
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

  // One corpus metric: its rows, and its value as a function of their totals; or, without a
  // statistic, the area under the ROC curve of ordered rows.
  struct Resampled {
    OutcomeColumn column;
    OutcomeStatistic statistic;
    OrderedColumn ordered = {};
  };
  // For each corpus metric of the evaluator, in order; absent for one that is neither. Call once,
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
