#include "evaluators/compare/quantile_metric.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace assay {
namespace {

using ::testing::DoubleEq;
using ::testing::Optional;

void Serial(std::int64_t n, const std::function<void(std::int64_t)>& body) {
  for (std::int64_t i = 0; i < n; ++i) {
    body(i);
  }
}

void Backwards(std::int64_t n, const std::function<void(std::int64_t)>& body) {
  for (std::int64_t i = n; i-- > 0;) {
    body(i);
  }
}

MetricDescriptor Latency() {
  MetricDescriptor metric;
  metric.id = "latency_us";
  metric.definition_id = "assay/latency_us/1";
  metric.direction = Direction::kLower;
  metric.kind = MetricKind::kMean;
  metric.highest = INFINITY;
  metric.unit = "us";
  return metric;
}

// `num_rows` latencies on both sides; the candidate's tail is `slower` times as long.
struct Latencies {
  Latencies(std::size_t num_rows, double slower) : defined(num_rows, 1) {
    std::mt19937 random(7);
    cohort.name = "kind";
    cohort.values = {"short", "long"};
    for (std::size_t row = 0; row < num_rows; ++row) {
      const double time = 100 + static_cast<double>(random() % 1'000);
      baseline.push_back(time);
      candidate.push_back(time > 900 ? slower * time : time + static_cast<double>(random() % 3));
      cohort.value_of.push_back(static_cast<std::int32_t>(row % 2));
    }
  }
  PairedScores Scores() const {
    return {.metric = Latency(),
            .baseline = baseline,
            .candidate = candidate,
            .baseline_defined = defined,
            .candidate_defined = defined};
  }
  QuantileComparison Compare(const std::vector<Gate>& gates,
                             const ParallelFor& parallel_for = Serial) const {
    return CompareQuantile(Scores(), {.metric = "latency_us", .share = 0.95}, {&cohort, 1}, gates,
                           parallel_for, {.cluster_of = {}, .draws = 2'000});
  }

  std::vector<double> baseline;
  std::vector<double> candidate;
  std::vector<std::uint8_t> defined;
  CohortColumn cohort;
};

Gate RelativeGate(double limit, const std::string& cohort = "") {
  Gate gate;
  gate.metric = "latency_us.p95";
  gate.cohort = cohort;
  gate.kind = LimitKind::kMaxRelativeIncrease;
  gate.limit = limit;
  return gate;
}

GateResult Judge(const QuantileComparison& found, const Gate& gate) {
  Policy policy;
  policy.gates = {gate};
  const GateInputs inputs{
      .scores = {}, .cohorts = {}, .draws = found.draws, .refusals = {}, .cluster_of = {}};
  return (*JudgeGates(policy, inputs, Serial))[0];
}

TEST(QuantileNameTest, EndsWithAPercentBetween0And100) {
  EXPECT_EQ(ParseQuantileName("latency_us.p95")->metric, "latency_us");
  EXPECT_THAT(ParseQuantileName("latency_us.p95")->share, DoubleEq(0.95));
  EXPECT_THAT(ParseQuantileName("app/latency_us.p99.9")->share, DoubleEq(0.999));
  for (const char* const other :
       {"latency_us", "latency_us.p", "latency_us.p0", "latency_us.p100", "latency_us.p9x",
        "latency_us.p.5", "latency_us.p5.", ".p95", "latency_us.p1e1", "latency_us.p-5",
        "latency_us.p95.0", "latency_us.p095"}) {
    EXPECT_FALSE(ParseQuantileName(other).has_value()) << other;
  }
}

TEST(QuantileNameTest, NamesAQuantileOfAMetricWithRowScoresOnly) {
  MetricDescriptor accuracy;
  accuracy.id = "accuracy";
  accuracy.kind = MetricKind::kBinaryMean;
  const std::vector<MetricDescriptor> metrics = {Latency(), accuracy};
  const std::optional<MetricDescriptor> found = FindGateMetric(metrics, "latency_us.p95");
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->id, "latency_us.p95");
  EXPECT_EQ(found->kind, MetricKind::kCorpus);
  EXPECT_EQ(found->unit, "us");
  EXPECT_EQ(found->direction, Direction::kLower);
  EXPECT_EQ(FindGateMetric(metrics, "accuracy")->id, "accuracy");
  EXPECT_FALSE(FindGateMetric(metrics, "accuracy.p95").has_value());
  EXPECT_FALSE(FindGateMetric(metrics, "cost.p95").has_value());
}

TEST(QuantileMetricTest, IsTheSmallestValueThatTheShareDoesNotExceed) {
  const Latencies data(400, 1.5);
  std::vector<double> sorted = data.baseline;
  std::ranges::sort(sorted);
  const QuantileComparison found = data.Compare({RelativeGate(0.1)});
  EXPECT_THAT(found.comparison.overall.baseline, Optional(sorted[379]));  // the 380th of 400
  EXPECT_EQ(found.comparison.overall.num_rows, 400);
  EXPECT_LT(*found.comparison.overall.lower, *found.comparison.overall.upper);
  EXPECT_TRUE(found.comparison.cohorts.empty());
}

TEST(QuantileMetricTest, ALongerTailRegressesThoughTheMedianHardlyMoves) {
  const Latencies data(2'000, 1.5);
  const Gate gate = RelativeGate(0.1);
  const GateResult result = Judge(data.Compare({gate}), gate);
  EXPECT_EQ(result.verdict, Verdict::kRegressed);
  EXPECT_EQ(result.method, "paired percentile bootstrap");
  EXPECT_NEAR(*result.margin, 0.1 * *result.baseline, 1e-9);
  EXPECT_NEAR(*result.candidate / *result.baseline, 1.5, 0.05);
}

TEST(QuantileMetricTest, EqualTailsPass) {
  const Latencies data(2'000, 1.0);
  const Gate gate = RelativeGate(0.1);
  EXPECT_EQ(Judge(data.Compare({gate}), gate).verdict, Verdict::kPass);
}

TEST(QuantileMetricTest, ComputesTheCohortsThatGatesName) {
  const Latencies data(1'000, 1.5);
  const Gate gate = RelativeGate(0.1, "kind=long");
  const QuantileComparison found = data.Compare({gate});
  ASSERT_EQ(found.comparison.cohorts.size(), 1U);
  EXPECT_EQ(found.comparison.cohorts[0].cohort, "kind=long");
  EXPECT_EQ(found.comparison.cohorts[0].num_rows, 500);
  EXPECT_EQ(Judge(found, gate).num_rows, 500);
}

TEST(QuantileMetricTest, TheOrderOfWorkChangesNothing) {
  const Latencies data(500, 1.2);
  const std::vector<Gate> gates = {RelativeGate(0.1), RelativeGate(0.2),
                                   RelativeGate(0.1, "kind=short")};
  const QuantileComparison one = data.Compare(gates);
  const QuantileComparison other = data.Compare(gates, Backwards);
  ASSERT_EQ(one.draws.size(), 3U);
  for (std::size_t i = 0; i < one.draws.size(); ++i) {
    EXPECT_EQ(one.draws[i].differences, other.draws[i].differences);
  }
}

}  // namespace
}  // namespace assay
