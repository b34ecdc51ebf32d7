#include "evaluators/kernels/linear_algebra.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <vector>

#include "tests/unit/evaluators/kernels/levels.h"

namespace assay {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(SymmetricEigenvaluesTest, AreThoseOfAKnownMatrixAtEveryLevel) {
  const LevelScope restore;
  for (const Isa isa : Levels()) {
    ASSERT_TRUE(SelectIsa(isa));
    EXPECT_THAT(SymmetricEigenvalues(std::vector<double>{2, 1, 0, 1, 2, 0, 0, 0, 5}, 3),
                ElementsAre(DoubleNear(1, 1e-14), DoubleNear(3, 1e-14), DoubleNear(5, 1e-14)));
  }
}

TEST(SymmetricEigenvaluesTest, OfNanAreNone) {
  const std::vector<double> matrix = {1, std::numeric_limits<double>::quiet_NaN(), 0, 1};
  EXPECT_THAT(SymmetricEigenvalues(matrix, 2), IsEmpty());
}

TEST(NearestOrthogonalTest, OfAScaledRotationIsTheRotation) {
  const LevelScope restore;
  for (const Isa isa : Levels()) {
    ASSERT_TRUE(SelectIsa(isa));
    const OrthogonalFit fit = NearestOrthogonal(std::vector<double>{0, -3, 3, 0}, 2);
    EXPECT_THAT(fit.rotation, ElementsAre(DoubleNear(0, 1e-15), DoubleNear(-1, 1e-15),
                                          DoubleNear(1, 1e-15), DoubleNear(0, 1e-15)));
    EXPECT_DOUBLE_EQ(fit.sum_singular_values, 6);
  }
}

TEST(NearestOrthogonalTest, HasOrthonormalRowsForAnyMatrix) {
  const LevelScope restore;
  constexpr std::size_t kSize = 40;
  std::mt19937 random(3);
  std::normal_distribution<double> normal;
  std::vector<double> matrix(kSize * kSize);
  for (std::size_t i = 0; i < matrix.size(); ++i) {
    matrix[i] = i % kSize < 30 ? normal(random) : 0;  // of rank 30
  }
  for (const Isa isa : Levels()) {
    ASSERT_TRUE(SelectIsa(isa));
    const std::vector<double> rotation = NearestOrthogonal(matrix, kSize).rotation;
    ASSERT_EQ(rotation.size(), matrix.size());
    for (std::size_t a = 0; a < kSize; ++a) {
      for (std::size_t b = 0; b < kSize; ++b) {
        double product = 0;
        for (std::size_t k = 0; k < kSize; ++k) {
          product += rotation[a * kSize + k] * rotation[b * kSize + k];
        }
        ASSERT_NEAR(product, a == b ? 1 : 0, 1e-13);
      }
    }
  }
}

TEST(NearestOrthogonalTest, OfInfinityIsNone) {
  const std::vector<double> matrix = {1, std::numeric_limits<double>::infinity(), 0, 1};
  EXPECT_THAT(NearestOrthogonal(matrix, 2).rotation, IsEmpty());
}

}  // namespace
}  // namespace assay
