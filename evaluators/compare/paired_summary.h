#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "evaluators/compare/comparison.h"

namespace assay {

// What one pass over the rows of a cell leaves: enough for every interval and test of it. Over the
// rows with a defined score on both sides.
struct PairedSummary {
  std::int64_t num_rows = 0;
  std::int64_t num_higher = 0;  // rows where the candidate scored higher
  std::int64_t num_lower = 0;
  double baseline = 0;  // means; meaningful only with num_rows > 0
  double candidate = 0;
  double delta = 0;  // mean of candidate minus baseline; not finite when a score is not
  // Of the row differences: for kBinaryMean sqrt(changed share - delta^2), as planning uses it;
  // otherwise of the sample (n - 1). 0 with one row.
  double standard_deviation = 0;
  // Every difference is the same, up to the rounding of the scores; true with one row.
  bool is_constant = true;
  double skewness = 0;  // of the row differences; 0 for kBinaryMean and without spread
  // With clusters: how many, and the cluster-robust standard error of delta (with G / (G - 1) for G
  // clusters: Liang and Zeger 1986), 0 with one cluster. Without: 0.
  std::int64_t num_clusters = 0;
  double cluster_error = 0;
};

// Summaries of all rows, and then of every value of every cohort column in order. Sums run over
// blocks that depend on the number of rows alone and are merged in order, so the result is
// bit-identical for any `parallel_for`. Scores of kBinaryMean are 0 or 1. `cluster_of` is as in
// TestOptions.
std::vector<PairedSummary> SummarizePairs(const PairedScores& scores,
                                          std::span<const CohortColumn> cohorts,
                                          const ParallelFor& parallel_for,
                                          std::span<const std::int32_t> cluster_of = {});

// The same cell as if every cluster were one row, for intervals and gates of a mean: the error of
// delta is then cluster-robust, with G - 1 degrees of freedom for G clusters. Unchanged without
// clusters. Counts of higher and lower rows stay those of rows.
PairedSummary ByCluster(const PairedSummary& summary);

}  // namespace assay
