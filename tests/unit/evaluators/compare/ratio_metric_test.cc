#include "evaluators/compare/ratio_metric.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <optional>
#include <vector>

namespace assay {
namespace {

using ::testing::DoubleNear;
using ::testing::Eq;
using ::testing::Optional;

constexpr double kTolerance = 1e-12;

// Times of one metric on both sides, all defined unless said otherwise.
struct Times {
  std::vector<double> before;
  std::vector<double> after;
  std::vector<std::uint8_t> before_defined = std::vector<std::uint8_t>(before.size(), 1);
  std::vector<std::uint8_t> after_defined = std::vector<std::uint8_t>(after.size(), 1);
  std::vector<std::int32_t> cluster_of;

  MetricComparison Compare() const {
    PairedScores scores{.baseline = before,
                        .candidate = after,
                        .baseline_defined = before_defined,
                        .candidate_defined = after_defined};
    scores.metric.id = "latency_us";
    scores.metric.unit = "us";
    scores.metric.direction = Direction::kLower;
    TestOptions options;
    options.cluster_of = cluster_of;
    return CompareRatio(scores, options);
  }
};

// A resample of three rows is all of one row in 1 of 27 cases, more than the 2.5 % beyond each end
// of the interval: its ends are the smallest and the largest ratio.
TEST(CompareRatioTest, IsTheGeometricMeanOfTheRowsRatios) {
  const Times times{.before = {100, 30, 8}, .after = {50, 30, 32}};
  const MetricComparison found = times.Compare();
  EXPECT_EQ(found.metric.id, "latency_us.ratio");
  EXPECT_EQ(found.metric.unit, "");
  EXPECT_EQ(found.metric.kind, MetricKind::kCorpus);
  EXPECT_EQ(found.overall.num_rows, 3);
  EXPECT_THAT(found.overall.baseline, Optional(1.0));
  EXPECT_THAT(found.overall.candidate, Optional(DoubleNear(std::cbrt(2), kTolerance)));
  EXPECT_THAT(found.overall.delta, Optional(DoubleNear(std::cbrt(2) - 1, kTolerance)));
  EXPECT_THAT(found.overall.lower, Optional(DoubleNear(-0.5, kTolerance)));
  EXPECT_THAT(found.overall.upper, Optional(DoubleNear(3, kTolerance)));
  EXPECT_EQ(found.overall.num_draws, kDefaultDraws);
}

TEST(CompareRatioTest, LeavesOutRowsThatHaveNoRatio) {
  const Times times{.before = {10, 0, 10, 10, 10},
                    .after = {30, 5, 0, 99, 99},
                    .before_defined = {1, 1, 1, 0, 1},
                    .after_defined = {1, 1, 1, 1, 0}};
  const MetricComparison found = times.Compare();
  EXPECT_EQ(found.overall.num_rows, 1);
  EXPECT_THAT(found.overall.candidate, Optional(DoubleNear(3, kTolerance)));
}

TEST(CompareRatioTest, HasNoValueWithoutRows) {
  const MetricComparison found = Times{.before = {0}, .after = {1}}.Compare();
  EXPECT_EQ(found.overall.num_rows, 0);
  EXPECT_THAT(found.overall.candidate, Eq(std::nullopt));
  EXPECT_THAT(found.overall.lower, Eq(std::nullopt));
}

// Two clusters with means of log 2 and log 8; each alone is a quarter of all resamples.
TEST(CompareRatioTest, DrawsClustersWhole) {
  const Times times{.before = {1, 1, 1, 1}, .after = {2, 2, 2, 8}, .cluster_of = {4, 4, 4, -1}};
  const MetricComparison found = times.Compare();
  EXPECT_EQ(found.overall.num_rows, 4);
  EXPECT_EQ(found.overall.num_clusters, 2);
  EXPECT_THAT(found.overall.candidate, Optional(DoubleNear(4, kTolerance)));
  EXPECT_THAT(found.overall.lower, Optional(DoubleNear(1, kTolerance)));
  EXPECT_THAT(found.overall.upper, Optional(DoubleNear(7, kTolerance)));
}

}  // namespace
}  // namespace assay
