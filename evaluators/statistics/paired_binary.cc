#include "evaluators/statistics/paired_binary.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "evaluators/statistics/distributions.h"

namespace assay {
namespace {

// Variance of one row's difference under H0, num_rows times that of the estimate: the share better
// is `delta` above the share worse, and the share worse is the restricted maximum likelihood
// estimate q, the larger root of A q^2 + B q + C. For delta >= 0 no term cancels.
double RestrictedVariance(const PairedCounts& counts, double delta) {
  assert(delta >= 0 && delta <= 1);
  const double n = counts.num_rows;
  const double a = 2 * n;
  const double b =
      (2 * n - counts.num_better + counts.num_worse) * delta - counts.num_better - counts.num_worse;
  const double minus_c = counts.num_worse * delta * (1 - delta);
  const double root = std::sqrt(b * b + 4 * a * minus_c);
  const double worse = b <= 0 ? (root - b) / (2 * a) : 2 * minus_c / (root + b);
  return 2 * worse + delta * (1 - delta);
}

// The largest difference below the estimate that the statistic puts at or above `z`.
double LowerBound(const PairedCounts& counts, double z) {
  double low = -1;
  double high = (counts.num_better - counts.num_worse) / counts.num_rows;
  for (;;) {
    const double middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) {
      return low;
    }
    (TangoStatistic(counts, middle) >= z ? low : high) = middle;
  }
}

PairedCounts Reversed(const PairedCounts& counts) {
  return {counts.num_rows, counts.num_worse, counts.num_better};
}

}  // namespace

double McNemarExactP(std::int64_t num_better, std::int64_t num_worse) {
  if (num_better == num_worse) {
    return 1;
  }
  const double n = static_cast<double>(num_better + num_worse);
  const double fewer = static_cast<double>(std::min(num_better, num_worse));
  return ReportedP(2 * BinomialAtMost(fewer, n, 0.5));
}

double McNemarMidP(std::int64_t num_better, std::int64_t num_worse) {
  if (num_better == num_worse) {
    return 1;
  }
  const std::int64_t fewer = std::min(num_better, num_worse);
  const std::int64_t n = num_better + num_worse;
  const double at_most = BinomialAtMost(static_cast<double>(fewer), static_cast<double>(n), 0.5);
  return ReportedP(2 * at_most - FairBinomialAt(fewer, n));
}

double TangoStatistic(const PairedCounts& counts, double delta) {
  assert(counts.num_rows > 0 && delta >= -1 && delta <= 1);
  const double n = counts.num_rows;
  const double distance = counts.num_better - counts.num_worse - n * delta;
  const double variance =
      delta >= 0 ? RestrictedVariance(counts, delta) : RestrictedVariance(Reversed(counts), -delta);
  return distance == 0 ? 0 : distance / std::sqrt(n * variance);
}

Interval TangoInterval(const PairedCounts& counts, double tail) {
  assert(tail > 0 && tail < 0.5);
  const double z = NormalQuantile(tail);
  return {LowerBound(counts, z), -LowerBound(Reversed(counts), z)};
}

}  // namespace assay
