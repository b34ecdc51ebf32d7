#include "evaluators/statistics/sign_flip.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "evaluators/statistics/distributions.h"
#include "evaluators/statistics/paired_binary.h"

namespace assay {
namespace {

constexpr RandomSource kSource{.seed = 17, .stream = 4};

// Darwin's fifteen pairs of maize, in eighths of an inch: Fisher counted 863 + 863 of 2^15
// patterns.
TEST(SignFlipTest, CountsFishersPatternsOfDarwinsMaize) {
  const std::vector<double> differences = {49, -67, 8,  16, 6,  23, 28, 41,
                                           14, 29,  56, 24, 75, 60, -48};
  const SignFlip test = SignFlipTest(differences, kSource, 10'000);
  EXPECT_EQ(test.draws, 0);
  EXPECT_DOUBLE_EQ(test.p, 1726.0 / 32768);
}

// 0.1 + 0.2 and 0.3 differ in binary; the pattern is a tie all the same.
TEST(SignFlipTest, SumsEqualUpToRoundingAreTies) {
  const std::vector<double> differences = {0.1, 0.2, -0.3, 0.1, 0.2, 0.3};
  // Sum 0.6 of 1.2: by enumeration in tenths, |sum| >= 6 for 18 of 64 patterns.
  std::int64_t count = 0;
  const std::vector<int> tenths = {1, 2, 3, 1, 2, 3};
  for (unsigned pattern = 0; pattern < 64; ++pattern) {
    int sum = 0;
    for (unsigned i = 0; i < 6; ++i) {
      sum += (pattern >> i & 1U) != 0 ? -tenths[i] : tenths[i];
    }
    count += std::abs(sum) >= 6 ? 1 : 0;
  }
  EXPECT_DOUBLE_EQ(SignFlipTest(differences, kSource, 100).p, static_cast<double>(count) / 64);
}

TEST(SignFlipTest, NoDifferenceGivesOne) {
  EXPECT_EQ(SignFlipTest({}, kSource, 100).p, 1);
  EXPECT_EQ(SignFlipTest(std::vector<double>(50, 0.0), kSource, 100).p, 1);
}

TEST(SignFlipTest, ZerosDoNotCountAgainstTheExactTest) {
  std::vector<double> differences(1'000, 0.0);
  differences[3] = 1;
  differences[500] = 2;
  const SignFlip test = SignFlipTest(differences, kSource, 100);
  EXPECT_EQ(test.draws, 0);
  EXPECT_DOUBLE_EQ(test.p, 0.5);
}

// Differences of +1 and -1 make it the binomial test of McNemar.
TEST(SignFlipTest, TwentyChangesAreTestedExactly) {
  std::vector<double> differences(15, 1.0);
  differences.insert(differences.end(), 5, -1.0);
  const SignFlip test = SignFlipTest(differences, kSource, 100);
  EXPECT_EQ(test.draws, 0);
  EXPECT_NEAR(test.p, McNemarExactP(15, 5), 1e-13);
}

TEST(SignFlipTest, DrawnPAgreesWithTheBinomialTest) {
  std::vector<double> differences(60, 0.25);
  differences.insert(differences.end(), 40, -0.25);
  constexpr std::int64_t kDraws = 100'000;
  const SignFlip test = SignFlipTest(differences, kSource, kDraws);
  EXPECT_EQ(test.draws, kDraws);
  EXPECT_NEAR(test.p, McNemarExactP(60, 40), 4 * MonteCarloError(test.p, kDraws));
}

TEST(SignFlipTest, DrawnPIsNeverZero) {
  const SignFlip test = SignFlipTest(std::vector<double>(500, 1.0), kSource, 999);
  EXPECT_DOUBLE_EQ(test.p, 1.0 / 1'000);
}

TEST(SignFlipTest, TheUnitOfTheScoresDoesNotMatter) {
  std::vector<double> small;
  std::vector<double> large;
  for (int i = 0; i < 300; ++i) {
    const double difference = std::sin(i) + 0.05;
    small.push_back(std::ldexp(difference, -900));
    large.push_back(std::ldexp(difference, 900));
  }
  EXPECT_EQ(SignFlipTest(small, kSource, 2'000).p, SignFlipTest(large, kSource, 2'000).p);
}

}  // namespace
}  // namespace assay
