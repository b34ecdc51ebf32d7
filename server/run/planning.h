#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluators/compare/self_test.h"
#include "evaluators/evaluator.h"
#include "server/store/store.h"

namespace assay::run {

// What a plan assumes.
struct PowerOptions {
  double alpha = 0.05;       // one-sided, in (0, 0.5)
  double power = 0.8;        // in (0, 1)
  double flip_share = 0.1;   // of right-or-wrong answers that change, in (0, 1]
  double correlation = 0.8;  // of scores before and after, in [0, 1)
};

// The smallest drop that a gate sees in one cell.
struct PowerCell {
  std::string metric;
  std::string cohort;  // "COLUMN=VALUE"; empty: all
  std::int64_t num_rows = 0;
  double standard_deviation = 0;  // of a row's change
  std::optional<double> drop;
  std::optional<std::int64_t> rows_for_one_point;
};

// Cells of a right-or-wrong metric on a dataset version, or of every metric with row scores and a
// direction of a succeeded run on it. By metric: all rows first, then cohorts from the weakest.
absl::StatusOr<std::vector<PowerCell>> EstimatePower(store::Store& store, store::Id project,
                                                     const store::DatasetVersionRecord& dataset,
                                                     const std::optional<store::RunRecord>& run,
                                                     const PowerOptions& options,
                                                     const ParallelFor& parallel_for);

// How many times as large a drop must be where all rows of a group change together instead of each
// for itself, as EstimatePower assumes; 1 without groups.
absl::StatusOr<double> GroupFactor(store::Store& store, store::Id project,
                                   const store::DatasetVersionRecord& dataset);

// A self test and the metric it was made by.
struct MetricSelfTest {
  std::string metric;
  SelfTest result;
};
// Makes A/A pairs of two succeeded runs on equal datasets. An empty metric is the first with row
// scores and a direction that both have. INVALID_ARGUMENT and FAILED_PRECONDITION say what is
// wrong.
absl::StatusOr<MetricSelfTest> SelfTestRuns(store::Store& store, store::Id project,
                                            const store::RunRecord& baseline,
                                            const store::RunRecord& candidate,
                                            const std::string& metric, std::int64_t num_pairs,
                                            double alpha, const ParallelFor& parallel_for);

}  // namespace assay::run
