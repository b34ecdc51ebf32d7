#include "client/cpp/batch_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "assay/v1/batch.pb.h"

namespace assay::client {
namespace {

using testing::ElementsAre;

Column TextColumn(std::string name, const std::vector<std::string>& values) {
  Column column;
  column.name = std::move(name);
  column.type = ColumnType::kText;
  for (const std::string& value : values) {
    AppendText(column, value);
    ++column.num_rows;
  }
  return column;
}

Column RankingColumn() {
  Column column;
  column.name = "ranking";
  column.type = ColumnType::kRanking;
  column.num_rows = 2;
  column.list_offsets = {0, 2, 3};
  column.is_coded = true;
  column.codes = {2, 0, 2};
  column.text_offsets = {0, 2, 4, 6};
  column.text_bytes = "d1d2d3";
  column.doubles = {0.5, 0.25, 1.5};
  return column;
}

std::vector<Column> Roundtrip(const std::vector<Column>& columns) {
  v1::Batch batch;
  EncodeBatch(columns, batch);
  auto decoded = DecodeBatch(batch);
  EXPECT_TRUE(decoded.ok()) << decoded.status();
  return decoded.ok() ? *std::move(decoded) : std::vector<Column>();
}

TEST(BatchCodecTest, KeepsPlainText) {
  const std::vector<Column> decoded = Roundtrip({TextColumn("key", {"a", "", "ü"})});
  ASSERT_EQ(decoded.size(), 1U);
  EXPECT_EQ(decoded[0].name, "key");
  EXPECT_EQ(decoded[0].num_rows, 3);
  EXPECT_EQ(decoded[0].Text(1), "");
  EXPECT_EQ(decoded[0].Text(2), "ü");
}

TEST(BatchCodecTest, KeepsNumbersAndNulls) {
  Column column;
  column.name = "score.x";
  column.type = ColumnType::kFloat64;
  column.num_rows = 3;
  column.doubles = {1.5, 0, -0.0};
  column.validity = {0b101};
  const std::vector<Column> decoded = Roundtrip({column});
  ASSERT_EQ(decoded.size(), 1U);
  EXPECT_THAT(decoded[0].doubles, ElementsAre(1.5, 0, -0.0));
  EXPECT_TRUE(decoded[0].IsValid(0));
  EXPECT_FALSE(decoded[0].IsValid(1));
}

TEST(BatchCodecTest, KeepsVectors) {
  Column column;
  column.name = "features";
  column.type = ColumnType::kFloat32Vector;
  column.num_rows = 2;
  column.dimension = 2;
  column.floats = {1, 2, 3, 4};
  const std::vector<Column> decoded = Roundtrip({column});
  ASSERT_EQ(decoded.size(), 1U);
  EXPECT_EQ(decoded[0].dimension, 2);
  EXPECT_THAT(decoded[0].floats, ElementsAre(1, 2, 3, 4));
}

TEST(BatchCodecTest, KeepsRankings) {
  const std::vector<Column> decoded = Roundtrip({RankingColumn()});
  ASSERT_EQ(decoded.size(), 1U);
  EXPECT_TRUE(decoded[0].is_coded);
  EXPECT_EQ(decoded[0].Text(0), "d3");
  EXPECT_EQ(decoded[0].ListEnd(1), 3);
  EXPECT_THAT(decoded[0].doubles, ElementsAre(0.5, 0.25, 1.5));
}

TEST(BatchCodecTest, RefusesABufferOfTheWrongLength) {
  v1::Batch batch;
  EncodeBatch(std::vector<Column>{TextColumn("key", {"a", "b"})}, batch);
  batch.mutable_columns(0)->mutable_text_offsets()->resize(8);
  EXPECT_TRUE(absl::IsInternal(DecodeBatch(batch).status()));
}

TEST(BatchCodecTest, RefusesATypeThatItDoesNotKnow) {
  v1::Batch batch;
  batch.set_num_rows(1);
  batch.add_columns()->set_type(static_cast<v1::ColumnType>(99));
  EXPECT_TRUE(absl::IsInternal(DecodeBatch(batch).status()));
}

TEST(BatchCodecTest, TakesABatchWithoutRows) {
  v1::Batch batch;
  v1::Column& column = *batch.add_columns();
  column.set_name("key");
  column.set_type(v1::COLUMN_TYPE_TEXT);
  const auto decoded = DecodeBatch(batch);
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ((*decoded)[0].num_rows, 0);
}

TEST(EncodedBytesTest, CountsEveryBuffer) {
  const std::vector<Column> columns = {RankingColumn()};
  // Three offsets, three codes, four entry offsets, six letters, three doubles.
  EXPECT_EQ(EncodedBytes(columns), 3 * 4 + 3 * 4 + 4 * 4 + 6 + 3 * 8);
}

TEST(WithUsedDictionaryTest, DropsEntriesThatNoCodeNames) {
  const Column column = WithUsedDictionary(RankingColumn());
  EXPECT_EQ(column.text_bytes, "d3d1");
  EXPECT_THAT(column.codes, ElementsAre(0, 1, 0));
  EXPECT_EQ(column.Text(0), "d3");
  EXPECT_EQ(column.Text(1), "d1");
}

}  // namespace
}  // namespace assay::client
