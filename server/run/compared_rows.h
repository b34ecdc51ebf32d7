#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "evaluators/compare/comparison.h"
#include "evaluators/evaluator.h"
#include "server/run/fairness.h"
#include "server/run/pairing.h"
#include "server/run/score_columns.h"
#include "server/store/store.h"

namespace assay::run {

// A run's score columns and which of its rows have scores, in the order of its own dataset version.
struct ComparedSide {
  ComparedRun facts;
  std::vector<store::ColumnRecord> columns;
  std::vector<RowStatus> status;
  // 1 where the example was scored: it has an output, or a metric scores it without one.
  std::vector<std::uint8_t> is_scored;
};

// What two runs are compared on.
struct ComparedRows {
  ComparedSide baseline;
  ComparedSide candidate;
  Pairing pairing;
  std::vector<CohortColumn> cohorts;     // of the candidate's rows; then pairs of them
  std::size_t num_declared_cohorts = 0;  // that are no pairs
  std::vector<std::int32_t> cluster_of;  // by the candidate's rows; empty: no `group`
};

// Loads everything but scores for the two runs whose facts are given. `cohort_pairs` as in
// AddCohortPairs. DATA_LOSS when a column is missing.
absl::StatusOr<ComparedRows> LoadComparedRows(store::Store& store, store::Id project,
                                              ComparedRun baseline, ComparedRun candidate,
                                              const std::vector<std::string>& cohort_pairs,
                                              const ParallelFor& parallel_for);

// Scores of one metric on both sides, by the candidate's rows.
struct MetricScores {
  MetricDescriptor metric;
  ScoreArray baseline;
  ScoreArray candidate;
  bool is_averaged = false;  // right-or-wrong scores, averaged over several outputs of an example

  PairedScores Paired() const;
};

// Metrics that mean the same on both sides, in the candidate's order.
std::vector<MetricDescriptor> SharedMetrics(const ComparedRun& baseline,
                                            const ComparedRun& candidate);

// Loads the scores of a shared metric with row scores into `scores`, whose memory is used again,
// and marks rows that have them although they lack an output as scored. DATA_LOSS when a column is
// missing.
absl::Status LoadMetric(store::Store& store, store::Id project, const MetricDescriptor& metric,
                        const ParallelFor& parallel_for, ComparedRows& rows, MetricScores& scores);

}  // namespace assay::run
