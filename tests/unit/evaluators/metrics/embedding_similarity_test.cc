#include "evaluators/metrics/embedding_similarity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "evaluators/registry.h"
#include "tests/unit/evaluators/column_makers.h"

namespace assay {
namespace {

using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Optional;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

std::unique_ptr<const Evaluator> Make() {
  absl::StatusOr<std::unique_ptr<const Evaluator>> evaluator =
      MakeEvaluator("embedding_similarity");
  EXPECT_TRUE(evaluator.ok()) << evaluator.status().ToString();
  return *std::move(evaluator);
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

TEST(EmbeddingSimilarityTest, MeasuresCosineDistanceAndNormRatio) {
  const Rows rows = {.examples = {{"reference_embedding", FloatVectorColumn(2, {3, 4, 1, 0})}},
                     .outputs = {{"embedding", FloatVectorColumn(2, {6, 8, 0, 0.5F})}}};
  const auto scores = rows.Score(*Make());
  EXPECT_THAT(scores.at("cosine"), ElementsAre(Optional(DoubleEq(1)), Optional(DoubleEq(0))));
  EXPECT_THAT(scores.at("l2"),
              ElementsAre(Optional(DoubleEq(5)), Optional(DoubleEq(std::sqrt(1.25)))));
  EXPECT_THAT(scores.at("norm_ratio"), ElementsAre(Optional(DoubleEq(2)), Optional(DoubleEq(0.5))));
}

TEST(EmbeddingSimilarityTest, ComputesOnlyWhatIsAskedFor) {
  const auto evaluator = MakeEvaluator("embedding_similarity:norm_ratio,l2");
  ASSERT_TRUE(evaluator.ok());
  EXPECT_EQ((*evaluator)->spec(), "embedding_similarity:l2,norm_ratio");
  EXPECT_THAT((*evaluator)->metrics(), SizeIs(2));
}

TEST(EmbeddingSimilarityTest, CountsVectorsWithoutADirection) {
  Column embedding = FloatVectorColumn(2, {0, 0, kNan, 0, -kInfinity, 1, 0, 0});
  embedding.validity = {0x07};
  const Rows rows = {
      .examples = {{"reference_embedding", FloatVectorColumn(2, {1, 0, 1, 0, 0, 0, 1, 0})}},
      .outputs = {{"embedding", embedding}}};
  EXPECT_THAT(Make()->Counts(rows.Batch()),
              ElementsAre(Pair("embedding is zero", 1), Pair("embedding holds NaN or infinity", 2),
                          Pair("reference embedding is zero", 1),
                          Pair("reference embedding holds NaN or infinity", 0)));
}

TEST(EmbeddingSimilarityTest, NamesTheMetricsThereAre) {
  EXPECT_THAT(MakeEvaluator("embedding_similarity:angle").status().message(),
              HasSubstr("there are cosine, l2 and norm_ratio"));
}

TEST(EmbeddingSimilarityTest, RefusesUnequalDimensions) {
  const Rows rows = {.examples = {{"reference_embedding", FloatVectorColumn(2, {1, 0})}},
                     .outputs = {{"embedding", FloatVectorColumn(1, {1})}}};
  std::vector<ScoreColumn> scores(3);
  const absl::Status status = Make()->Score(rows.Batch(), scores);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(status.message(), HasSubstr("has 1 components, 'reference_embedding' has 2"));
  EXPECT_EQ(Make()->Check(rows.Types()), status);  // already before the first row
}

TEST(EmbeddingNormTest, IsTheEuclideanNormAndUndefinedWithoutADirection) {
  Column embedding = FloatVectorColumn(2, {3, 4, 0, 0, kNan, 1, 1e20F, 0, 1, 1});
  embedding.validity = {0x0f};
  const Rows rows = {.examples = {}, .outputs = {{"embedding", embedding}}};
  const auto evaluator = MakeEvaluator("embedding_norm");
  ASSERT_TRUE(evaluator.ok()) << evaluator.status();
  EXPECT_THAT(rows.Score(**evaluator).at("embedding_norm"),
              ElementsAre(Optional(5.0), std::nullopt, std::nullopt, Optional(DoubleEq(1e20F)),
                          std::nullopt));
  EXPECT_THAT(
      (*evaluator)->Counts(rows.Batch()),
      ElementsAre(Pair("embedding is zero", 1), Pair("embedding holds NaN or infinity", 1)));
}

TEST(EmbeddingSimilarityTest, NamesAColumnThatHoldsNoVectors) {
  const Rows rows = {.examples = {{"reference_embedding", FloatVectorColumn(2, {1, 0})}},
                     .outputs = {{"embedding", TextColumn({"1 0"})}}};
  EXPECT_EQ(Make()->Check(rows.Types()).message(),
            "output column 'embedding': is text, must be float32_vector or float64_vector");
}

}  // namespace
}  // namespace assay
