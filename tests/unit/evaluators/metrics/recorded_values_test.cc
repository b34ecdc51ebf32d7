#include "evaluators/metrics/recorded_values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::unique_ptr<const Evaluator> Make(const std::string& spec) {
  absl::StatusOr<std::unique_ptr<const Evaluator>> evaluator = MakeEvaluator(spec);
  EXPECT_TRUE(evaluator.ok()) << evaluator.status().ToString();
  return *std::move(evaluator);
}

TEST(LatencyTest, LowerIsBetterInMicroseconds) {
  const auto evaluator = Make("latency");
  const MetricDescriptor& metric = evaluator->metrics()[0];
  EXPECT_EQ(metric.id, "latency_us");
  EXPECT_EQ(metric.direction, Direction::kLower);
  EXPECT_EQ(metric.unit, "us");
}

TEST(LatencyTest, TakesWholeMicroseconds) {
  Column latency = MakeColumn(ColumnType::kInt64);
  latency.num_rows = 2;
  latency.int64s = {1500, 0};
  latency.validity = {0x01};
  const Rows rows = {.examples = {}, .outputs = {{"latency_us", latency}}};
  EXPECT_THAT(rows.Score(*Make("latency")).at("latency_us"), ElementsAre(1500.0, std::nullopt));
}

TEST(CostTest, NanAndInfinityAreUndefined) {
  const Rows rows = {
      .examples = {},
      .outputs = {{"cost", DoubleColumn({0.25, std::numeric_limits<double>::quiet_NaN(),
                                         std::numeric_limits<double>::infinity()})}}};
  EXPECT_THAT(rows.Score(*Make("cost")).at("cost"), ElementsAre(0.25, std::nullopt, std::nullopt));
}

TEST(ScoreTest, EachColumnIsAMetricOfItsName) {
  const Rows rows = {.examples = {},
                     .outputs = {{"score.judge", DoubleColumn({0.5, std::nullopt})},
                                 {"score.toxicity", DoubleColumn({0.1, 0.2})}}};
  const auto evaluator = Make("score:toxicity:lower,judge");
  EXPECT_EQ(evaluator->spec(), "score:judge,toxicity:lower");
  EXPECT_EQ(evaluator->metrics()[0].direction, Direction::kHigher);
  EXPECT_EQ(evaluator->metrics()[1].direction, Direction::kLower);
  const auto scores = rows.Score(*evaluator);
  EXPECT_THAT(scores.at("score.judge"), ElementsAre(0.5, std::nullopt));
  EXPECT_THAT(scores.at("score.toxicity"), ElementsAre(0.1, 0.2));
}

TEST(ScoreTest, NamesAMissingColumn) {
  const Rows rows = {.examples = {}, .outputs = {{"score.judge", DoubleColumn({0.5})}}};
  EXPECT_EQ(Make("score:other")->Check(rows.Types()).message(),
            "output column 'score.other': missing");
}

TEST(ScoreTest, RefusesBothDirections) {
  EXPECT_THAT(MakeEvaluator("score:a,a:lower").status().message(),
              HasSubstr("cannot be both higher and lower"));
}

TEST(ScoreTest, RefusesAnotherDirection) {
  EXPECT_THAT(MakeEvaluator("score:a:down").status().message(),
              HasSubstr("must be NAME, NAME:higher or NAME:lower"));
}

TEST(ScoreTest, NeedsColumns) {
  EXPECT_EQ(MakeEvaluator("score").status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace assay
