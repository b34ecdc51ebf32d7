#include "evaluators/model/activation_health.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <numeric>
#include <optional>
#include <vector>

namespace assay {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

constexpr Activation kIdentity = {ActivationKind::kIdentity, 0};

ActivationHealth HealthOf(const std::vector<double>& results) {
  return MeasureHealth(kIdentity, results, results, 1);
}

TEST(ActivationHealthTest, HistogramCountsEveryResultInItsBin) {
  // Bins of width 1 from 0 to 64.
  const ActivationHealth health = HealthOf({0, 0.5, 1, 63, 64, 31.25, 31.75});
  ASSERT_THAT(health.histogram, SizeIs(kHistogramBins));
  EXPECT_EQ(health.histogram[0], 2);
  EXPECT_EQ(health.histogram[1], 1);
  EXPECT_EQ(health.histogram[31], 2);
  EXPECT_EQ(health.histogram[63], 2);
  EXPECT_EQ(std::accumulate(health.histogram.begin(), health.histogram.end(), std::int64_t{0}), 7);
}

TEST(ActivationHealthTest, HistogramSpansBothSigns) {
  const ActivationHealth health = HealthOf({-32, -0.5, 0, 32});
  ASSERT_THAT(health.histogram, SizeIs(kHistogramBins));
  EXPECT_EQ(health.histogram[0], 1);
  EXPECT_EQ(health.histogram[31], 1);
  EXPECT_EQ(health.histogram[32], 1);
  EXPECT_EQ(health.histogram[63], 1);
}

TEST(ActivationHealthTest, ConstantResultsHaveNoHistogram) {
  EXPECT_THAT(HealthOf({2, 2, 2}).histogram, IsEmpty());
}

TEST(ActivationHealthTest, PowersBeyondDoubleLeaveTheKurtosisAbsent) {
  EXPECT_EQ(HealthOf({0, 1e90, 3e90}).kurtosis, std::nullopt);
  EXPECT_EQ(HealthOf({2, 2, 2}).kurtosis, std::nullopt);
}

TEST(ActivationHealthTest, TheRankDoesNotDependOnTheScale) {
  const std::vector<double> results = {1, 2, 0, 5, 3, 1, -2, 4};
  std::vector<double> huge = results;
  for (double& value : huge) {
    value = std::ldexp(value, 600);
  }
  const ActivationHealth health = MeasureHealth(kIdentity, results, results, 2);
  const ActivationHealth scaled = MeasureHealth(kIdentity, huge, huge, 2);
  ASSERT_TRUE(health.effective_rank.has_value());
  EXPECT_GT(*health.effective_rank, 1);
  EXPECT_EQ(scaled.effective_rank, health.effective_rank);
  EXPECT_EQ(scaled.participation_ratio, health.participation_ratio);
}

TEST(ActivationHealthTest, NothingBelowZeroTakesNoCodes) {
  EXPECT_FALSE(std::signbit(HealthOf({0, 1, 2}).negative_codes));
  EXPECT_FALSE(std::signbit(HealthOf({0, 0}).negative_codes));
  EXPECT_DOUBLE_EQ(HealthOf({-1, 1}).negative_codes, 127.5);
}

TEST(ActivationHealthTest, ResultsThatAreNotFiniteHaveNoHistogram) {
  EXPECT_THAT(HealthOf({1, std::nan(""), 2}).histogram, IsEmpty());
}

}  // namespace
}  // namespace assay
