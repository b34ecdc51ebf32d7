#include "evaluators/metrics/embedding_similarity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "evaluators/metrics/cosine.h"
#include "evaluators/registry.h"
#include "tests/unit/evaluators/column_makers.h"

namespace assay {
namespace {

using ::testing::DoubleEq;
using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Optional;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

std::unique_ptr<const Evaluator> Make() {
  absl::StatusOr<std::unique_ptr<const Evaluator>> evaluator =
      MakeEvaluator("embedding_similarity");
  EXPECT_TRUE(evaluator.ok()) << evaluator.status().ToString();
  return *std::move(evaluator);
}

std::optional<double> CosineOfFloats(const std::vector<float>& a, const std::vector<float>& b) {
  return Cosine(std::span<const float>(a), std::span<const float>(b));
}

std::optional<double> CosineOfDoubles(const std::vector<double>& a, const std::vector<double>& b) {
  return Cosine(std::span<const double>(a), std::span<const double>(b));
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
    ASSERT_THAT(Cosine(std::span<const float>(a), std::span<const double>(b)),
                Optional(DoubleNear(expected, 1e-14)));
    ASSERT_THAT(Cosine(std::span<const double>(b), std::span<const float>(a)),
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

TEST(EmbeddingSimilarityTest, ScoresFloatsAgainstDoubles) {
  const Rows rows = {.examples = {{"reference_embedding", DoubleVectorColumn(2, {1, 0, 1, 1})}},
                     .outputs = {{"embedding", FloatVectorColumn(2, {0, 1, 2, 2})}}};
  EXPECT_THAT(rows.Score(*Make()).at("cosine"),
              ElementsAre(Optional(0.0), Optional(DoubleEq(1.0))));
}

TEST(EmbeddingSimilarityTest, AMissingOrZeroVectorIsUndefined) {
  Column embedding = FloatVectorColumn(2, {0, 0, 1, 0, 0, 0});
  embedding.validity = {0x03};
  const Rows rows = {
      .examples = {{"reference_embedding", FloatVectorColumn(2, {1, 0, 1, 0, 1, 0})}},
      .outputs = {{"embedding", embedding}}};
  EXPECT_THAT(rows.Score(*Make()).at("cosine"),
              ElementsAre(std::nullopt, Optional(1.0), std::nullopt));
}

TEST(EmbeddingSimilarityTest, RefusesUnequalDimensions) {
  const Rows rows = {.examples = {{"reference_embedding", FloatVectorColumn(2, {1, 0})}},
                     .outputs = {{"embedding", FloatVectorColumn(1, {1})}}};
  std::vector<ScoreColumn> scores(1);
  const absl::Status status = Make()->Score(rows.Batch(), scores);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(status.message(), HasSubstr("has 1 components, 'reference_embedding' has 2"));
}

TEST(EmbeddingSimilarityTest, NamesAColumnThatHoldsNoVectors) {
  const Rows rows = {.examples = {{"reference_embedding", FloatVectorColumn(2, {1, 0})}},
                     .outputs = {{"embedding", TextColumn({"1 0"})}}};
  EXPECT_EQ(Make()->Check(rows.Types()).message(),
            "output column 'embedding': is text, must be float32_vector or float64_vector");
}

}  // namespace
}  // namespace assay
