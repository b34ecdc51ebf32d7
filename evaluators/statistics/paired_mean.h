#pragma once

#include <cstdint>

#include "evaluators/statistics/interval.h"

namespace assay {

// Differences of paired scores: how many, their mean and their sample standard deviation (n - 1).
struct MeanDifference {
  std::int64_t num_rows = 0;
  double mean = 0;
  double standard_deviation = 0;
};

// The functions below need num_rows >= 2 and standard_deviation > 0.

// Student t interval of the mean difference with `tail` beyond each end: 0.025 gives the two-sided
// 95 % interval, alpha the one-sided 1 - alpha bounds.
Interval PairedTInterval(const MeanDifference& difference, double tail);

// Two-sided p of H0: mean difference = 0, never 0.
double PairedTP(const MeanDifference& difference);

// One-sided p of H0: mean difference >= `least`; small when the data lie below it. Never 0.
double PairedTBelowP(const MeanDifference& difference, double least);

// Smallest true difference that `num_rows` rows find with 80 % power at two-sided 0.05, on the
// scale of the scores: (z_.975 + z_.8) standard_deviation / sqrt(n), about 2.802 standard errors.
double MinimumDetectableEffect(double standard_deviation, std::int64_t num_rows);

// How many rows bring an interval's end, `tail` beyond it, to `distance` > 0 from its centre. By
// the normal distribution; may be huge.
double RowsForPrecision(double standard_deviation, double distance, double tail);

}  // namespace assay
