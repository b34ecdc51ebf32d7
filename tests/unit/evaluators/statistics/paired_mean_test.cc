#include "evaluators/statistics/paired_mean.h"

#include <gtest/gtest.h>

#include <limits>

namespace assay {
namespace {

constexpr MeanDifference kDifference = {.num_rows = 40, .mean = -0.02, .standard_deviation = 0.05};

TEST(PairedTTest, IntervalExcludesZeroExactlyWhenPIsBelowItsLevel) {
  for (double mean = -0.03; mean <= 0.03; mean += 0.0007) {
    const MeanDifference difference = {.num_rows = 40, .mean = mean, .standard_deviation = 0.05};
    const Interval interval = PairedTInterval(difference, 0.025);
    EXPECT_EQ(interval.lower > 0 || interval.upper < 0, PairedTP(difference) < 0.05) << mean;
  }
}

TEST(PairedTTest, OneSidedPIsAlphaAtTheBound) {
  const Interval bounds = PairedTInterval(kDifference, 0.05);
  EXPECT_NEAR(PairedTBelowP(kDifference, bounds.upper), 0.05, 1e-14);
  EXPECT_NEAR(PairedTBelowP(kDifference, bounds.lower), 0.95, 1e-14);
}

TEST(PairedTTest, PIsNeverZero) {
  const MeanDifference huge = {.num_rows = 1'000'000, .mean = 1, .standard_deviation = 1e-6};
  EXPECT_EQ(PairedTP(huge), std::numeric_limits<double>::min());
}

// 2.486 would be the constant of a one-sided test.
TEST(MinimumDetectableEffectTest, UsesTheTwoSidedConstant) {
  EXPECT_NEAR(MinimumDetectableEffect(1, 1), 2.8016, 0.00005);
}

// 100 changed rows of 10,000: 28 tenths of a thousandth, not 28 percent.
TEST(MinimumDetectableEffectTest, IsOnTheScaleOfTheScores) {
  EXPECT_NEAR(MinimumDetectableEffect(0.1, 10'000), 0.0028, 0.00001);
}

TEST(RowsForPrecisionTest, BringTheHalfWidthToTheDistance) {
  const double rows = RowsForPrecision(0.5, 0.01, 0.05);
  EXPECT_NEAR(rows, 6764, 1);
}

}  // namespace
}  // namespace assay
