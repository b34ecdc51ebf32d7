#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "evaluators/statistics/bootstrap.h"
#include "evaluators/statistics/philox.h"

namespace assay {

// One side of a metric that is no mean, reduced to what it depends on: every row has an outcome
// (such as gold and predicted label, or a bin of confidence and whether the answer is right) and,
// for some metrics, a value (such as the confidence). The metric is a function of how many rows
// have each outcome and of the sum of their values.
struct OutcomeColumn {
  std::int32_t num_outcomes = 0;
  std::span<const std::int32_t> outcome;  // by row, below num_outcomes; -1: no part on this side
  std::span<const double> value;          // by row; empty: outcomes say all
};

// Rows and summed values by outcome; in a resample, rows count by their weights.
struct OutcomeTotals {
  std::vector<double> weight;
  std::vector<double> value;  // empty without values
};
// Absent: undefined. Must give the same for totals that are all multiplied by one factor. Called
// from several threads at once.
using OutcomeStatistic = std::function<std::optional<double>(const OutcomeTotals&)>;

struct PairedOutcomes {
  OutcomeColumn baseline;
  OutcomeColumn candidate;
  OutcomeStatistic baseline_statistic;
  OutcomeStatistic candidate_statistic;
  double factor = 1;  // of the baseline's statistic, in the differences alone
};

// What the resamples say about candidate minus factor times baseline.
struct PairedBootstrap {
  std::int64_t num_rows = 0;  // that count on either side
  std::optional<double> baseline;
  std::optional<double> candidate;
  // Every row has the same outcome and value on both sides, and outcomes mean the same: candidate
  // and baseline are equal in every resample, whatever the factor.
  bool is_identical = false;
  std::int64_t num_clusters = 0;  // 0: rows are independent
  Resampling resampling = Resampling::kIndices;
  Replicates differences{{}};
};

// Resamples `rows` (or their clusters; `cluster_of` as in TestOptions), both sides with the same
// weights, `draws` times. Rows with the same pair of outcomes are drawn together: their number is
// one Poisson count, and of their values the mean is kept and the rest drawn from the normal
// distribution with their covariance; pairs of outcomes with few rows keep every value. Fewer than
// kFewestPoissonRows rows or clusters are drawn by index. The same bits on every platform.
PairedBootstrap BootstrapPairs(const PairedOutcomes& outcomes, std::span<const std::uint32_t> rows,
                               std::span<const std::int32_t> cluster_of, const RandomSource& source,
                               std::int64_t draws);

}  // namespace assay
