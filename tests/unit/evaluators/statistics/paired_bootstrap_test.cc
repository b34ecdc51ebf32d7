#include "evaluators/statistics/paired_bootstrap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <random>
#include <vector>

namespace assay {
namespace {

using testing::Optional;

constexpr RandomSource kSource{.seed = 21, .stream = 22};

// Outcome 2 gold + predicted of two classes.
std::optional<double> MacroF1(const OutcomeTotals& totals) {
  const std::vector<double>& w = totals.weight;
  const double first = 2 * w[0] / (2 * w[0] + w[1] + w[2]);
  const double second = 2 * w[3] / (2 * w[3] + w[1] + w[2]);
  return std::isfinite(first + second) ? std::optional((first + second) / 2) : std::nullopt;
}

// |hits - summed confidence| over rows, one bin: outcome 0 wrong, 1 right.
std::optional<double> CalibrationError(const OutcomeTotals& totals) {
  const double rows = totals.weight[0] + totals.weight[1];
  const double excess = totals.weight[1] - totals.value[0] - totals.value[1];
  return rows > 0 ? std::optional(std::fabs(excess) / rows) : std::nullopt;
}

// Two systems on rows of two classes.
struct Labels {
  std::vector<std::int32_t> before;
  std::vector<std::int32_t> after;
  std::vector<std::uint32_t> rows;

  explicit Labels(std::uint32_t num_rows) {
    std::mt19937 random(5);
    for (std::uint32_t row = 0; row < num_rows; ++row) {
      const auto gold = static_cast<std::int32_t>(random() % 3 == 0);
      const std::int32_t predicted = random() % 10 < 8 ? gold : 1 - gold;
      before.push_back(2 * gold + predicted);
      after.push_back(2 * gold + (random() % 10 < 9 ? predicted : gold));
      rows.push_back(row);
    }
  }

  PairedOutcomes Outcomes() const {
    return {.baseline = {.num_outcomes = 4, .outcome = before, .value = {}},
            .candidate = {.num_outcomes = 4, .outcome = after, .value = {}},
            .baseline_statistic = MacroF1,
            .candidate_statistic = MacroF1};
  }
};

// Draws rows one by one: what the collapsed form must agree with.
Replicates OneByOne(const PairedOutcomes& outcomes, std::span<const std::uint32_t> rows,
                    int draws) {
  std::mt19937_64 random(99);
  std::vector<double> differences;
  for (int draw = 0; draw < draws; ++draw) {
    std::array<OutcomeTotals, 2> totals;
    for (OutcomeTotals& side : totals) {
      side.weight.resize(static_cast<std::size_t>(outcomes.baseline.num_outcomes));
      side.value.resize(side.weight.size());
    }
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const std::uint32_t row = rows[random() % rows.size()];
      for (std::size_t side = 0; side < 2; ++side) {
        const OutcomeColumn& column = side == 0 ? outcomes.baseline : outcomes.candidate;
        const auto at = static_cast<std::size_t>(column.outcome[row]);
        totals[side].weight[at] += 1;
        totals[side].value[at] += column.value.empty() ? 0 : column.value[row];
      }
    }
    differences.push_back(*outcomes.candidate_statistic(totals[1]) -
                          *outcomes.baseline_statistic(totals[0]));
  }
  return Replicates(differences);
}

void ExpectSameInterval(const Replicates& found, const Replicates& expected) {
  const Interval a = *found.PercentileInterval(0.025);
  const Interval b = *expected.PercentileInterval(0.025);
  const double width = b.upper - b.lower;
  EXPECT_NEAR(a.lower, b.lower, 0.06 * width);
  EXPECT_NEAR(a.upper, b.upper, 0.06 * width);
}

TEST(PairedBootstrapTest, CountsOfOutcomesAgreeWithDrawingRows) {
  const Labels labels(2'000);
  const PairedBootstrap result =
      BootstrapPairs(labels.Outcomes(), labels.rows, {}, kSource, 10'000);
  EXPECT_EQ(result.num_rows, 2'000);
  EXPECT_EQ(result.resampling, Resampling::kPoisson);
  ExpectSameInterval(result.differences, OneByOne(labels.Outcomes(), labels.rows, 4'000));
}

TEST(PairedBootstrapTest, FewRowsAreDrawnByIndex) {
  const Labels labels(60);
  const PairedBootstrap result =
      BootstrapPairs(labels.Outcomes(), labels.rows, {}, kSource, 10'000);
  EXPECT_EQ(result.resampling, Resampling::kIndices);
  ExpectSameInterval(result.differences, OneByOne(labels.Outcomes(), labels.rows, 10'000));
}

TEST(PairedBootstrapTest, ValuesWithinAnOutcomeKeepTheirSpread) {
  std::mt19937 random(7);
  std::vector<std::int32_t> before;
  std::vector<std::int32_t> after;
  std::vector<double> confidence_before;
  std::vector<double> confidence_after;
  std::vector<std::uint32_t> rows;
  for (std::uint32_t row = 0; row < 1'500; ++row) {
    before.push_back(random() % 10 < 9 ? 1 : 0);
    after.push_back(random() % 10 < 8 ? before.back() : 1);
    confidence_before.push_back(0.4 + 0.4 * static_cast<double>(random() % 1'000) / 1'000);
    confidence_after.push_back(0.5 * confidence_before.back() +
                               0.3 * static_cast<double>(random() % 1'000) / 1'000);
    rows.push_back(row);
  }
  const PairedOutcomes outcomes{
      .baseline = {.num_outcomes = 2, .outcome = before, .value = confidence_before},
      .candidate = {.num_outcomes = 2, .outcome = after, .value = confidence_after},
      .baseline_statistic = CalibrationError,
      .candidate_statistic = CalibrationError};
  const PairedBootstrap result = BootstrapPairs(outcomes, rows, {}, kSource, 10'000);
  ExpectSameInterval(result.differences, OneByOne(outcomes, rows, 4'000));
}

TEST(PairedBootstrapTest, EqualSidesAreIdentical) {
  Labels labels(300);
  labels.after = labels.before;
  const PairedBootstrap result = BootstrapPairs(labels.Outcomes(), labels.rows, {}, kSource, 1'000);
  EXPECT_TRUE(result.is_identical);
  EXPECT_EQ(result.baseline, result.candidate);
  EXPECT_TRUE(result.differences.sorted().empty());
}

// The factor scales the baseline in the differences and says nothing of whether rows differ.
TEST(PairedBootstrapTest, AFactorScalesTheBaselineOfTheDifferences) {
  Labels labels(300);
  PairedOutcomes outcomes = labels.Outcomes();
  const PairedBootstrap plain = BootstrapPairs(outcomes, labels.rows, {}, kSource, 1'000);
  outcomes.factor = 0.5;
  const PairedBootstrap halved = BootstrapPairs(outcomes, labels.rows, {}, kSource, 1'000);
  EXPECT_EQ(halved.baseline, plain.baseline);
  EXPECT_GT(halved.differences.sorted().front(), plain.differences.sorted().front() + 0.2);
  labels.after = labels.before;
  outcomes = labels.Outcomes();
  outcomes.factor = 0.5;
  EXPECT_TRUE(BootstrapPairs(outcomes, labels.rows, {}, kSource, 1'000).is_identical);
}

TEST(PairedBootstrapTest, AnUndefinedMetricHasNoResamples) {
  Labels labels(50);
  std::fill(labels.before.begin(), labels.before.end(), 0);
  const PairedBootstrap result = BootstrapPairs(labels.Outcomes(), labels.rows, {}, kSource, 1'000);
  EXPECT_EQ(result.baseline, std::nullopt);
  EXPECT_TRUE(result.differences.sorted().empty());
}

TEST(PairedBootstrapTest, RowsWithoutPartDoNotCount) {
  Labels labels(400);
  for (std::size_t row = 200; row < 400; ++row) {
    labels.before[row] = -1;
    labels.after[row] = -1;
  }
  const PairedBootstrap all = BootstrapPairs(labels.Outcomes(), labels.rows, {}, kSource, 500);
  const PairedBootstrap half =
      BootstrapPairs(labels.Outcomes(), std::span(labels.rows).first(200), {}, kSource, 500);
  EXPECT_EQ(all.num_rows, 200);
  EXPECT_THAT(all.differences.sorted(), testing::ElementsAreArray(half.differences.sorted()));
}

// Copies of a row in one cluster bring no evidence; drawn apart they would.
TEST(PairedBootstrapTest, ClustersAreDrawnWhole) {
  const Labels labels(300);
  Labels copied(0);
  std::vector<std::int32_t> cluster_of;
  for (std::uint32_t row = 0; row < 1'500; ++row) {
    copied.before.push_back(labels.before[row / 5]);
    copied.after.push_back(labels.after[row / 5]);
    copied.rows.push_back(row);
    cluster_of.push_back(static_cast<std::int32_t>(row / 5));
  }
  const PairedBootstrap once = BootstrapPairs(labels.Outcomes(), labels.rows, {}, kSource, 10'000);
  const PairedBootstrap copies =
      BootstrapPairs(copied.Outcomes(), copied.rows, cluster_of, kSource, 10'000);
  EXPECT_EQ(copies.num_clusters, 300);
  ExpectSameInterval(copies.differences, once.differences);
}

TEST(PairedBootstrapTest, FewClustersAreDrawnByIndex) {
  const Labels labels(400);
  std::vector<std::int32_t> cluster_of;
  for (std::int32_t row = 0; row < 400; ++row) {
    cluster_of.push_back(row / 20);
  }
  const PairedBootstrap result =
      BootstrapPairs(labels.Outcomes(), labels.rows, cluster_of, kSource, 1'000);
  EXPECT_EQ(result.num_clusters, 20);
  EXPECT_EQ(result.resampling, Resampling::kIndices);
  EXPECT_EQ(result.differences.sorted().size(), 1'000U);
}

}  // namespace
}  // namespace assay
