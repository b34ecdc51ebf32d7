// What stands beside p in a cell: permutation, clusters, notes.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <thread>
#include <vector>

#include "evaluators/compare/comparison.h"
#include "evaluators/compare/paired_summary.h"
#include "tests/unit/evaluators/compare/paired_data.h"

namespace assay {
namespace {

using testing::DoubleNear;
using testing::HasSubstr;
using testing::Optional;

PairedData Means(const std::vector<double>& differences) {
  PairedData data("score", MetricKind::kMean);
  for (const double difference : differences) {
    data.Add(1, 0.5, 0.5 + difference);
  }
  return data;
}

std::vector<double> Wave(int num_rows) {
  std::vector<double> differences;
  for (int i = 0; i < num_rows; ++i) {
    differences.push_back(0.25 * std::sin(i * 1.7) + 0.02);
  }
  return differences;
}

Cell Overall(const PairedData& data, const TestOptions& options = {}) {
  return CompareScores(data.Scores(), {}, Serial, options).overall;
}

TEST(CellEvidenceTest, PermutationStandsBesideT) {
  const Cell cell = Overall(Means(Wave(200)));
  EXPECT_EQ(cell.num_draws, kDefaultDraws);
  EXPECT_EQ(cell.seed, kDefaultSeed);
  ASSERT_TRUE(cell.permutation_p.has_value());
  EXPECT_NEAR(*cell.permutation_p, *cell.p, 0.02);
}

TEST(CellEvidenceTest, FewRowsArePermutedExactly) {
  const Cell cell = Overall(Means({0.125, 0.25, -0.0625, 0.375}));
  EXPECT_THAT(cell.permutation_p, Optional(0.25));
  EXPECT_EQ(cell.num_draws, 0);
  EXPECT_EQ(cell.seed, 0U);
}

TEST(CellEvidenceTest, ManyRowsWithoutSkewSkipThePermutationAndSaySo) {
  const Cell cell = Overall(Means(Wave(10'000)));
  EXPECT_EQ(cell.permutation_p, std::nullopt);
  EXPECT_THAT(cell.note, HasSubstr("permutation skipped"));
}

TEST(CellEvidenceTest, ManyRowsWithSkewAreStillPermuted) {
  std::vector<double> differences(10'000, 0.001);
  for (int i = 0; i < 40; ++i) {
    differences[static_cast<std::size_t>(i) * 250] = -1 - i / 64.0;
  }
  const Cell cell = Overall(Means(differences));
  EXPECT_TRUE(cell.permutation_p.has_value());
}

TEST(CellEvidenceTest, BinaryMetricsHaveMcNemarAlone) {
  const Cell cell = Overall(Answers(300, 20, 10));
  EXPECT_EQ(cell.permutation_p, std::nullopt);
}

TEST(CellEvidenceTest, FewRowsAreSaidToBeFew) {
  EXPECT_THAT(Overall(Means(Wave(29))).note, HasSubstr("fewer than 30 rows"));
  EXPECT_EQ(Overall(Means(Wave(30))).note, "");
}

// Five equal changes: t is infinite, and no test of five signs can reach 0.05.
TEST(CellEvidenceTest, FiveEqualDifferencesAreTooFewRows) {
  const Cell cell = Overall(Means(std::vector<double>(5, 0.25)));
  EXPECT_THAT(cell.p, Optional(2.0 / 32));
  EXPECT_THAT(cell.note, HasSubstr("too few rows"));
}

// Differences 1, 2 | 3 | 4, 5, 6 by cluster: the mean is 3.5, sums about it -4, -0.5, 4.5.
TEST(CellEvidenceTest, StandardErrorIsRobustToClusters) {
  const std::vector<std::int32_t> cluster_of = {4, 4, 9, 2, 2, 2};
  const Cell cell = Overall(Means({1, 2, 3, 4, 5, 6}), {.cluster_of = cluster_of});
  const double error = std::sqrt((16 + 0.25 + 20.25) * 3 / 2) / 6;
  EXPECT_EQ(cell.method, "cluster-robust t");
  EXPECT_EQ(cell.num_clusters, 3);
  EXPECT_THAT(cell.standard_error, Optional(DoubleNear(error, 1e-14)));
  // t with two degrees of freedom leaves 0.025 above 4.302652729749463.
  EXPECT_THAT(cell.lower, Optional(DoubleNear(3.5 - 4.302652729749463 * error, 1e-12)));
  EXPECT_THAT(cell.note, HasSubstr("3 groups are fewer than 30"));
}

TEST(CellEvidenceTest, SignsFlipByCluster) {
  const std::vector<std::int32_t> cluster_of = {0, 0, 1, 2, 2, 2};
  const Cell cell = Overall(Means({1, 2, 3, 4, 5, 6}), {.cluster_of = cluster_of});
  EXPECT_THAT(cell.permutation_p, Optional(2.0 / 8));
}

TEST(CellEvidenceTest, RowsWithoutAGroupAreClustersOfTheirOwn) {
  const std::vector<double> differences = Wave(100);
  const std::vector<std::int32_t> alone(100, -1);
  const Cell clustered = Overall(Means(differences), {.cluster_of = alone});
  const Cell independent = Overall(Means(differences));
  EXPECT_EQ(clustered.num_clusters, 100);
  EXPECT_NEAR(*clustered.lower, *independent.lower, 1e-14);
  EXPECT_NEAR(*clustered.p, *independent.p, 1e-12);
}

TEST(CellEvidenceTest, BinaryMetricsWithGroupsUseTheClusters) {
  const PairedData data = Answers(120, 20, 8);
  std::vector<std::int32_t> cluster_of(120);
  for (std::size_t row = 0; row < cluster_of.size(); ++row) {
    cluster_of[row] = static_cast<std::int32_t>(row / 3);
  }
  const Cell cell = Overall(data, {.cluster_of = cluster_of});
  EXPECT_EQ(cell.method, "cluster-robust t");
  EXPECT_EQ(cell.num_clusters, 40);
  EXPECT_TRUE(cell.permutation_p.has_value());
  EXPECT_THAT(cell.note, HasSubstr("ignores groups"));
}

// Copies of a row in one cluster bring no evidence.
TEST(CellEvidenceTest, CopiesWithinAClusterDoNotShrinkTheInterval) {
  const std::vector<double> differences = Wave(50);
  std::vector<double> copied;
  std::vector<std::int32_t> cluster_of;
  for (std::size_t row = 0; row < differences.size(); ++row) {
    copied.insert(copied.end(), 8, differences[row]);
    cluster_of.insert(cluster_of.end(), 8, static_cast<std::int32_t>(row));
  }
  const Cell once = Overall(Means(differences));
  const Cell copies = Overall(Means(copied), {.cluster_of = cluster_of});
  EXPECT_NEAR(*copies.lower, *once.lower, 1e-13);
  EXPECT_NEAR(*copies.p, *once.p, 1e-12);
  EXPECT_LT(*Overall(Means(copied)).p, *once.p / 10);
}

TEST(CellEvidenceTest, ThreadsDoNotChangeABit) {
  const PairedData data = Means(Wave(3'000));
  std::vector<CohortColumn> cohorts(1);
  cohorts[0].name = "part";
  std::vector<std::int32_t> cluster_of;
  for (int row = 0; row < 3'000; ++row) {
    cohorts[0].value_of.push_back(row % 9);
    cluster_of.push_back(row / 4);
  }
  for (int value = 0; value < 9; ++value) {
    cohorts[0].values.push_back(std::to_string(value));
  }
  const ParallelFor backwards_in_threads = [](std::int64_t n,
                                              const std::function<void(std::int64_t)>& body) {
    std::vector<std::thread> threads;
    for (std::int64_t i = n; i-- > 0;) {
      threads.emplace_back([&body, i] { body(i); });
    }
    for (std::thread& thread : threads) {
      thread.join();
    }
  };
  const TestOptions options{.cluster_of = cluster_of, .draws = 500};
  const MetricComparison a = CompareScores(data.Scores(), cohorts, Serial, options);
  const MetricComparison b = CompareScores(data.Scores(), cohorts, backwards_in_threads, options);
  ASSERT_EQ(a.cohorts.size(), 9U);
  for (std::size_t i = 0; i < a.cohorts.size(); ++i) {
    EXPECT_EQ(a.cohorts[i].cohort, b.cohorts[i].cohort);
    EXPECT_EQ(a.cohorts[i].lower, b.cohorts[i].lower);
    EXPECT_EQ(a.cohorts[i].permutation_p, b.cohorts[i].permutation_p);
  }
}

TEST(PairedSummaryTest, SkewnessIsThatOfTheDifferences) {
  // 0, 0, 0, 4: mean 1, variance 3, third moment (3 (-1) + 27) / 4 = 6.
  const PairedSummary summary = SummarizePairs(Means({0, 0, 0, 4}).Scores(), {}, Serial)[0];
  EXPECT_NEAR(summary.skewness, 6 / (3 * std::sqrt(3.0)), 1e-14);
}

}  // namespace
}  // namespace assay
