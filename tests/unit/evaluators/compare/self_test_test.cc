#include "evaluators/compare/self_test.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/evaluators/compare/paired_data.h"

namespace assay {
namespace {

// Answers of two systems on 2,000 rows in ten cohorts, the second one much worse.
PairedData WorseAnswers() {
  PairedData data("accuracy", MetricKind::kBinaryMean);
  std::mt19937 random(3);
  for (int row = 0; row < 2'000; ++row) {
    const double before = random() % 10 < 8 ? 1 : 0;
    data.Add(1, before, random() % 10 < 7 ? before : 0);
  }
  return data;
}

std::vector<CohortColumn> TenCohorts(int num_rows) {
  CohortColumn column{.name = "part", .values = {}, .value_of = {}};
  for (int value = 0; value < 10; ++value) {
    column.values.push_back(std::to_string(value));
  }
  for (int row = 0; row < num_rows; ++row) {
    column.value_of.push_back(row % 10);
  }
  return {column};
}

void ExpectAtMostAlpha(const FalseAlarms& alarms) {
  EXPECT_EQ(alarms.num_pairs, 1'000);
  EXPECT_LE(alarms.interval.lower, 0.05) << alarms.num_alarms << " alarms";
  EXPECT_LT(alarms.interval.lower, alarms.rate + 1e-12);
  EXPECT_GT(alarms.interval.upper, alarms.rate);
}

// For people: --gtest_output=xml shows the counts.
void Record(const SelfTest& test) {
  testing::Test::RecordProperty("overall", static_cast<int>(test.overall.num_alarms));
  testing::Test::RecordProperty("holm", static_cast<int>(test.holm.num_alarms));
  testing::Test::RecordProperty("uncorrected", static_cast<int>(test.uncorrected.num_alarms));
}

// A thousand A/A pairs at margin 0, from sides that differ as much as they can.
TEST(SelfTestTest, AnswersRaiseNoMoreFalseAlarmsThanAlpha) {
  const PairedData data = WorseAnswers();
  const SelfTest test = *RunSelfTest(data.Scores(), TenCohorts(2'000), Serial, 1'000, 0.05);
  EXPECT_EQ(test.num_gates, 11);
  ExpectAtMostAlpha(test.overall);
  ExpectAtMostAlpha(test.holm);
  EXPECT_GT(test.overall.num_alarms, 20);  // The test is not merely blind.
  Record(test);
  // Eleven gates without correction: this is what Holm is for.
  EXPECT_GT(test.uncorrected.interval.lower, 0.2);
}

TEST(SelfTestTest, MeansRaiseNoMoreFalseAlarmsThanAlpha) {
  PairedData data("score", MetricKind::kMean);
  std::mt19937 random(4);
  std::normal_distribution<double> noise;
  for (int row = 0; row < 1'000; ++row) {
    data.Add(1, noise(random), noise(random) * std::exp(noise(random) / 2) - 0.5);
  }
  const SelfTest test = *RunSelfTest(data.Scores(), TenCohorts(1'000), Serial, 1'000, 0.05);
  ExpectAtMostAlpha(test.overall);
  ExpectAtMostAlpha(test.holm);
  EXPECT_GT(test.overall.num_alarms, 20);
  Record(test);
}

TEST(SelfTestTest, ClustersAreSwappedWhole) {
  PairedData data("score", MetricKind::kMean);
  std::vector<std::int32_t> cluster_of;
  for (int row = 0; row < 600; ++row) {
    const int cluster = row / 6;
    data.Add(1, 0.5, 0.5 + 0.1 * std::sin(cluster * 1.3));
    cluster_of.push_back(cluster);
  }
  const SelfTest clustered =
      *RunSelfTest(data.Scores(), {}, Serial, 500, 0.05, {.cluster_of = cluster_of});
  EXPECT_LE(clustered.overall.interval.lower, 0.05);
  EXPECT_GT(clustered.overall.num_alarms, 5);
}

TEST(SelfTestTest, EqualSidesRaiseNone) {
  PairedData data("score", MetricKind::kMean);
  data.Add(200, 0.5, 0.5);
  const SelfTest test = *RunSelfTest(data.Scores(), {}, Serial, 50, 0.05);
  EXPECT_EQ(test.overall.num_alarms, 0);
  EXPECT_GT(test.overall.interval.upper, 0.05);  // 50 pairs do not prove much.
}

TEST(SelfTestTest, ThreadsDoNotChangeTheCount) {
  const PairedData data = WorseAnswers();
  const ParallelFor threads = [](std::int64_t n, const std::function<void(std::int64_t)>& body) {
    std::thread second([&] {
      for (std::int64_t i = 1; i < n; i += 2) {
        body(i);
      }
    });
    for (std::int64_t i = 0; i < n; i += 2) {
      body(i);
    }
    second.join();
  };
  const SelfTest a = *RunSelfTest(data.Scores(), TenCohorts(2'000), Serial, 60, 0.05);
  const SelfTest b = *RunSelfTest(data.Scores(), TenCohorts(2'000), threads, 60, 0.05);
  EXPECT_EQ(a.uncorrected.num_alarms, b.uncorrected.num_alarms);
  EXPECT_EQ(a.holm.num_alarms, b.holm.num_alarms);
}

TEST(SelfTestTest, BadArgumentsAreNamed) {
  PairedData data("score", MetricKind::kMean);
  data.Add(10, 0.5, 0.25);
  EXPECT_FALSE(RunSelfTest(data.Scores(), {}, Serial, 10, 0.05).ok());  // too few rows
  data.Add(100, 0.5, 0.25);
  EXPECT_FALSE(RunSelfTest(data.Scores(), {}, Serial, 10, 0.5).ok());
  EXPECT_FALSE(RunSelfTest(data.Scores(), {}, Serial, 0, 0.05).ok());
}

}  // namespace
}  // namespace assay
