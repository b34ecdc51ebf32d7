#include "evaluators/compare/slice_search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/unit/evaluators/compare/paired_data.h"

namespace assay {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// 8,000 rows with a language, a length and a day; `is_broken` says where half of the right answers
// are lost.
struct Rows {
  PairedData data{"accuracy", MetricKind::kBinaryMean};
  std::vector<CohortColumn> cohorts = {
      {.name = "language", .values = {"de", "en", "fr", "ja"}, .value_of = {}},
      {.name = "length", .values = {"long", "short"}, .value_of = {}},
      {.name = "day", .values = {"1", "2", "3", "4", "5"}, .value_of = {}}};

  template <typename IsBroken>
  explicit Rows(IsBroken is_broken, unsigned seed = 1) {
    std::mt19937 random(seed);
    for (int row = 0; row < 8'000; ++row) {
      std::vector<std::int32_t> values;
      for (CohortColumn& cohort : cohorts) {
        values.push_back(static_cast<std::int32_t>(random() % cohort.values.size()));
        cohort.value_of.push_back(values.back());
      }
      const double before = random() % 10 < 8 ? 1 : 0;
      const bool flips = random() % 100 < 4;
      const bool breaks = is_broken(values) && random() % 2 == 0;
      data.Add(1, before, breaks ? 0 : flips ? 1 - before : before);
    }
  }
};

TEST(SliceSearchTest, FindsAConjunctionThatIsWorse) {
  const Rows rows([](const auto& values) { return values[0] == 3 && values[1] == 0; });
  const SliceFindings found = *FindRegressedSlices(rows.data.Scores(), rows.cohorts, Serial);
  ASSERT_FALSE(found.slices.empty());
  const FoundSlice& worst = found.slices[0];
  EXPECT_THAT(worst.terms, ElementsAre("language=ja", "length=long"));
  EXPECT_LT(worst.delta, -0.2);
  EXPECT_LT(worst.q, 1e-6);
  EXPECT_LT(*worst.upper, -0.1);
  EXPECT_EQ(found.search_rows + found.test_rows, 8'000);
  EXPECT_NEAR(static_cast<double>(found.test_rows), 4'000, 300);
}

TEST(SliceSearchTest, AWholeColumnValueIsNotBlamedOnItsParts) {
  const Rows rows([](const auto& values) { return values[2] == 1; });
  const SliceFindings found = *FindRegressedSlices(rows.data.Scores(), rows.cohorts, Serial);
  ASSERT_FALSE(found.slices.empty());
  EXPECT_THAT(found.slices[0].terms, ElementsAre("day=2"));
}

// The rows that chose the slices take no part in the test, so p stays honest without a regression.
TEST(SliceSearchTest, FindsLittleWhereNothingIsWorse) {
  int num_alarms = 0;
  for (unsigned seed = 0; seed < 60; ++seed) {
    const Rows rows([](const auto&) { return false; }, 100 + seed);
    // Answers that flip lose more than they gain when most are right; so swap sides at random.
    PairedData fair("accuracy", MetricKind::kBinaryMean);
    std::mt19937 random(seed);
    const PairedScores scores = rows.data.Scores();
    for (std::size_t row = 0; row < scores.baseline.size(); ++row) {
      const bool is_swapped = random() % 2 == 0;
      fair.Add(1, is_swapped ? scores.candidate[row] : scores.baseline[row],
               is_swapped ? scores.baseline[row] : scores.candidate[row]);
    }
    const SliceFindings found = *FindRegressedSlices(fair.Scores(), rows.cohorts, Serial);
    const auto is_alarm = [](const FoundSlice& slice) { return slice.q <= 0.05; };
    num_alarms += std::any_of(found.slices.begin(), found.slices.end(), is_alarm) ? 1 : 0;
  }
  EXPECT_LE(num_alarms, 8);  // 3 expected; more than 8 has probability 0.003
}

TEST(SliceSearchTest, SmallSlicesAreNotLookedAt) {
  const Rows rows([](const auto&) { return false; });
  const SliceFindings found =
      *FindRegressedSlices(rows.data.Scores(), rows.cohorts, Serial, {.min_rows = 4'500});
  EXPECT_EQ(found.num_searched, 0);
  EXPECT_THAT(found.slices, IsEmpty());
}

TEST(SliceSearchTest, SinglesPairsAndTriplesAreCounted) {
  const Rows rows([](const auto&) { return false; });
  const auto count = [&](std::int64_t max_terms) {
    return FindRegressedSlices(rows.data.Scores(), rows.cohorts, Serial, {.max_terms = max_terms})
        ->num_searched;
  };
  EXPECT_EQ(count(1), 4 + 2 + 5);
  EXPECT_EQ(count(2), 11 + 8 + 20 + 10);
  EXPECT_EQ(count(3), 49 + 40);
}

TEST(SliceSearchTest, ClustersStayInOneHalf) {
  const Rows rows([](const auto&) { return false; });
  // One cluster: all rows fall into one half, so no slice has rows in both.
  const std::vector<std::int32_t> cluster_of(8'000, 0);
  const SliceFindings found = *FindRegressedSlices(rows.data.Scores(), rows.cohorts, Serial,
                                                   {.test = {.cluster_of = cluster_of}});
  EXPECT_EQ(std::min(found.search_rows, found.test_rows), 0);
  EXPECT_EQ(found.num_searched, 0);
}

TEST(SliceSearchTest, TheSeedDecidesTheSplit) {
  const Rows rows([](const auto& values) { return values[0] == 1; });
  const auto test_rows = [&](std::uint64_t seed) {
    return FindRegressedSlices(rows.data.Scores(), rows.cohorts, Serial, {.test = {.seed = seed}})
        ->test_rows;
  };
  EXPECT_EQ(test_rows(1), test_rows(1));
  EXPECT_NE(test_rows(1), test_rows(2));
}

TEST(SliceSearchTest, AMetricWithoutDirectionIsRefused) {
  PairedData data("length", MetricKind::kMean, Direction::kNone);
  data.Add(100, 1, 2);
  EXPECT_FALSE(FindRegressedSlices(data.Scores(), {}, Serial).ok());
}

}  // namespace
}  // namespace assay
