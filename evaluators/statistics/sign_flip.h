#pragma once

#include <cstdint>
#include <span>

#include "evaluators/statistics/philox.h"

namespace assay {

// Two-sided sign-flip permutation test of "differences lie symmetrically about 0": the share of
// sign patterns whose sum is at least as large as the observed one, up to a relative tolerance of
// about 1e-12, so that ties count although sums are rounded. R. A. Fisher (1935).
struct SignFlip {
  double p = 1;  // never 0
  // 0: exact, over all 2^n patterns. Otherwise that many random patterns, and p is (count + 1) /
  // (draws + 1): B. Phipson and G. K. Smyth, "Permutation p-values should never be zero" (2010).
  std::int64_t draws = 0;
};

// With more differences other than 0 the test draws patterns.
inline constexpr std::int64_t kMostExactSigns = 20;

// `differences` are finite; zeros are left out, as no sign changes them. The same `source` gives
// the same p on every platform.
SignFlip SignFlipTest(std::span<const double> differences, const RandomSource& source,
                      std::int64_t draws);

// Standard error of a p that was got from `draws` random patterns.
double MonteCarloError(double p, std::int64_t draws);

}  // namespace assay
