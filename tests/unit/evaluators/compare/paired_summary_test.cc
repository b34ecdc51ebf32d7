#include "evaluators/compare/paired_summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <thread>

#include "tests/unit/evaluators/compare/paired_data.h"

namespace assay {
namespace {

PairedSummary Overall(const PairedData& data) {
  return SummarizePairs(data.Scores(), {}, Serial)[0];
}

TEST(PairedSummaryTest, CountsOnlyRowsDefinedOnBothSides) {
  PairedData data("score", MetricKind::kMean);
  data.Add(2, 0.25, 0.75).Add(1, 1, 1).DropLastBaseline().Add(1, 1, 1).DropLastCandidate();
  const PairedSummary summary = Overall(data);
  EXPECT_EQ(summary.num_rows, 2);
  EXPECT_EQ(summary.baseline, 0.25);
  EXPECT_EQ(summary.candidate, 0.75);
}

TEST(PairedSummaryTest, CountsAnswersThatChanged) {
  const PairedSummary summary = Overall(Answers(100, 7, 4));
  EXPECT_EQ(summary.num_rows, 100);
  EXPECT_EQ(summary.num_higher, 7);
  EXPECT_EQ(summary.num_lower, 4);
  EXPECT_DOUBLE_EQ(summary.baseline, 0.93);
  EXPECT_DOUBLE_EQ(summary.candidate, 0.96);
  EXPECT_DOUBLE_EQ(summary.delta, 0.03);
  EXPECT_DOUBLE_EQ(summary.standard_deviation, std::sqrt(0.11 - 0.03 * 0.03));
}

TEST(PairedSummaryTest, AnswersThatAllChangedAlikeDoNotVary) {
  EXPECT_TRUE(Overall(Answers(12, 12, 0)).is_constant);
  EXPECT_TRUE(Overall(Answers(12, 0, 12)).is_constant);
  EXPECT_FALSE(Overall(Answers(12, 11, 0)).is_constant);
}

TEST(PairedSummaryTest, NoRowsGiveAnEmptySummary) {
  const PairedSummary summary = Overall(PairedData("score", MetricKind::kMean));
  EXPECT_EQ(summary.num_rows, 0);
  EXPECT_TRUE(summary.is_constant);
}

TEST(PairedSummaryTest, SplitsRowsByCohortValue) {
  PairedData data("score", MetricKind::kMean);
  data.Add(1, 0, 1).Add(1, 0, 2).Add(1, 0, 4).Add(1, 0, 8);
  const std::vector<CohortColumn> cohorts = {
      {.name = "language", .values = {"de", "en"}, .value_of = {1, 0, -1, 1}},
      {.name = "size", .values = {"s", "m", "l"}, .value_of = {2, 2, 2, 0}}};
  const std::vector<PairedSummary> summaries = SummarizePairs(data.Scores(), cohorts, Serial);
  std::vector<std::pair<std::int64_t, double>> found;
  for (const PairedSummary& summary : summaries) {
    found.emplace_back(summary.num_rows, summary.delta);
  }
  EXPECT_THAT(found, testing::ElementsAre(testing::Pair(4, 3.75), testing::Pair(1, 2.0),
                                          testing::Pair(2, 4.5), testing::Pair(1, 8.0),
                                          testing::Pair(0, 0.0), testing::Pair(3, 7.0 / 3)));
}

TEST(PairedSummaryTest, DifferencesThatVaryByRoundingAloneAreConstant) {
  PairedData data("score", MetricKind::kMean);
  for (int row = 0; row < 50; ++row) {
    const double score = 0.013 * row;
    data.Add(1, score, score + 0.1);
  }
  const PairedSummary summary = Overall(data);
  EXPECT_TRUE(summary.is_constant);
  EXPECT_EQ(summary.standard_deviation, 0);
}

TEST(PairedSummaryTest, SmallDifferencesOfLargeScoresStillVary) {
  PairedData data("latency_us", MetricKind::kMean);
  for (int row = 0; row < 50; ++row) {
    data.Add(1, 1e6, 1e6 + (row % 2 == 0 ? 1e-6 : -1e-6));
  }
  EXPECT_FALSE(Overall(data).is_constant);
}

TEST(PairedSummaryTest, AnInfiniteScoreLeavesNoFiniteDifference) {
  PairedData data("log_loss", MetricKind::kMean);
  data.Add(40, 1, 1).Add(1, 1, std::numeric_limits<double>::infinity());
  EXPECT_FALSE(std::isfinite(Overall(data).delta));
}

// A million scores near a million whose differences lie near half a million with a spread of one:
// sums of squares would lose every digit.
TEST(PairedSummaryTest, AMillionLargeScoresKeepTheirDigits) {
  PairedData data("latency_us", MetricKind::kMean);
  std::mt19937_64 random(7);
  std::vector<double> differences;
  long double baseline_sum = 0;
  long double difference_sum = 0;
  for (int row = 0; row < 1'000'000; ++row) {
    const double baseline = 1e6 + static_cast<double>(random() >> 44) / 1e3;
    const double candidate =
        baseline + 5e5 + static_cast<double>(random() >> 11) * 0x1p-53 * 3.4641016151377544;
    data.Add(1, baseline, candidate);
    differences.push_back(candidate - baseline);
    baseline_sum += baseline;
    difference_sum += candidate - baseline;
  }
  const long double mean = difference_sum / 1e6L;
  long double squares = 0;
  for (const double difference : differences) {
    squares += (difference - mean) * (difference - mean);
  }
  const PairedSummary summary = Overall(data);
  EXPECT_NEAR(summary.baseline / static_cast<double>(baseline_sum / 1e6L), 1, 1e-13);
  EXPECT_NEAR(summary.delta / static_cast<double>(mean), 1, 1e-15);
  EXPECT_NEAR(summary.standard_deviation / static_cast<double>(std::sqrt(squares / 999'999.0L)), 1,
              1e-13);
}

// The same bits whatever the order and the number of threads.
TEST(PairedSummaryTest, DoesNotDependOnHowTheWorkIsSplit) {
  PairedData data("score", MetricKind::kMean);
  CohortColumn cohort{.name = "part", .values = {"a", "b", "c"}, .value_of = {}};
  std::mt19937_64 random(11);
  for (int row = 0; row < 100'000; ++row) {
    data.Add(1, static_cast<double>(random() >> 11) * 0x1p-53,
             static_cast<double>(random() >> 11) * 0x1p-53);
    cohort.value_of.push_back(static_cast<std::int32_t>(random() % 4) - 1);
  }
  const ParallelFor backwards = [](std::int64_t n, const std::function<void(std::int64_t)>& body) {
    for (std::int64_t i = n; i-- > 0;) {
      body(i);
    }
  };
  const ParallelFor threads = [](std::int64_t n, const std::function<void(std::int64_t)>& body) {
    std::vector<std::jthread> running;
    for (std::int64_t i = 0; i < n; ++i) {
      running.emplace_back([&body, i] { body(i); });
    }
  };
  const std::span<const CohortColumn> cohorts(&cohort, 1);
  const std::vector<PairedSummary> serial = SummarizePairs(data.Scores(), cohorts, Serial);
  for (const ParallelFor& parallel_for : {backwards, threads}) {
    const std::vector<PairedSummary> other = SummarizePairs(data.Scores(), cohorts, parallel_for);
    ASSERT_EQ(other.size(), serial.size());
    for (std::size_t cell = 0; cell < serial.size(); ++cell) {
      EXPECT_EQ(other[cell].num_rows, serial[cell].num_rows);
      EXPECT_EQ(std::memcmp(&other[cell].delta, &serial[cell].delta, sizeof(double)), 0);
      EXPECT_EQ(std::memcmp(&other[cell].standard_deviation, &serial[cell].standard_deviation,
                            sizeof(double)),
                0);
    }
  }
}

}  // namespace
}  // namespace assay
