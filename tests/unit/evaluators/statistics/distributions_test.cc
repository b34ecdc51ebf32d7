#include "evaluators/statistics/distributions.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>

namespace assay {
namespace {

TEST(NormalTest, TailsAddUpToOne) {
  for (double z = -8; z <= 8; z += 0.37) {
    const Tails tails = NormalTails(z);
    EXPECT_DOUBLE_EQ(tails.lower + tails.upper, 1) << z;
  }
}

TEST(NormalTest, QuantileInvertsTheTail) {
  for (double p = 1e-12; p < 1; p *= 1.7) {
    EXPECT_NEAR(NormalTails(NormalQuantile(p)).upper / p, 1, 1e-13) << p;
  }
}

TEST(StudentTest, OneDegreeOfFreedomIsTheCauchyDistribution) {
  for (const double t : {-3.0, -0.5, 0.0, 0.25, 1.0, 12.0, 1e6}) {
    EXPECT_NEAR(StudentTails(t, 1).lower, 0.5 + std::atan(t) / std::numbers::pi, 1e-14) << t;
  }
}

TEST(StudentTest, ManyDegreesOfFreedomApproachTheNormalDistribution) {
  EXPECT_NEAR(StudentQuantile(0.025, 1e8), NormalQuantile(0.025), 1e-7);
}

TEST(StudentTest, QuantileInvertsTheTailOnBothSides) {
  for (const double degrees : {1.0, 2.0, 3.0, 7.0, 28.0, 400.0, 1e6}) {
    for (const double p : {1e-8, 0.001, 0.025, 0.2, 0.4999, 0.5, 0.7, 0.999}) {
      EXPECT_NEAR(StudentTails(StudentQuantile(p, degrees), degrees).upper / p, 1, 1e-12)
          << p << " with " << degrees;
    }
  }
}

TEST(StudentTest, TailOfAnInfiniteStatisticIsZero) {
  const Tails tails = StudentTails(std::numeric_limits<double>::infinity(), 12);
  EXPECT_EQ(tails.upper, 0);
  EXPECT_EQ(tails.lower, 1);
}

TEST(BinomialTest, CountsBeyondTheRangeHaveCertainTails) {
  EXPECT_EQ(BinomialAtMost(-1, 5, 0.5), 0);
  EXPECT_EQ(BinomialAtMost(5, 5, 0.5), 1);
  EXPECT_EQ(BinomialAtLeast(0, 5, 0.5), 1);
  EXPECT_EQ(BinomialAtLeast(6, 5, 0.5), 0);
}

TEST(BinomialTest, ImpossibleAndCertainEventsAreExact) {
  EXPECT_EQ(BinomialAtMost(2, 5, 0), 1);
  EXPECT_EQ(BinomialAtMost(2, 5, 1), 0);
  EXPECT_EQ(BinomialAtLeast(1, 5, 0), 0);
  EXPECT_EQ(BinomialAtLeast(1, 5, 1), 1);
}

TEST(BinomialTest, TailsAreSumsOfTheFairProbabilities) {
  for (const std::int64_t n : {1, 2, 7, 40}) {
    double sum = 0;
    for (std::int64_t k = 0; k <= n; ++k) {
      sum += FairBinomialAt(k, n);
      EXPECT_NEAR(BinomialAtMost(static_cast<double>(k), static_cast<double>(n), 0.5), sum, 1e-14)
          << k << " of " << n;
    }
    EXPECT_NEAR(sum, 1, 1e-14);
  }
}

TEST(ReportedPTest, NeverIsZeroOrAboveOne) {
  EXPECT_EQ(ReportedP(0), std::numeric_limits<double>::min());
  EXPECT_EQ(ReportedP(1.0000000001), 1);
  EXPECT_EQ(ReportedP(0.25), 0.25);
}

}  // namespace
}  // namespace assay
