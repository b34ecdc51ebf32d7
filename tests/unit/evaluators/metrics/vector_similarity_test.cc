#include "evaluators/metrics/vector_similarity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <random>
#include <span>
#include <vector>

#include "tests/unit/evaluators/kernels/levels.h"

namespace assay {
namespace {

using ::testing::DoubleEq;
using ::testing::DoubleNear;
using ::testing::Optional;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

std::optional<VectorSimilarity> CompareFloats(const std::vector<float>& a,
                                              const std::vector<float>& b) {
  return CompareVectors(std::span(a), std::span(b));
}

std::optional<VectorSimilarity> CompareDoubles(const std::vector<double>& a,
                                               const std::vector<double>& b) {
  return CompareVectors(std::span(a), std::span(b));
}

template <typename Similarity>
std::optional<double> CosineIn(const Similarity& similarity) {
  return similarity ? std::optional(similarity->cosine) : std::nullopt;
}

std::optional<double> CosineOfFloats(const std::vector<float>& a, const std::vector<float>& b) {
  return CosineIn(CompareFloats(a, b));
}

std::optional<double> CosineOfDoubles(const std::vector<double>& a, const std::vector<double>& b) {
  return CosineIn(CompareDoubles(a, b));
}

TEST(CosineTest, OfKnownVectors) {
  EXPECT_THAT(CosineOfFloats({3, 4}, {4, 3}), Optional(DoubleEq(0.96)));
}

TEST(CosineTest, OfAVectorWithItselfIsWithinRange) {
  const std::vector<float> vector(768, 0.1F);
  EXPECT_THAT(CosineOfFloats(vector, vector), Optional(DoubleEq(1.0)));
  EXPECT_LE(*CosineOfFloats(vector, vector), 1.0);
}

TEST(CosineTest, OfOppositeVectorsIsWithinRange) {
  std::mt19937 random(4);
  std::normal_distribution<float> normal;
  for (int round = 0; round < 200; ++round) {
    std::vector<float> a(33);
    std::vector<float> b;
    for (float& x : a) {
      x = normal(random);
      b.push_back(-x);
    }
    ASSERT_GE(*CosineOfFloats(a, b), -1.0);
    ASSERT_THAT(CosineOfFloats(a, b), Optional(DoubleNear(-1.0, 1e-15)));
  }
}

TEST(CosineTest, AgreesWithALongSumForEveryLength) {
  std::mt19937 random(5);
  std::normal_distribution<float> normal;
  for (std::size_t size = 1; size < 70; ++size) {
    std::vector<float> a(size);
    std::vector<double> b(size);
    long double ab = 0;
    long double aa = 0;
    long double bb = 0;
    for (std::size_t i = 0; i < size; ++i) {
      a[i] = normal(random);
      b[i] = normal(random);
      ab += static_cast<long double>(a[i]) * b[i];
      aa += static_cast<long double>(a[i]) * a[i];
      bb += static_cast<long double>(b[i]) * b[i];
    }
    const auto expected = static_cast<double>(ab / std::sqrt(aa * bb));
    ASSERT_THAT(CosineIn(CompareVectors(std::span<const float>(a), std::span<const double>(b))),
                Optional(DoubleNear(expected, 1e-14)));
    ASSERT_THAT(CosineIn(CompareVectors(std::span<const double>(b), std::span<const float>(a))),
                Optional(DoubleNear(expected, 1e-14)));
  }
}

TEST(CosineTest, OfAZeroVectorIsAbsent) {
  EXPECT_EQ(CosineOfFloats({0, 0}, {1, 2}), std::nullopt);
  EXPECT_EQ(CosineOfFloats({1, 2}, {0, -0.0F}), std::nullopt);
}

TEST(CosineTest, OfNanOrInfinityIsAbsent) {
  EXPECT_EQ(CosineOfFloats({1, kNan}, {1, 2}), std::nullopt);
  EXPECT_EQ(CosineOfFloats({1, 2}, {1, -kInfinity}), std::nullopt);
  EXPECT_EQ(CosineOfFloats({0, kNan}, {0, 0}), std::nullopt);
}

TEST(CosineTest, OfTinyAndHugeFloatsDoesNotUnderflowOrOverflow) {
  EXPECT_THAT(CosineOfFloats({1e-25F, 0}, {1e-25F, 0}), Optional(DoubleEq(1.0)));
  EXPECT_THAT(CosineOfFloats({1e20F, 1e20F}, {1e20F, 1e20F}), Optional(DoubleEq(1.0)));
}

TEST(CosineTest, OfTinyAndHugeDoublesDoesNotUnderflowOrOverflow) {
  EXPECT_THAT(CosineOfDoubles({3e-300, 4e-300}, {4e-320, 3e-320}),
              Optional(DoubleNear(0.96, 1e-3)));
  EXPECT_THAT(CosineOfDoubles({3e300, 4e300}, {4e300, 3e300}), Optional(DoubleEq(0.96)));
}

TEST(VectorSimilarityTest, DistanceAndNormsOfKnownVectors) {
  const std::optional<VectorSimilarity> similarity = CompareFloats({3, 4}, {0, 10});
  ASSERT_TRUE(similarity.has_value());
  EXPECT_DOUBLE_EQ(similarity->norm_a, 5);
  EXPECT_DOUBLE_EQ(similarity->norm_b, 10);
  EXPECT_DOUBLE_EQ(similarity->l2, std::sqrt(45.0));
}

// |a|^2 + |b|^2 - 2 ab would be 0 or worse here.
TEST(VectorSimilarityTest, TheDistanceOfNearlyEqualVectorsIsExact) {
  const std::optional<VectorSimilarity> similarity = CompareDoubles({1, 1e8}, {1, 1e8 + 1e-6});
  ASSERT_TRUE(similarity.has_value());
  EXPECT_NEAR(similarity->l2, 1e-6, 1e-8);
}

TEST(VectorSimilarityTest, DistanceAndNormsOfTinyAndHugeDoublesStayInRange) {
  const std::optional<VectorSimilarity> huge = CompareDoubles({3e300, 4e300}, {0, 4e300});
  ASSERT_TRUE(huge.has_value());
  EXPECT_DOUBLE_EQ(huge->norm_a, 5e300);
  EXPECT_DOUBLE_EQ(huge->l2, 3e300);
  const std::optional<VectorSimilarity> tiny = CompareDoubles({3e-200, 4e-200}, {3e-200, 0});
  ASSERT_TRUE(tiny.has_value());
  EXPECT_DOUBLE_EQ(tiny->norm_a, 5e-200);
  EXPECT_DOUBLE_EQ(tiny->l2, 4e-200);
}

TEST(VectorSimilarityTest, TheBitsAreTheSameAtEveryLevel) {
  const LevelScope restore;
  std::mt19937 random(6);
  std::normal_distribution<float> normal;
  for (std::size_t size = 1; size < 300; size += 7) {
    std::vector<float> a(size);
    std::vector<double> b(size);
    for (std::size_t i = 0; i < size; ++i) {
      a[i] = normal(random);
      b[i] = normal(random);
    }
    const auto compare = [&] {
      return *CompareVectors(std::span<const float>(a), std::span<const double>(b));
    };
    ASSERT_TRUE(SelectIsa(Isa::kBaseline));
    const VectorSimilarity expected = compare();
    for (const Isa isa : Levels()) {
      ASSERT_TRUE(SelectIsa(isa));
      ASSERT_EQ(compare(), expected) << IsaName(isa) << ' ' << size;
    }
  }
}

TEST(StateOfTest, SaysWhyAVectorHasNoDirection) {
  EXPECT_EQ(StateOf(std::vector<float>{0, -0.0F}), VectorState::kZero);
  EXPECT_EQ(StateOf(std::vector<float>{0, kNan}), VectorState::kNotFinite);
  EXPECT_EQ(StateOf(std::vector<float>{-kInfinity, 1}), VectorState::kNotFinite);
  EXPECT_EQ(StateOf(std::vector<float>{0, 1e-45F}), VectorState::kUsable);
  EXPECT_EQ(StateOf(std::vector<double>{0, 1e-320}), VectorState::kUsable);
  EXPECT_EQ(StateOf(std::vector<double>{1e308, -1e308}), VectorState::kUsable);
}

}  // namespace
}  // namespace assay
