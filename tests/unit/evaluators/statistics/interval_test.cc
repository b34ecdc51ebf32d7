#include "evaluators/statistics/interval.h"

#include <gtest/gtest.h>

#include <limits>

#include "evaluators/statistics/distributions.h"

namespace assay {
namespace {

TEST(MeanIntervalTest, IsAbsentForFewerThanTwoValues) {
  EXPECT_FALSE(MeanInterval(0, 0, 0).has_value());
  EXPECT_FALSE(MeanInterval(1, 0.5, 0.25).has_value());
}

TEST(MeanIntervalTest, IsAbsentWhenValuesDoNotVary) {
  EXPECT_FALSE(MeanInterval(1000, 1000 * 0.1, 1000 * 0.1 * 0.1).has_value());
  EXPECT_FALSE(MeanInterval(20, 0, 0).has_value());
}

TEST(MeanIntervalTest, IsAbsentWhenASumIsInfinite) {
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_FALSE(MeanInterval(10, infinity, infinity).has_value());
}

TEST(MeanIntervalTest, WidensWithTheConfidence) {
  const Interval narrow = *MeanInterval(10, 5, 4, 0.90);
  const Interval wide = *MeanInterval(10, 5, 4, 0.99);
  EXPECT_LT(wide.lower, narrow.lower);
  EXPECT_GT(wide.upper, narrow.upper);
}

TEST(WilsonIntervalTest, IsAbsentWithoutValues) { EXPECT_FALSE(WilsonInterval(0, 0).has_value()); }

TEST(WilsonIntervalTest, TouchesTheEndsOnlyForNoneOrAll) {
  EXPECT_EQ(WilsonInterval(0, 8)->lower, 0);
  EXPECT_LT(WilsonInterval(0, 8)->upper, 0.33);
  EXPECT_EQ(WilsonInterval(8, 8)->upper, 1);
  EXPECT_GT(WilsonInterval(1, 8)->lower, 0);
}

TEST(ClopperPearsonTest, NoneOfTenMayStillBeAQuarter) {
  EXPECT_NEAR(ClopperPearsonUpper(0, 10, 0.05), 0.2589, 0.00005);
}

TEST(ClopperPearsonTest, BoundsLeaveExactlyAlphaInTheTail) {
  for (std::int64_t k = 1; k < 25; ++k) {
    const double count = static_cast<double>(k);
    EXPECT_NEAR(BinomialAtMost(count, 25, ClopperPearsonUpper(k, 25, 0.05)), 0.05, 1e-13) << k;
    EXPECT_NEAR(BinomialAtLeast(count, 25, ClopperPearsonLower(k, 25, 0.05)), 0.05, 1e-13) << k;
  }
}

// Enumerates all outcomes of 20 rows.
TEST(ClopperPearsonTest, UpperBoundHoldsAtLeastAsOftenAsItClaims) {
  for (double share = 0.005; share < 1; share += 0.005) {
    double held = 0;
    for (std::int64_t k = 0; k <= 20; ++k) {
      if (ClopperPearsonUpper(k, 20, 0.05) >= share) {
        held += BinomialAtMost(static_cast<double>(k), 20, share) -
                BinomialAtMost(static_cast<double>(k - 1), 20, share);
      }
    }
    EXPECT_GE(held, 0.95 - 1e-12) << share;
  }
}

}  // namespace
}  // namespace assay
