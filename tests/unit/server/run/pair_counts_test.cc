#include "server/run/pair_counts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace assay::run {
namespace {

using testing::DoubleEq;
using testing::ElementsAre;
using testing::Optional;

ComparedSide SideOf(std::vector<RowStatus> status) {
  ComparedSide side;
  for (const RowStatus each : status) {
    side.is_scored.push_back(each == RowStatus::kScored ? 1 : 0);
  }
  side.status = std::move(status);
  return side;
}

TEST(CountPairsTest, ErrorsAndMissingOutputsDoNotPair) {
  using enum RowStatus;
  ComparedRows rows;
  rows.baseline = SideOf({kScored, kScored, kScored, kMissing});
  rows.candidate = SideOf({kScored, kError, kScored, kScored});
  store::ComparisonResult result;
  EXPECT_THAT(CountPairs(rows, result), ElementsAre(1, 0, 1, 0));
  EXPECT_EQ(result.num_paired, 2);
  EXPECT_EQ(result.num_only_baseline, 1);
  EXPECT_EQ(result.num_only_candidate, 1);
  EXPECT_EQ(result.num_candidate_errors, 1);
  EXPECT_THAT(result.coverage, Optional(DoubleEq(2.0 / 3)));
  EXPECT_THAT(result.baseline_error_rate, Optional(DoubleEq(0)));
  EXPECT_THAT(result.candidate_error_rate, Optional(DoubleEq(0.25)));
}

TEST(CountPairsTest, ExamplesOfChangedContentCountOnNeitherSide) {
  using enum RowStatus;
  ComparedRows rows;
  rows.baseline = SideOf({kScored, kScored, kScored});
  rows.candidate = SideOf({kScored, kScored, kScored});
  // The baseline's second is the candidate's first; the third has other content.
  rows.pairing = {.is_identity = false, .same_key = {1, -1, 2}, .has_changed = {0, 0, 1}};
  store::ComparisonResult result;
  EXPECT_THAT(CountPairs(rows, result), ElementsAre(1, 0, 0));
  EXPECT_EQ(result.num_paired, 1);
  EXPECT_EQ(result.num_only_baseline, 1);
  EXPECT_EQ(result.num_only_candidate, 1);
}

TEST(CountFlipsTest, ATieOnASideIsNoFlip) {
  MetricScores scores;
  scores.metric.id = "accuracy";
  scores.baseline = {.values = {1, 0, 1, 0, 0.5, 1, 1, 1, 1},
                     .defined = {1, 1, 1, 1, 1, 1, 0, 1, 1}};
  scores.candidate = {.values = {0, 1, 1, 0, 1, 0.5, 0, 1, 0},
                      .defined = {1, 1, 1, 1, 1, 1, 1, 1, 1}};
  store::ComparisonResult result;
  EXPECT_EQ(CountFlips(scores, result), std::string("\x03\x01"));
  EXPECT_EQ(result.flip_metric, "accuracy");
  EXPECT_EQ(result.num_broken, 2);
  EXPECT_EQ(result.num_fixed, 1);
  EXPECT_EQ(result.num_both_right, 2);
  EXPECT_EQ(result.num_both_wrong, 1);
}

TEST(CountFlipsTest, WhereLessIsBetterZeroIsRight) {
  MetricScores scores;
  scores.metric.direction = Direction::kLower;
  scores.baseline = {.values = {0, 1}, .defined = {1, 1}};
  scores.candidate = {.values = {1, 1}, .defined = {1, 1}};
  store::ComparisonResult result;
  EXPECT_EQ(CountFlips(scores, result), std::string("\x01"));
  EXPECT_EQ(result.num_broken, 1);
  EXPECT_EQ(result.num_both_wrong, 1);
}

}  // namespace
}  // namespace assay::run
