#include "evaluators/compare/comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/unit/evaluators/compare/paired_data.h"

namespace assay {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;
using testing::Eq;
using testing::Optional;

Cell Overall(const PairedData& data) { return CompareScores(data.Scores(), {}, Serial).overall; }

std::vector<std::string> CohortNames(const MetricComparison& comparison) {
  std::vector<std::string> names;
  for (const Cell& cell : comparison.cohorts) {
    names.push_back(cell.cohort);
  }
  return names;
}

TEST(CompareScoresTest, BinaryMetricHasTangoIntervalAndMidP) {
  const Cell cell = Overall(Answers(5'500, 170, 198));
  EXPECT_EQ(cell.method, "Tango score, McNemar mid-p");
  EXPECT_THAT(cell.delta, Optional(DoubleNear(-0.0051, 0.00005)));
  EXPECT_THAT(cell.lower, Optional(DoubleNear(-0.0120, 0.0001)));
  EXPECT_THAT(cell.upper, Optional(DoubleNear(0.0017, 0.0001)));
  EXPECT_THAT(cell.p, Optional(DoubleNear(0.145, 0.001)));
  EXPECT_EQ(cell.num_better, 170);
  EXPECT_EQ(cell.num_worse, 198);
}

TEST(CompareScoresTest, FewChangedAnswersAreTestedExactly) {
  const Cell cell = Overall(Answers(100, 1, 7));
  EXPECT_EQ(cell.method, "Tango score, exact McNemar");
  EXPECT_THAT(cell.p, Optional(DoubleNear(0.0703, 0.00005)));
}

TEST(CompareScoresTest, UnchangedAnswersKeepAnIntervalWithWidth) {
  const Cell cell = Overall(Answers(10, 0, 0));
  EXPECT_THAT(cell.p, Optional(1.0));
  EXPECT_LT(*cell.lower, -0.2);
  EXPECT_GT(*cell.upper, 0.2);
  EXPECT_EQ(cell.minimum_detectable_effect, std::nullopt);
}

// 52 against 48 flips of 10,000: what can be seen is tenths of a percent.
TEST(CompareScoresTest, DetectableEffectIsOnTheScaleOfAllRows) {
  const Cell cell = Overall(Answers(10'000, 52, 48));
  EXPECT_THAT(cell.minimum_detectable_effect, Optional(DoubleNear(0.0028, 0.00001)));
  EXPECT_THAT(cell.effect_size, Optional(DoubleNear(0.0004 / 0.1, 1e-6)));
}

// Differences 1, 2, 3, 4: t = 2.5 / (1.29 / 2).
TEST(CompareScoresTest, MeanMetricHasPairedT) {
  PairedData data("score", MetricKind::kMean);
  data.Add(1, 0, 1).Add(1, 0, 2).Add(1, 0, 3).Add(1, 0, 4);
  const Cell cell = Overall(data);
  EXPECT_EQ(cell.method, "paired t");
  EXPECT_THAT(cell.lower, Optional(DoubleNear(0.4457397432391206, 1e-12)));
  EXPECT_THAT(cell.upper, Optional(DoubleNear(4.554260256760879, 1e-12)));
  EXPECT_THAT(cell.p, Optional(DoubleNear(0.03046629166217095, 1e-12)));
  EXPECT_THAT(cell.effect_size, Optional(DoubleNear(2.5 / std::sqrt(5.0 / 3), 1e-14)));
}

TEST(CompareScoresTest, IdenticalScoresAreSaidToBe) {
  PairedData data("score", MetricKind::kMean);
  data.Add(20, 0.3, 0.3).Add(10, 0.7, 0.7);
  const Cell cell = Overall(data);
  EXPECT_EQ(cell.method, "identical scores");
  EXPECT_THAT(cell.p, Optional(1.0));
  EXPECT_THAT(cell.lower, Optional(0.0));
  EXPECT_THAT(cell.upper, Optional(0.0));
}

TEST(CompareScoresTest, EqualDifferencesAreNotCertainty) {
  PairedData data("score", MetricKind::kMean);
  data.Add(5, 0.3, 0.4);
  const Cell cell = Overall(data);
  EXPECT_EQ(cell.method, "sign flip, all differences equal");
  EXPECT_THAT(cell.p, Optional(2.0 / 32));
  EXPECT_EQ(cell.lower, std::nullopt);
  EXPECT_EQ(cell.upper, std::nullopt);
}

TEST(CompareScoresTest, PIsNeverZero) {
  PairedData data("score", MetricKind::kMean);
  data.Add(5'000, 0.25, 0.5);
  EXPECT_THAT(Overall(data).p, Optional(std::numeric_limits<double>::min()));
}

TEST(CompareScoresTest, OneRowProvesNothing) {
  PairedData data("score", MetricKind::kMean);
  data.Add(1, 0.25, 0.5);
  const Cell cell = Overall(data);
  EXPECT_THAT(cell.delta, Optional(0.25));
  EXPECT_THAT(cell.p, Optional(1.0));
  EXPECT_EQ(cell.lower, std::nullopt);
}

TEST(CompareScoresTest, NoPairedRowLeavesEverythingAbsent) {
  PairedData data("score", MetricKind::kMean);
  data.Add(1, 0.25, 0.5).DropLastCandidate();
  const Cell cell = Overall(data);
  EXPECT_EQ(cell.num_rows, 0);
  EXPECT_EQ(cell.baseline, std::nullopt);
  EXPECT_EQ(cell.delta, std::nullopt);
  EXPECT_EQ(cell.p, std::nullopt);
}

TEST(CompareScoresTest, InfiniteScoreLeavesNoIntervalAndNoNan) {
  PairedData data("log_loss", MetricKind::kMean, Direction::kLower);
  data.Add(40, 1, 2).Add(1, 1, std::numeric_limits<double>::infinity());
  const Cell cell = Overall(data);
  EXPECT_EQ(cell.delta, std::nullopt);
  EXPECT_EQ(cell.lower, std::nullopt);
  EXPECT_EQ(cell.p, std::nullopt);
  EXPECT_EQ(cell.num_worse, 41);
}

TEST(CompareScoresTest, LowerIsBetterExchangesWorseAndBetter) {
  PairedData data("latency_us", MetricKind::kMean, Direction::kLower);
  data.Add(3, 10, 12).Add(1, 10, 9);
  const Cell cell = Overall(data);
  EXPECT_EQ(cell.num_worse, 3);
  EXPECT_EQ(cell.num_better, 1);
  EXPECT_THAT(cell.delta, Optional(1.25));
}

TEST(CompareScoresTest, WithoutDirectionNothingIsWorse) {
  PairedData data("length", MetricKind::kMean, Direction::kNone);
  data.Add(3, 10, 12);
  const Cell cell = Overall(data);
  EXPECT_EQ(cell.num_worse, 0);
  EXPECT_EQ(cell.num_better, 0);
}

TEST(CompareScoresTest, CohortsComeWorstFirst) {
  PairedData data("accuracy", MetricKind::kBinaryMean);
  data.Add(10, 1, 1).Add(10, 1, 0).Add(10, 0, 1);
  CohortColumn cohort{
      .name = "part", .values = {"same", "broken", "fixed", "empty"}, .value_of = {}};
  for (int row = 0; row < 30; ++row) {
    cohort.value_of.push_back(row / 10);
  }
  EXPECT_THAT(CohortNames(CompareScores(data.Scores(), {&cohort, 1}, Serial)),
              ElementsAre("part=broken", "part=same", "part=fixed", "part=empty"));
}

TEST(CompareScoresTest, CohortsOfALowerIsBetterMetricComeWorstFirst) {
  PairedData data("loss", MetricKind::kMean, Direction::kLower);
  data.Add(1, 1, 0).Add(1, 1, 0.5).Add(1, 1, 2).Add(1, 1, 3);
  const CohortColumn cohort{
      .name = "part", .values = {"fixed", "broken"}, .value_of = {0, 0, 1, 1}};
  EXPECT_THAT(CohortNames(CompareScores(data.Scores(), {&cohort, 1}, Serial)),
              ElementsAre("part=broken", "part=fixed"));
}

TEST(CompareScoresTest, CohortsCarryQOverTheirFamilyAndTheWholeDoesNot) {
  PairedData data("accuracy", MetricKind::kBinaryMean);
  data.Add(12, 1, 0).Add(12, 1, 1);
  CohortColumn cohort{.name = "part", .values = {"broken", "same"}, .value_of = {}};
  for (int row = 0; row < 24; ++row) {
    cohort.value_of.push_back(row / 12);
  }
  const MetricComparison comparison = CompareScores(data.Scores(), {&cohort, 1}, Serial);
  EXPECT_THAT(comparison.cohorts[0].q, Optional(2 * *comparison.cohorts[0].p));
  EXPECT_THAT(comparison.cohorts[1].q, Optional(1.0));
  EXPECT_EQ(comparison.overall.q, std::nullopt);
}

// The whole looks harmless while one cohort lost and another gained.
TEST(CompareScoresTest, CohortsShowWhatTheWholeHides) {
  PairedData data("accuracy", MetricKind::kBinaryMean);
  CohortColumn cohort{.name = "part", .values = {"B", "D"}, .value_of = {}};
  data.Add(14, 0, 1).Add(43, 1, 0).Add(943, 1, 1);
  cohort.value_of.assign(1'000, 0);
  data.Add(25, 0, 1).Add(5, 1, 0).Add(420, 1, 1);
  cohort.value_of.resize(1'450, 1);
  const MetricComparison comparison = CompareScores(data.Scores(), {&cohort, 1}, Serial);
  EXPECT_GT(*comparison.overall.p, 0.3);
  EXPECT_EQ(comparison.cohorts[0].cohort, "part=B");
  EXPECT_LT(*comparison.cohorts[0].q, 0.001);
  EXPECT_LT(*comparison.cohorts[1].q, 0.001);
}

TEST(CorpusCellTest, HasADifferenceButNoInterval) {
  const Cell cell = CorpusCell("part=a", 20, 0.5, 0.75);
  EXPECT_EQ(cell.cohort, "part=a");
  EXPECT_THAT(cell.delta, Optional(0.25));
  EXPECT_EQ(cell.lower, std::nullopt);
  EXPECT_EQ(cell.p, std::nullopt);
}

TEST(CorpusCellTest, LacksTheDifferenceWhenASideIsUndefined) {
  EXPECT_EQ(CorpusCell("", 20, std::nullopt, 0.75).delta, std::nullopt);
}

}  // namespace
}  // namespace assay
