#include "server/run/cell_sums.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "tests/support/columns_builder.h"

namespace assay::run {
namespace {

using ::testing::DoubleEq;
using ::testing::DoubleNear;
using ::testing::Optional;

const std::vector<CohortColumn> kCohorts = {{"side", {"left", "right"}, {0, 1, 1, -1, 0}}};

std::vector<CellSum> Sum(const test::Rows<double>& scores, const std::vector<RowStatus>& status,
                         bool scores_missing = false) {
  std::vector<CellSum> cells;
  SumChunk(test::Float64Column("m", scores), status, scores_missing, kCohorts, 0, cells);
  return cells;
}

TEST(SumChunkTest, RowsCountInTheWholeAndInTheirCohort) {
  const std::vector<CellSum> cells =
      Sum({1.0, 2.0, 4.0, 8.0, 16.0}, std::vector<RowStatus>(5, RowStatus::kScored));
  ASSERT_EQ(cells.size(), 3);
  EXPECT_EQ(cells[0].num_rows, 5);
  EXPECT_EQ(cells[0].sum, 31);
  EXPECT_EQ(cells[1].sum, 17);
  EXPECT_EQ(cells[2].sum, 6);
  EXPECT_EQ(cells[2].sum_of_squares, 20);
}

TEST(SumChunkTest, ScoredRowsWithoutValueAreUndefined) {
  const std::vector<CellSum> cells =
      Sum({1.0, std::nullopt, 4.0, 8.0, 16.0}, std::vector<RowStatus>(5, RowStatus::kScored));
  EXPECT_EQ(cells[0].num_rows, 4);
  EXPECT_EQ(cells[0].num_undefined, 1);
  EXPECT_EQ(cells[1].num_undefined, 0);
  EXPECT_EQ(cells[2].num_undefined, 1);
}

TEST(SumChunkTest, RowsThatWereNotScoredAreNotUndefinedEither) {
  const std::vector<CellSum> cells =
      Sum({std::nullopt, std::nullopt, std::nullopt, 8.0, std::nullopt},
          {RowStatus::kMissing, RowStatus::kError, RowStatus::kFiltered, RowStatus::kScored,
           RowStatus::kMissing});
  EXPECT_EQ(cells[0].num_rows, 1);
  EXPECT_EQ(cells[0].num_undefined, 0);
}

TEST(SumChunkTest, MissingRowsCountForMetricsThatScoreThem) {
  const std::vector<CellSum> cells =
      Sum({0.0, std::nullopt, std::nullopt, 8.0, std::nullopt},
          {RowStatus::kMissing, RowStatus::kError, RowStatus::kFiltered, RowStatus::kScored,
           RowStatus::kMissing},
          true);
  EXPECT_EQ(cells[0].num_rows, 2);
  EXPECT_EQ(cells[0].num_undefined, 1);
}

TEST(CellSumTest, MeanOfNothingIsAbsent) { EXPECT_EQ(CellSum().Mean(), std::nullopt); }

TEST(CellSumTest, BinaryMetricsHaveWilsonsInterval) {
  CellSum sum;
  sum.num_rows = 20;
  sum.sum = 19;
  sum.sum_of_squares = 19;
  MetricDescriptor metric;
  metric.kind = MetricKind::kBinaryMean;
  EXPECT_THAT(sum.Mean(), Optional(DoubleEq(0.95)));
  const std::optional<Interval> interval = sum.MeanInterval95(metric);
  ASSERT_TRUE(interval.has_value());
  // statsmodels proportion_confint(19, 20, method='wilson').
  EXPECT_THAT(interval->lower, DoubleNear(0.7638686, 1e-6));
  EXPECT_THAT(interval->upper, DoubleNear(0.9911187, 1e-6));
}

TEST(CellSumTest, OtherMeansHaveStudentsIntervalCutToTheRange) {
  CellSum sum;
  for (const double score : {0.9, 1.0, 0.2, 1.0}) {
    ++sum.num_rows;
    sum.sum += score;
    sum.sum_of_squares += score * score;
  }
  MetricDescriptor metric;
  metric.kind = MetricKind::kMean;
  const std::optional<Interval> interval = sum.MeanInterval95(metric);
  ASSERT_TRUE(interval.has_value());
  // Mean 0.775, standard error 0.1931105, t 3.1824463.
  EXPECT_THAT(interval->lower, DoubleNear(0.1604366, 1e-6));
  EXPECT_EQ(interval->upper, 1.0);
}

TEST(CellSumTest, AveragedBinaryScoresHaveStudentsInterval) {
  MetricDescriptor metric;
  metric.kind = MetricKind::kBinaryMean;
  CellSum whole;
  whole.num_rows = 2;
  whole.sum = 1.5;
  whole.sum_of_squares = 1.25;
  whole.is_binary = false;
  const std::optional<Interval> interval = whole.MeanInterval95(metric);
  ASSERT_TRUE(interval.has_value());
  EXPECT_EQ(interval->lower, 0.0);  // One degree of freedom: far below, cut to the range.
}

TEST(CellSumTest, AddingKeepsEveryCount) {
  CellSum sum;
  sum.Add({.num_rows = 2, .num_undefined = 1, .sum = 3, .sum_of_squares = 5, .is_binary = true});
  sum.Add(
      {.num_rows = 1, .num_undefined = 0, .sum = 0.5, .sum_of_squares = 0.25, .is_binary = false});
  EXPECT_EQ(sum.num_rows, 3);
  EXPECT_EQ(sum.num_undefined, 1);
  EXPECT_EQ(sum.sum, 3.5);
  EXPECT_FALSE(sum.is_binary);
}

}  // namespace
}  // namespace assay::run
