#include "evaluators/statistics/bootstrap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <vector>

#include "evaluators/statistics/poisson_sums.h"

namespace assay {
namespace {

constexpr RandomSource kSource{.seed = 11, .stream = 12};

double Deviation(std::span<const double> values) {
  const double n = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double square = 0;
  for (const double value : values) {
    square += (value - mean) * (value - mean);
  }
  return std::sqrt(square / n);
}

std::vector<double> Wave(int num_values) {
  std::vector<double> values;
  for (int i = 0; i < num_values; ++i) {
    values.push_back(std::sin(i * 0.7) + 0.3 * std::cos(i * 1.3) + 100);
  }
  return values;
}

TEST(ReplicatesTest, PercentilesInterpolateAsNumpyDoes) {
  const Replicates replicates({5, 1, 4, 2, 3});
  // numpy.percentile([1, 2, 3, 4, 5], [10, 90])
  EXPECT_DOUBLE_EQ(replicates.PercentileInterval(0.1)->lower, 1.4);
  EXPECT_DOUBLE_EQ(replicates.PercentileInterval(0.1)->upper, 4.6);
}

TEST(ReplicatesTest, UndefinedResamplesAreCountedAndLeftOut) {
  const Replicates replicates({2, std::numeric_limits<double>::quiet_NaN(), 1});
  EXPECT_EQ(replicates.num_undefined(), 1);
  EXPECT_THAT(replicates.sorted(), testing::ElementsAre(1, 2));
  EXPECT_EQ(Replicates({}).PercentileInterval(0.025), std::nullopt);
}

TEST(ReplicatesTest, PInvertsTheIntervalAndIsNeverZero) {
  std::vector<double> values(999);
  std::iota(values.begin(), values.end(), 1.0);
  const Replicates replicates(values);
  EXPECT_DOUBLE_EQ(replicates.TwoSidedP(), 2.0 / 1'000);
  EXPECT_DOUBLE_EQ(Replicates(std::vector<double>(100, 0.0)).TwoSidedP(), 1);
}

// All 5^5 resamples of five values.
TEST(BootstrapMeanTest, FewRowsHaveTheDistributionThatEnumerationGives) {
  const std::vector<double> values = {0.5, -1.25, 2, 0.75, 3.5};
  std::vector<double> all;
  for (int code = 0; code < 3'125; ++code) {
    double sum = 0;
    for (int digit = 0, rest = code; digit < 5; ++digit, rest /= 5) {
      sum += values[static_cast<std::size_t>(rest % 5)];
    }
    all.push_back(sum / 5);
  }
  std::sort(all.begin(), all.end());
  const MeanResamples drawn = BootstrapMean(values, kSource, 200'000);
  EXPECT_EQ(drawn.resampling, Resampling::kIndices);
  for (const double share : {0.025, 0.1, 0.5, 0.9, 0.975}) {
    const double exact = all[static_cast<std::size_t>(share * 3'125)];
    const auto below = std::upper_bound(drawn.replicates.sorted().begin(),
                                        drawn.replicates.sorted().end(), exact + 1e-9) -
                       drawn.replicates.sorted().begin();
    const auto all_below = std::upper_bound(all.begin(), all.end(), exact + 1e-9) - all.begin();
    EXPECT_NEAR(static_cast<double>(below) / 200'000, static_cast<double>(all_below) / 3'125,
                0.005);
  }
}

TEST(BootstrapMeanTest, FewDistinctValuesAreDrawnAsExactCounts) {
  std::vector<double> values(900, 0.0);
  values.insert(values.end(), 60, 1.0);
  values.insert(values.end(), 40, -1.0);
  const MeanResamples drawn = BootstrapMean(values, kSource, 20'000);
  EXPECT_EQ(drawn.resampling, Resampling::kMultinomial);
  const double error = Deviation(values) / std::sqrt(1'000.0);
  EXPECT_NEAR(Deviation(drawn.replicates.sorted()), error, 0.025 * error);
  for (const double mean : drawn.replicates.sorted()) {
    ASSERT_NEAR(mean * 1'000, std::round(mean * 1'000), 1e-9);
  }
}

// In no order, so that a value is looked for at every place among those met before.
TEST(BootstrapMeanTest, CountsDistinctValuesInWhateverOrderTheyCome) {
  for (std::size_t num_kinds = 1; num_kinds <= kMostKinds + 1; ++num_kinds) {
    std::vector<double> values;
    for (std::size_t i = 0; i < 1'000; ++i) {
      values.push_back(static_cast<double>(i * 1'237 % num_kinds));
    }
    EXPECT_EQ(BootstrapMean(values, kSource, 1).resampling,
              num_kinds <= kMostKinds ? Resampling::kMultinomial : Resampling::kPoisson)
        << num_kinds;
  }
}

TEST(BootstrapMeanTest, ManyRowsHaveTheAnalyticStandardError) {
  const std::vector<double> values = Wave(20'000);
  const MeanResamples drawn = BootstrapMean(values, kSource, 20'000);
  EXPECT_EQ(drawn.resampling, Resampling::kPoisson);
  const double error = Deviation(values) / std::sqrt(20'000.0);
  EXPECT_NEAR(Deviation(drawn.replicates.sorted()), error, 0.025 * error);
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / 20'000;
  const Interval interval = *drawn.replicates.PercentileInterval(0.025);
  EXPECT_NEAR(interval.lower, mean - 1.96 * error, 0.06 * error);
  EXPECT_NEAR(interval.upper, mean + 1.96 * error, 0.06 * error);
}

TEST(BootstrapMeanTest, TheSeedDecidesEveryBit) {
  const std::vector<double> values = Wave(500);
  const auto draw = [&](std::uint64_t seed) {
    const MeanResamples drawn = BootstrapMean(values, {.seed = seed, .stream = 3}, 300);
    return std::vector<double>(drawn.replicates.sorted().begin(), drawn.replicates.sorted().end());
  };
  EXPECT_EQ(draw(1), draw(1));
  EXPECT_NE(draw(1), draw(2));
}

TEST(PoissonWeightTest, WeightsHaveMeanAndVarianceOne) {
  std::int64_t sum = 0;
  std::int64_t square = 0;
  for (int uniform = 0; uniform < 65'536; ++uniform) {
    const int weight = PoissonWeight(static_cast<std::uint16_t>(uniform));
    sum += weight;
    square += weight * weight;
  }
  EXPECT_EQ(sum, 65'536);
  EXPECT_NEAR(static_cast<double>(square) / 65'536, 2, 0.0001);
}

TEST(PoissonSumsTest, EveryInstructionSetGivesTheSameBits) {
  for (const int num_values : {1, 63, 64, 65, 1'000, 16'384, 40'011}) {
    std::vector<std::int64_t> values;
    for (int i = 0; i < num_values; ++i) {
      values.push_back((std::int64_t{i} * 2'654'435'761 % 1'073'741'823) - 536'870'911);
    }
    const SplitValues split(values);
    const std::vector<WeightedSum> expected = PoissonSumsPortable(split, kSource, 5);
    for (const auto& sums : {PoissonSums(split, kSource, 5), PoissonSumsAvx2(split, kSource, 5)}) {
      for (std::size_t draw = 0; draw < 5; ++draw) {
        EXPECT_EQ(sums[draw].value, expected[draw].value) << num_values;
        EXPECT_EQ(sums[draw].weight, expected[draw].weight) << num_values;
      }
    }
  }
}

}  // namespace
}  // namespace assay
