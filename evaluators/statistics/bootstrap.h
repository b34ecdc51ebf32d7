#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "evaluators/statistics/interval.h"
#include "evaluators/statistics/philox.h"

namespace assay {

// What a statistic was in every resample of the rows, sorted.
class Replicates {
 public:
  // Drops values that are NaN: resamples in which the statistic is undefined.
  explicit Replicates(std::vector<double> values);

  std::span<const double> sorted() const { return sorted_; }
  std::int64_t num_undefined() const { return num_undefined_; }

  // Percentile interval with `tail` beyond each end: 0.025 gives the two-sided 95 % interval, alpha
  // the one-sided 1 - alpha bounds. Between replicates by linear interpolation, as scipy and numpy
  // have it. Absent without replicates. B. Efron, "Bootstrap methods: another look at the
  // jackknife" (1979).
  std::optional<Interval> PercentileInterval(double tail) const;

  // Two-sided p of H0: statistic = 0, which inverts these intervals: twice (count + 1) /
  // (replicates + 1) of the smaller side, never 0.
  double TwoSidedP() const;

 private:
  double Quantile(double share) const;

  std::vector<double> sorted_;
  std::int64_t num_undefined_ = 0;
};

// How rows are drawn with replacement.
enum class Resampling : std::uint8_t {
  kIndices = 1,      // fewer than kFewestPoissonRows rows: row by row
  kMultinomial = 2,  // at most kMostKinds distinct values: exact counts of each
  kPoisson = 3,      // a Poisson(1) weight a row, and the sum divided by the sum of weights
};
inline constexpr std::size_t kFewestPoissonRows = 100;
inline constexpr std::size_t kMostKinds = 64;

struct MeanResamples {
  Replicates replicates;
  Resampling resampling = Resampling::kIndices;
};

// Resamples the mean of `values`, which are finite and at least one, `draws` times. By kPoisson
// every value is rounded to 2^-30 of the largest distance from the mean. The same result for every
// platform, processor and number of threads.
MeanResamples BootstrapMean(std::span<const double> values, const RandomSource& source,
                            std::int64_t draws);

}  // namespace assay
