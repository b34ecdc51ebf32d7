#include "evaluators/statistics/power.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "evaluators/statistics/paired_mean.h"

namespace assay {
namespace {

// A peer labels 2.8 "one-sided 5 %, 80 % power"; that is the two-sided constant.
TEST(DetectableDropTest, IsOneSidedAndTheEffectOfACellIsTwoSided) {
  EXPECT_NEAR(DetectableDrop(1, 1), 2.486, 0.0005);
  EXPECT_NEAR(MinimumDetectableEffect(1, 1), 2.802, 0.0005);
}

// 52 + 48 flips of 10,000: over all rows, not over the flips, 0.25 points can be seen.
TEST(DetectableDropTest, IsOnTheScaleOfAllRows) {
  const AssumedSpread spread = SpreadOfDiscordant(0.01);
  EXPECT_NEAR(DetectableDrop(spread.standard_deviation, 10'000), 0.0025, 0.00005);
}

TEST(DetectableDropTest, RowsToDetectInvertsIt) {
  const double rows = RowsToDetect(0.3, 0.02);
  EXPECT_LE(DetectableDrop(0.3, static_cast<std::int64_t>(rows)), 0.02);
  EXPECT_GT(DetectableDrop(0.3, static_cast<std::int64_t>(rows) - 1), 0.02);
}

TEST(SpreadTest, CorrelatedScoresVaryLess) {
  EXPECT_DOUBLE_EQ(SpreadOfScores(0.3, 0).standard_deviation, 0.3 * std::sqrt(2.0));
  EXPECT_DOUBLE_EQ(SpreadOfScores(0.3, 0.875).standard_deviation, 0.15);
  EXPECT_EQ(SpreadOfScores(0.3, 0.5).source, SpreadSource::kScores);
}

}  // namespace
}  // namespace assay
