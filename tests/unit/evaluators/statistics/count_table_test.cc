#include "evaluators/statistics/count_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

#include "evaluators/statistics/distributions.h"

namespace assay {
namespace {

// P(drawn <= k), found by looking for the largest number that is still turned into k.
double AtMost(const CountTable& table, std::int64_t k) {
  std::uint64_t low = 0;
  std::uint64_t high = std::uint64_t{1} << 32;
  while (low < high) {
    const std::uint64_t middle = (low + high) / 2;
    if (table.Draw(static_cast<std::uint32_t>(middle)) <= k) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return static_cast<double>(low) * 0x1p-32;
}

TEST(CountTableTest, BinomialTablesHaveBinomialProbabilities) {
  for (const auto& [size, share] :
       {std::pair(1, 0.5), std::pair(10, 0.25), std::pair(1'000, 0.001), std::pair(100'000, 0.3)}) {
    const CountTable table = CountTable::Binomial(size, share);
    const double mean = size * share;
    const double deviation = std::sqrt(mean * (1 - share));
    for (double z = -3; z <= 3; z += 0.5) {
      const double k = std::floor(mean + z * deviation);
      if (k >= 0) {
        EXPECT_NEAR(AtMost(table, static_cast<std::int64_t>(k)), BinomialAtMost(k, size, share),
                    1e-9);
      }
    }
  }
}

TEST(CountTableTest, PoissonTablesHavePoissonProbabilities) {
  // Sums of exp(-mean) mean^k / k!, as in tests/data/statistics.csv.
  EXPECT_NEAR(AtMost(CountTable::Poisson(1), 0), 0.3678794411714423, 1e-9);
  EXPECT_NEAR(AtMost(CountTable::Poisson(1), 3), 0.9810118431238461, 1e-9);
  EXPECT_NEAR(AtMost(CountTable::Poisson(100), 95), 0.3311917340353065, 1e-9);
  EXPECT_NEAR(AtMost(CountTable::Poisson(100), 110), 0.8528626515577303, 1e-9);
  EXPECT_NEAR(AtMost(CountTable::Poisson(25'000), 24'700), 0.0289173212207869, 1e-9);
}

TEST(CountTableTest, CertainOutcomesAreCertain) {
  EXPECT_EQ(CountTable::Binomial(7, 0).Draw(0xFFFFFFFF), 0);
  EXPECT_EQ(CountTable::Binomial(7, 1).Draw(0), 7);
  EXPECT_EQ(CountTable::Binomial(0, 0.5).Draw(12345), 0);
}

TEST(MultinomialTableTest, EveryDrawHasAsManyRowsAsThereAre) {
  const MultinomialTable table({3, 1, 96, 900'000, 1});
  std::vector<std::int64_t> drawn(5);
  for (std::uint32_t draw = 0; draw < 2'000; ++draw) {
    RandomSequence random({.seed = 1, .stream = 2}, draw);
    table.Draw(random, drawn);
    ASSERT_EQ(std::accumulate(drawn.begin(), drawn.end(), std::int64_t{0}), 900'101);
    ASSERT_THAT(drawn, testing::Each(testing::Ge(0)));
  }
}

// Means n p, variances n p (1 - p), covariances -n p q, within five standard errors.
TEST(MultinomialTableTest, CountsHaveMultinomialMoments) {
  const std::vector<std::int64_t> counts = {500, 300, 150, 50};
  const MultinomialTable table(counts);
  constexpr int kDraws = 40'000;
  std::vector<std::int64_t> drawn(4);
  double sum = 0;
  double square = 0;
  double product = 0;
  for (std::uint32_t draw = 0; draw < kDraws; ++draw) {
    RandomSequence random({.seed = 5, .stream = 6}, draw);
    table.Draw(random, drawn);
    const double second = static_cast<double>(drawn[1]) - 300;
    const double third = static_cast<double>(drawn[2]) - 150;
    sum += third;
    square += third * third;
    product += second * third;
  }
  const double variance = 1'000 * 0.15 * 0.85;
  EXPECT_NEAR(sum / kDraws, 0, 5 * std::sqrt(variance / kDraws));
  EXPECT_NEAR(square / kDraws, variance, 5 * variance * std::sqrt(2.0 / kDraws));
  EXPECT_NEAR(product / kDraws, -1'000 * 0.3 * 0.15,
              5 * std::sqrt(variance * 1'000 * 0.3 * 0.7 * 1.2 / kDraws));
}

}  // namespace
}  // namespace assay
