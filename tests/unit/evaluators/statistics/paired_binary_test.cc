#include "evaluators/statistics/paired_binary.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>

#include "evaluators/statistics/distributions.h"

namespace assay {
namespace {

// Probability that `test` reports p <= 0.05 when `num_rows` rows change with probability
// `changed_share` each, to better and to worse alike. By enumeration of all outcomes.
template <typename Test>
double Size(std::int64_t num_rows, double changed_share, const Test& test) {
  double size = 0;
  for (std::int64_t changed = 0; changed <= num_rows; ++changed) {
    const double k = static_cast<double>(changed);
    const double n = static_cast<double>(num_rows);
    const double probability =
        BinomialAtMost(k, n, changed_share) - BinomialAtMost(k - 1, n, changed_share);
    if (probability < 1e-12) {
      continue;
    }
    for (std::int64_t better = 0; better <= changed; ++better) {
      if (test(better, changed - better) <= 0.05) {
        size += probability * FairBinomialAt(better, changed);
      }
    }
  }
  return size;
}

TEST(McNemarTest, NothingChangedGivesOne) {
  EXPECT_EQ(McNemarExactP(0, 0), 1);
  EXPECT_EQ(McNemarMidP(0, 0), 1);
}

TEST(McNemarTest, EqualCountsGiveOne) {
  EXPECT_EQ(McNemarExactP(7, 7), 1);
  EXPECT_EQ(McNemarMidP(7, 7), 1);
}

TEST(McNemarTest, DoesNotDependOnTheDirection) {
  EXPECT_EQ(McNemarExactP(3, 11), McNemarExactP(11, 3));
  EXPECT_EQ(McNemarMidP(3, 11), McNemarMidP(11, 3));
}

TEST(McNemarTest, IsNeverZero) {
  EXPECT_EQ(McNemarExactP(0, 5'000), std::numeric_limits<double>::min());
  EXPECT_EQ(McNemarMidP(0, 5'000), std::numeric_limits<double>::min());
}

// Bentur et al. (2009) as quoted by Fagerland, Lydersen and Laake (2013).
TEST(McNemarTest, AgreesWithThePublishedAirwayExample) {
  EXPECT_NEAR(McNemarExactP(1, 7), 0.0703, 0.00005);
  EXPECT_NEAR(McNemarMidP(1, 7), 0.0391, 0.00005);
}

// Cavo et al. (2012), quoted there too.
TEST(McNemarTest, AgreesWithThePublishedTherapyExample) {
  EXPECT_NEAR(McNemarExactP(6, 16), 0.052479, 5e-7);
  EXPECT_NEAR(McNemarMidP(6, 16), 0.034690, 5e-7);
}

// The intent classifiers, where an unpaired test gives 0.544 and 0.0183.
TEST(McNemarTest, FindsWhatAnUnpairedTestMisses) {
  EXPECT_NEAR(McNemarExactP(170, 198), 0.159, 0.0005);
  EXPECT_NEAR(McNemarExactP(14, 43), 0.0002, 0.00005);
}

TEST(McNemarTest, ExactTestIsConservative) {
  EXPECT_NEAR(Size(200, 0.05, McNemarExactP), 0.022, 0.0005);
  EXPECT_NEAR(Size(1000, 0.05, McNemarExactP), 0.037, 0.0005);
}

TEST(McNemarTest, MidPComesCloserToItsLevelWithoutExceedingIt) {
  EXPECT_NEAR(Size(200, 0.05, McNemarMidP), 0.041, 0.0005);
  EXPECT_NEAR(Size(1000, 0.05, McNemarMidP), 0.049, 0.0005);
}

TEST(TangoTest, StatisticAtZeroIsMcNemarsScore) {
  EXPECT_DOUBLE_EQ(TangoStatistic({.num_rows = 200, .num_better = 3, .num_worse = 9}, 0),
                   -6 / std::sqrt(12.0));
}

TEST(TangoTest, StatisticIsZeroWhereNothingChangedAndNothingIsAsked) {
  EXPECT_EQ(TangoStatistic({.num_rows = 200}, 0), 0);
}

// Table V of Fagerland, Lydersen and Laake (2014).
TEST(TangoTest, AgreesWithThePublishedAirwayExample) {
  const Interval interval = TangoInterval({.num_rows = 21, .num_better = 1, .num_worse = 7}, 0.025);
  EXPECT_NEAR(interval.lower, -0.517, 0.0005);
  EXPECT_NEAR(interval.upper, -0.026, 0.0005);
}

TEST(TangoTest, AgreesWithThePublishedTherapyExample) {
  const Interval interval =
      TangoInterval({.num_rows = 161, .num_better = 6, .num_worse = 16}, 0.025);
  EXPECT_NEAR(interval.lower, -0.1240, 0.00005);
  EXPECT_NEAR(interval.upper, -0.0054, 0.00005);
}

// Agresti and Min (2005).
TEST(TangoTest, AgreesWithThePublishedCrossoverExample) {
  const Interval interval =
      TangoInterval({.num_rows = 86, .num_better = 16, .num_worse = 8}, 0.025);
  EXPECT_NEAR(interval.lower, -0.020, 0.0005);
  EXPECT_NEAR(interval.upper, 0.207, 0.0005);
}

// The interval of 52 against 48 flips of 10,000 is tenths of a percent, not tens of percents.
TEST(TangoTest, IsOnTheScaleOfAllRows) {
  const Interval interval =
      TangoInterval({.num_rows = 10'000, .num_better = 52, .num_worse = 48}, 0.025);
  EXPECT_NEAR(interval.lower, -0.0016, 0.00005);
  EXPECT_NEAR(interval.upper, 0.0024, 0.00005);
}

TEST(TangoTest, IntervalHasWidthWhereNothingChanged) {
  const double z = NormalQuantile(0.05);
  const Interval interval = TangoInterval({.num_rows = 50}, 0.05);
  EXPECT_DOUBLE_EQ(interval.lower, -z * z / (50 + z * z));
  EXPECT_DOUBLE_EQ(interval.upper, z * z / (50 + z * z));
}

TEST(TangoTest, IntervalEndsAtOneWhereEveryRowImproved) {
  const double z = NormalQuantile(0.05);
  const Interval interval = TangoInterval({.num_rows = 30, .num_better = 30}, 0.05);
  EXPECT_NEAR(interval.lower, (30 - z * z) / (30 + z * z), 1e-15);
  EXPECT_EQ(interval.upper, 1);
}

TEST(TangoTest, ExchangingTheSidesMirrorsTheInterval) {
  for (const double worse : {0.0, 1.0, 5.0, 12.0}) {
    const Interval interval =
        TangoInterval({.num_rows = 25, .num_better = 4, .num_worse = worse}, 0.05);
    const Interval mirrored =
        TangoInterval({.num_rows = 25, .num_better = worse, .num_worse = 4}, 0.05);
    EXPECT_EQ(interval.lower, -mirrored.upper) << worse;
    EXPECT_EQ(interval.upper, -mirrored.lower) << worse;
  }
}

// Without trust in the bisection or in monotony: every point of a fine grid.
TEST(TangoTest, IntervalIsTheSetThatTheStatisticAccepts) {
  const double z = NormalQuantile(0.025);
  for (int better = 0; better <= 12; better += 2) {
    for (int worse = 0; better + worse <= 12; worse += 3) {
      const PairedCounts counts{
          .num_rows = 12, .num_better = double(better), .num_worse = double(worse)};
      const Interval interval = TangoInterval(counts, 0.025);
      for (int step = -999; step < 1000; ++step) {
        const double delta = step / 1000.0 + 1e-5;
        const bool is_accepted = std::fabs(TangoStatistic(counts, delta)) < z;
        const bool is_inside = delta > interval.lower && delta < interval.upper;
        EXPECT_EQ(is_accepted, is_inside) << better << "/" << worse << " at " << delta;
      }
    }
  }
}

}  // namespace
}  // namespace assay
