#include "server/ingest/checked_batch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/base/key_hash.h"
#include "tests/support/columns_builder.h"

namespace assay::ingest {
namespace {

using test::CodedTextColumn;
using test::Float32VectorColumn;
using test::Float64Column;
using test::Float64VectorColumn;
using test::Int64Column;
using test::RankingColumn;
using test::TextColumn;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Optional;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::optional<BatchFault> FaultOf(RowKind kind, std::vector<Column> columns,
                                  std::int64_t num_rows) {
  const store::Table table =
      kind == RowKind::kDocument ? store::Table::kDocuments : store::Table::kRows;
  return CheckBatch(kind, table, std::move(columns), num_rows).fault;
}

auto IsFault(const std::string& column, std::int64_t row, const std::string& problem) {
  return Optional(AllOf(Field("column", &BatchFault::column, column),
                        Field("row", &BatchFault::row, row),
                        Field("problem", &BatchFault::problem, HasSubstr(problem))));
}

TEST(CheckBatchTest, AcceptsAWellFormedBatch) {
  const CheckedBatch batch =
      CheckBatch(RowKind::kExample, store::Table::kRows,
                 {TextColumn("key", {"a", "b"}), CodedTextColumn("label", {"x", std::nullopt})}, 2);
  EXPECT_EQ(batch.fault, std::nullopt);
  EXPECT_THAT(batch.key_hashes, ElementsAre(KeyHash("a"), KeyHash("b")));
}

TEST(CheckBatchTest, HashesCodedKeysAsPlainOnes) {
  const CheckedBatch batch =
      CheckBatch(RowKind::kExample, store::Table::kRows, {CodedTextColumn("key", {"b", "a"})}, 2);
  EXPECT_THAT(batch.key_hashes, ElementsAre(KeyHash("b"), KeyHash("a")));
}

TEST(CheckBatchTest, RefusesABatchWithoutKeys) {
  EXPECT_THAT(FaultOf(RowKind::kExample, {TextColumn("label", {"x"})}, 1),
              IsFault("key", -1, "missing"));
}

TEST(CheckBatchTest, NamesTheRowOfANullKey) {
  EXPECT_THAT(FaultOf(RowKind::kExample, {TextColumn("key", {"a", std::nullopt, "c"})}, 3),
              IsFault("key", 1, "null"));
}

TEST(CheckBatchTest, NamesTheRowOfAnEmptyKey) {
  EXPECT_THAT(FaultOf(RowKind::kDocument, {TextColumn("key", {"a", "b", ""})}, 3),
              IsFault("key", 2, "empty"));
  EXPECT_THAT(FaultOf(RowKind::kOutput, {CodedTextColumn("key", {"a", "", "a"})}, 3),
              IsFault("key", 1, "empty"));
}

TEST(CheckBatchTest, RefusesColumnsOfUnequalLength) {
  EXPECT_THAT(
      FaultOf(RowKind::kExample, {TextColumn("key", {"a", "b"}), TextColumn("label", {"x"})}, 2),
      IsFault("label", -1, "has 1 rows, the batch 2"));
}

TEST(CheckBatchTest, RefusesAColumnTwice) {
  EXPECT_THAT(
      FaultOf(RowKind::kExample,
              {TextColumn("key", {"a"}), TextColumn("x", {"1"}), TextColumn("x", {"2"})}, 1),
      IsFault("x", -1, "there twice"));
}

TEST(CheckBatchTest, RefusesABatchWithoutRows) {
  EXPECT_THAT(FaultOf(RowKind::kExample, {TextColumn("key", {})}, 0),
              IsFault("", -1, "0 rows, 1 to 65536 are allowed"));
}

TEST(CheckBatchTest, RefusesTooManyRows) {
  EXPECT_THAT(FaultOf(RowKind::kExample, {}, 65'537), IsFault("", -1, "65537 rows"));
}

TEST(CheckBatchTest, RefusesTooManyColumns) {
  std::vector<Column> columns = {TextColumn("key", {"a"})};
  for (std::size_t i = 0; i < kMaxColumns; ++i) {
    columns.push_back(Float64Column("c" + std::to_string(i), {1.0}));
  }
  EXPECT_THAT(FaultOf(RowKind::kExample, std::move(columns), 1), IsFault("", -1, "1025 columns"));
}

TEST(CheckBatchTest, RefusesDocumentsAmongOutputs) {
  const CheckedBatch batch =
      CheckBatch(RowKind::kOutput, store::Table::kDocuments, {TextColumn("key", {"a"})}, 1);
  EXPECT_THAT(batch.fault, IsFault("", -1, "outputs have no documents"));
}

TEST(CheckBatchTest, NamesTheRowOfInvalidUtf8) {
  EXPECT_THAT(FaultOf(RowKind::kExample,
                      {TextColumn("key", {"a", "b"}), TextColumn("label", {"x", "\xC3("})}, 2),
              IsFault("label", 1, "UTF-8"));
}

TEST(CheckBatchTest, NamesTheRowOfFeaturesThatAreNotFinite) {
  EXPECT_THAT(
      FaultOf(RowKind::kExample,
              {TextColumn("key", {"a", "b"}),
               Float32VectorColumn(
                   "features", 3, {{{0, 1, 2}}, {{3, std::numeric_limits<float>::infinity(), 5}}})},
              2),
      IsFault("features", 1, "infinity at component 1"));
}

TEST(CheckBatchTest, FindsTheFirstNotFiniteAmongMany) {
  std::vector<std::optional<std::string>> keys;
  test::Rows<double> costs;
  for (int i = 0; i < 1000; ++i) {
    keys.emplace_back(std::to_string(i));
    costs.emplace_back(i == 777 ? -kInfinity : i == 900 ? kNan : 1e308);
  }
  EXPECT_THAT(
      FaultOf(RowKind::kOutput, {TextColumn("key", keys), Float64Column("cost", costs)}, 1000),
      IsFault("cost", 777, "-infinity; send null"));
}

TEST(CheckBatchTest, RefusesNanWhereNullIsMeant) {
  for (const std::string name : {"latency_us", "cost", "score.judge"}) {
    EXPECT_THAT(FaultOf(RowKind::kOutput,
                        {TextColumn("key", {"a", "b"}), Float64Column(name, {1.0, kNan})}, 2),
                IsFault(name, 1, "NaN; send null where there is no value"));
  }
}

TEST(CheckBatchTest, DoesNotLookAtNumbersUnderNullRows) {
  Column latency = Float64Column("latency_us", {1.0, std::nullopt});
  latency.doubles[1] = kNan;
  EXPECT_EQ(FaultOf(RowKind::kOutput, {TextColumn("key", {"a", "b"}), latency}, 2), std::nullopt);
}

TEST(CheckBatchTest, KeepsWhatAModelDidThoughItIsNotFinite) {
  EXPECT_EQ(
      FaultOf(RowKind::kOutput,
              {TextColumn("key", {"a"}), Float64VectorColumn("logits", 2, {{{kNan, 1.0}}}),
               Float32VectorColumn("embedding", 1, {{{std::numeric_limits<float>::quiet_NaN()}}})},
              1),
      std::nullopt);
}

TEST(CheckBatchTest, TakesInfiniteRankingScoresButNoNan) {
  EXPECT_EQ(FaultOf(RowKind::kOutput,
                    {TextColumn("key", {"q"}),
                     RankingColumn("ranking", {{{{"d1", kInfinity}, {"d2", -kInfinity}}}})},
                    1),
            std::nullopt);
  EXPECT_THAT(FaultOf(RowKind::kOutput,
                      {TextColumn("key", {"q"}), RankingColumn("ranking", {{{{"d1", kNan}}}})}, 1),
              IsFault("ranking", 0, "NaN"));
}

TEST(CheckBatchTest, RefusesADocumentTwiceInARanking) {
  EXPECT_THAT(FaultOf(RowKind::kOutput,
                      {TextColumn("key", {"q", "r"}),
                       RankingColumn("ranking", {{{{"d", 1.0}}}, {{{"d", 1.0}, {"d", 2.0}}}})},
                      2),
              IsFault("ranking", 1, "twice"));
}

TEST(CheckBatchTest, RefusesANullRepetition) {
  EXPECT_THAT(
      FaultOf(RowKind::kOutput,
              {TextColumn("key", {"a", "b"}), Int64Column("repetition", {0, std::nullopt})}, 2),
      IsFault("repetition", 1, "null"));
}

TEST(CheckBatchTest, ComputesNoKeyHashesForAFaultyBatch) {
  EXPECT_THAT(CheckBatch(RowKind::kExample, store::Table::kRows,
                         {TextColumn("key", {"a"}), TextColumn("label", {"\xFF"})}, 1)
                  .key_hashes,
              IsEmpty());
}

TEST(CheckBatchTest, GivesEqualBatchesEqualContent) {
  const auto content = [](const std::string& label) {
    return CheckBatch(RowKind::kExample, store::Table::kRows,
                      {TextColumn("key", {"a", "b"}), TextColumn("label", {"x", label})}, 2)
        .content;
  };
  EXPECT_EQ(content("y"), content("y"));
  EXPECT_NE(content("y"), content("z"));
}

TEST(CheckBatchTest, TellsBuffersThatRunTogetherApart) {
  const auto content = [](const std::string& first, const std::string& second) {
    return CheckBatch(RowKind::kExample, store::Table::kRows,
                      {TextColumn("key", {first}), TextColumn("label", {second})}, 1)
        .content;
  };
  EXPECT_NE(content("ab", "c"), content("a", "bc"));
}

TEST(CheckBatchTest, TellsTheTablesApart) {
  const std::vector<Column> columns = {TextColumn("key", {"a"})};
  EXPECT_NE(CheckBatch(RowKind::kExample, store::Table::kRows, columns, 1).content,
            CheckBatch(RowKind::kDocument, store::Table::kDocuments, columns, 1).content);
}

}  // namespace
}  // namespace assay::ingest
