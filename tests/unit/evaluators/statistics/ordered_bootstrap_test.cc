#include "evaluators/statistics/ordered_bootstrap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <numeric>
#include <random>
#include <span>
#include <utility>
#include <vector>

#include "evaluators/metrics/calibration.h"

namespace assay {
namespace {

using testing::Optional;

constexpr RandomSource kSource{.seed = 31, .stream = 32};

// Scores of two systems for the same rows, some positive; the second separates worse.
struct Scores {
  std::vector<double> before;
  std::vector<double> after;
  std::vector<RowPart> part;
  std::vector<std::uint32_t> rows;

  explicit Scores(std::uint32_t num_rows) {
    std::mt19937 random(17);
    std::normal_distribution<double> noise;
    for (std::uint32_t row = 0; row < num_rows; ++row) {
      part.push_back(random() % 4 == 0 ? RowPart::kPositive : RowPart::kNegative);
      const double shift = part.back() == RowPart::kPositive ? 1 : 0;
      before.push_back(shift + noise(random));
      // Rounded to tenths, so that values tie.
      after.push_back(std::round(10 * (0.8 * before.back() + noise(random))) / 10);
      rows.push_back(row);
    }
  }
  OrderedColumn Before() const { return {.value = before, .part = part}; }
  OrderedColumn After() const { return {.value = after, .part = part}; }
  std::vector<OrderedColumn> BeforeAlone() const { return {Before()}; }
  std::vector<OrderedColumn> AfterAlone() const { return {After()}; }
};

double Area(const std::vector<double>& values, const std::vector<RowPart>& part,
            const std::vector<std::uint32_t>& drawn) {
  double wins = 0;
  double pairs = 0;
  for (const std::uint32_t a : drawn) {
    for (const std::uint32_t b : drawn) {
      if (part[a] == RowPart::kPositive && part[b] == RowPart::kNegative) {
        wins += values[a] > values[b] ? 1 : values[a] == values[b] ? 0.5 : 0;
        pairs += 1;
      }
    }
  }
  return wins / pairs;
}

double Quantile(const std::vector<double>& values, double share,
                const std::vector<std::uint32_t>& drawn) {
  std::vector<double> sorted;
  for (const std::uint32_t row : drawn) {
    sorted.push_back(values[row]);
  }
  std::sort(sorted.begin(), sorted.end());
  const double rank = std::ceil(share * static_cast<double>(sorted.size()) - 1e-9);
  return sorted[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
}

// Draws rows one by one and measures each sample by the definition.
template <typename Measure>
Replicates OneByOne(const Scores& scores, int draws, const Measure& measure) {
  std::mt19937 random(2);
  std::vector<double> differences;
  for (int draw = 0; draw < draws; ++draw) {
    std::vector<std::uint32_t> drawn;
    for (std::size_t i = 0; i < scores.rows.size(); ++i) {
      drawn.push_back(static_cast<std::uint32_t>(random() % scores.rows.size()));
    }
    differences.push_back(measure(scores.after, drawn) - measure(scores.before, drawn));
  }
  return Replicates(differences);
}

void ExpectSameInterval(const Replicates& found, const Replicates& expected, double tolerance) {
  const Interval a = *found.PercentileInterval(0.05);
  const Interval b = *expected.PercentileInterval(0.05);
  const double width = b.upper - b.lower;
  EXPECT_NEAR(a.lower, b.lower, tolerance * width);
  EXPECT_NEAR(a.upper, b.upper, tolerance * width);
}

TEST(OrderedBootstrapTest, AreasAgreeWithDrawingRows) {
  const Scores scores(200);
  const PairedBootstrap result = BootstrapAreas(scores.BeforeAlone(), scores.AfterAlone(), 1,
                                                scores.rows, {}, kSource, 10'000);
  EXPECT_EQ(result.resampling, Resampling::kPoisson);
  EXPECT_THAT(result.baseline,
              Optional(testing::DoubleNear(Area(scores.before, scores.part, scores.rows), 1e-14)));
  EXPECT_THAT(result.candidate,
              Optional(testing::DoubleNear(Area(scores.after, scores.part, scores.rows), 1e-14)));
  ExpectSameInterval(
      result.differences,
      OneByOne(scores, 2'000,
               [&](const std::vector<double>& values, const std::vector<std::uint32_t>& drawn) {
                 return Area(values, scores.part, drawn);
               }),
      0.07);
}

TEST(OrderedBootstrapTest, QuantilesAgreeWithDrawingRows) {
  const Scores scores(1'500);
  for (const double share : {0.5, 0.95}) {
    const PairedBootstrap result = BootstrapQuantiles(scores.Before(), scores.After(), share, 1,
                                                      scores.rows, {}, kSource, 10'000);
    EXPECT_THAT(result.baseline, Optional(Quantile(scores.before, share, scores.rows)));
    EXPECT_THAT(result.candidate, Optional(Quantile(scores.after, share, scores.rows)));
    ExpectSameInterval(
        result.differences,
        OneByOne(scores, 3'000,
                 [&](const std::vector<double>& values, const std::vector<std::uint32_t>& drawn) {
                   return Quantile(values, share, drawn);
                 }),
        0.1);
  }
}

TEST(OrderedBootstrapTest, TheMeanOfAreasLeavesOutColumnsWithoutBothKinds) {
  const Scores scores(200);
  const std::vector<RowPart> no_positives(200, RowPart::kNegative);
  const std::vector<OrderedColumn> before = {scores.Before(),
                                             {.value = scores.before, .part = no_positives}};
  const std::vector<OrderedColumn> after = {scores.After(),
                                            {.value = scores.after, .part = no_positives}};
  const PairedBootstrap alone =
      BootstrapAreas(scores.BeforeAlone(), scores.AfterAlone(), 1, scores.rows, {}, kSource, 1'000);
  const PairedBootstrap both = BootstrapAreas(before, after, 1, scores.rows, {}, kSource, 1'000);
  EXPECT_EQ(both.baseline, alone.baseline);
  EXPECT_THAT(both.differences.sorted(), testing::ElementsAreArray(alone.differences.sorted()));
}

TEST(OrderedBootstrapTest, TheMeanOfAreasAgreesWithDrawingRows) {
  const Scores scores(200);
  // The other half of a pair of classes, and one that few rows have.
  std::vector<RowPart> others;
  std::vector<RowPart> few;
  for (const std::uint32_t row : scores.rows) {
    others.push_back(scores.part[row] == RowPart::kPositive ? RowPart::kNegative
                                                            : RowPart::kPositive);
    few.push_back(row % 20 == 0 ? RowPart::kPositive : RowPart::kNegative);
  }
  std::vector<OrderedColumn> before;
  std::vector<OrderedColumn> after;
  for (const std::span<const RowPart> part :
       std::initializer_list<std::span<const RowPart>>{scores.part, others, few}) {
    before.push_back({.value = scores.before, .part = part});
    after.push_back({.value = scores.after, .part = part});
  }
  const PairedBootstrap result = BootstrapAreas(before, after, 1, scores.rows, {}, kSource, 10'000);
  ExpectSameInterval(
      result.differences,
      OneByOne(scores, 2'000,
               [&](const std::vector<double>& values, const std::vector<std::uint32_t>& drawn) {
                 return (Area(values, scores.part, drawn) + Area(values, others, drawn) +
                         Area(values, few, drawn)) /
                        3;
               }),
      0.07);
}

// Confidences of two systems for the same rows, which are right as often as the first says.
struct Confidences {
  Scores scores{0};
  std::vector<RowPart> right;  // of the second

  explicit Confidences(std::uint32_t num_rows) {
    std::mt19937 random(23);
    std::uniform_real_distribution<double> uniform;
    for (std::uint32_t row = 0; row < num_rows; ++row) {
      // Rounded to sixteenths, so that values tie.
      scores.before.push_back(0.5 + std::floor(8 * uniform(random)) / 16);
      scores.after.push_back(0.4 + 0.6 * uniform(random));
      const bool is_right = uniform(random) < scores.before.back();
      scores.part.push_back(is_right ? RowPart::kPositive : RowPart::kNegative);
      right.push_back(is_right || row % 5 == 0 ? RowPart::kPositive : RowPart::kNegative);
      scores.rows.push_back(row);
    }
  }
  OrderedColumn After() const { return {.value = scores.after, .part = right}; }
  double Error(const std::vector<double>& values, const std::vector<std::uint32_t>& drawn) const {
    const std::vector<RowPart>& part = &values == &scores.after ? right : scores.part;
    std::vector<std::pair<double, bool>> rows;
    for (const std::uint32_t row : drawn) {
      rows.emplace_back(values[row], part[row] == RowPart::kPositive);
    }
    return *CalibrationError(EqualMassBins(std::move(rows), 10));
  }
};

TEST(OrderedBootstrapTest, CalibrationAgreesWithDrawingRows) {
  const Confidences confidences(400);
  const Scores& scores = confidences.scores;
  const PairedBootstrap result = BootstrapCalibration(scores.Before(), confidences.After(), 10, 1,
                                                      scores.rows, {}, kSource, 10'000);
  EXPECT_EQ(result.resampling, Resampling::kPoisson);
  EXPECT_THAT(result.baseline,
              Optional(testing::DoubleNear(confidences.Error(scores.before, scores.rows), 1e-12)));
  EXPECT_THAT(result.candidate,
              Optional(testing::DoubleNear(confidences.Error(scores.after, scores.rows), 1e-12)));
  ExpectSameInterval(
      result.differences,
      OneByOne(scores, 5'000,
               [&](const std::vector<double>& values, const std::vector<std::uint32_t>& drawn) {
                 return confidences.Error(values, drawn);
               }),
      0.07);
}

TEST(OrderedBootstrapTest, ARelativeLimitScalesTheBaseline) {
  const Confidences confidences(150);
  const Scores& scores = confidences.scores;
  const auto differences = [&](double factor) {
    return BootstrapCalibration(scores.Before(), confidences.After(), 10, factor, scores.rows, {},
                                kSource, 1)
        .differences.sorted()[0];
  };
  const double after = differences(0);
  EXPECT_NEAR(differences(2) - after, 2 * (differences(1) - after), 1e-14);
}

TEST(OrderedBootstrapTest, CalibrationWithoutRowsIsUndefined) {
  const Confidences confidences(0);
  EXPECT_EQ(BootstrapCalibration(confidences.scores.Before(), confidences.After(), 10, 1, {}, {},
                                 kSource, 100)
                .baseline,
            std::nullopt);
}

TEST(OrderedBootstrapTest, FewRowsAreDrawnByIndex) {
  const Scores scores(40);
  const PairedBootstrap result =
      BootstrapAreas(scores.BeforeAlone(), scores.AfterAlone(), 1, scores.rows, {}, kSource, 5'000);
  EXPECT_EQ(result.resampling, Resampling::kIndices);
  EXPECT_EQ(static_cast<std::int64_t>(result.differences.sorted().size()) +
                result.differences.num_undefined(),
            5'000);
}

TEST(OrderedBootstrapTest, EqualSidesAreIdentical) {
  const Scores scores(150);
  const PairedBootstrap result =
      BootstrapQuantiles(scores.Before(), scores.Before(), 0.9, 1, scores.rows, {}, kSource, 1'000);
  EXPECT_TRUE(result.is_identical);
  EXPECT_TRUE(result.differences.sorted().empty());
}

TEST(OrderedBootstrapTest, AnAreaWithoutPositivesIsUndefined) {
  Scores scores(150);
  std::fill(scores.part.begin(), scores.part.end(), RowPart::kNegative);
  const PairedBootstrap result =
      BootstrapAreas(scores.BeforeAlone(), scores.AfterAlone(), 1, scores.rows, {}, kSource, 1'000);
  EXPECT_EQ(result.baseline, std::nullopt);
}

TEST(OrderedBootstrapTest, ClustersAreDrawnWhole) {
  const Scores scores(300);
  Scores copied(0);
  std::vector<std::int32_t> cluster_of;
  for (std::uint32_t row = 0; row < 1'200; ++row) {
    copied.before.push_back(scores.before[row / 4]);
    copied.after.push_back(scores.after[row / 4]);
    copied.part.push_back(scores.part[row / 4]);
    copied.rows.push_back(row);
    cluster_of.push_back(static_cast<std::int32_t>(row / 4));
  }
  const PairedBootstrap once = BootstrapAreas(scores.BeforeAlone(), scores.AfterAlone(), 1,
                                              scores.rows, {}, kSource, 10'000);
  const PairedBootstrap copies = BootstrapAreas(copied.BeforeAlone(), copied.AfterAlone(), 1,
                                                copied.rows, cluster_of, kSource, 10'000);
  EXPECT_EQ(copies.num_clusters, 300);
  // Every draw has the same clusters as the rows before they were copied.
  ASSERT_EQ(copies.differences.sorted().size(), once.differences.sorted().size());
  for (std::size_t i = 0; i < once.differences.sorted().size(); i += 97) {
    EXPECT_NEAR(copies.differences.sorted()[i], once.differences.sorted()[i], 1e-12);
  }
}

}  // namespace
}  // namespace assay
