#include "server/ingest/upload_content.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "server/store/chunk_codec.h"
#include "tests/support/columns_builder.h"

namespace assay::ingest {
namespace {

using test::CodedTextColumn;
using test::Float64Column;
using test::TextColumn;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::SizeIs;

constexpr auto kRows = store::Table::kRows;

std::vector<Column> MakeRows(std::int64_t begin, std::int64_t end) {
  test::Rows<std::string> keys;
  test::Rows<std::string> labels;
  test::Rows<double> numbers;
  for (std::int64_t row = begin; row < end; ++row) {
    keys.emplace_back("key" + std::to_string(row));
    labels.push_back(row % 7 == 0 ? std::nullopt
                                  : std::optional<std::string>("label" + std::to_string(row % 5)));
    numbers.emplace_back(static_cast<double>(row) / 3.0);
  }
  return {TextColumn("key", keys), CodedTextColumn("label", labels),
          Float64Column("number", numbers)};
}

CheckedBatch MakeBatch(std::int64_t begin, std::int64_t end) {
  return CheckBatch(RowKind::kExample, kRows, MakeRows(begin, end), end - begin);
}

std::vector<std::int64_t> RowsOf(const store::ColumnChunks& column) {
  std::vector<std::int64_t> rows;
  for (const store::EncodedChunk& chunk : column.chunks) {
    rows.push_back(chunk.num_rows);
  }
  return rows;
}

store::Digest DigestOf(const UploadContent& content) {
  return store::ContentDigest(content.num_rows(kRows), 0, content.Columns());
}

TEST(UploadContentTest, CutsABatchIntoChunks) {
  UploadContent content(store::UploadKind::kDataset);
  const auto written = content.Add(MakeBatch(0, 10'000));
  ASSERT_TRUE(written.ok());
  ASSERT_THAT(*written, SizeIs(3));
  for (const store::ColumnChunks& column : *written) {
    EXPECT_EQ(column.first_chunk, 0);
    EXPECT_THAT(RowsOf(column), ElementsAre(4096, 4096, 1808));
  }
}

TEST(UploadContentTest, ReplacesTheShortLastChunk) {
  UploadContent content(store::UploadKind::kDataset);
  ASSERT_TRUE(content.Add(MakeBatch(0, 5000)).ok());
  const auto written = content.Add(MakeBatch(5000, 9000));
  ASSERT_TRUE(written.ok());
  EXPECT_THAT(*written, Each(Field(&store::ColumnChunks::first_chunk, 1)));
  EXPECT_THAT(RowsOf(written->front()), ElementsAre(4096, 808));
  const absl::StatusOr<Column> keys = store::DecodeChunk(written->front().chunks.front().bytes);
  ASSERT_TRUE(keys.ok());
  EXPECT_EQ(keys->Text(0), "key4096");
  EXPECT_EQ(keys->Text(904), "key5000");
  EXPECT_EQ(keys->Text(4095), "key8191");
}

TEST(UploadContentTest, GrowsAChunkThatStaysShort) {
  UploadContent content(store::UploadKind::kDataset);
  ASSERT_TRUE(content.Add(MakeBatch(0, 10)).ok());
  const auto written = content.Add(MakeBatch(10, 30));
  ASSERT_TRUE(written.ok());
  EXPECT_EQ(written->front().first_chunk, 0);
  EXPECT_THAT(RowsOf(written->front()), ElementsAre(30));
}

TEST(UploadContentTest, StartsANewChunkAfterAFullOne) {
  UploadContent content(store::UploadKind::kDataset);
  ASSERT_TRUE(content.Add(MakeBatch(0, 4096)).ok());
  const auto written = content.Add(MakeBatch(4096, 4097));
  ASSERT_TRUE(written.ok());
  EXPECT_EQ(written->front().first_chunk, 1);
  EXPECT_THAT(RowsOf(written->front()), ElementsAre(1));
}

TEST(UploadContentTest, HasTheSameDigestHoweverItWasCut) {
  constexpr std::int64_t kNumRows = 20'000;
  UploadContent whole(store::UploadKind::kDataset);
  ASSERT_TRUE(whole.Add(MakeBatch(0, kNumRows)).ok());
  std::mt19937 random(3);
  for (const int largest : {1500, 6000, 12'000}) {
    UploadContent cut(store::UploadKind::kDataset);
    for (std::int64_t begin = 0; begin < kNumRows;) {
      const std::int64_t end = std::min<std::int64_t>(
          kNumRows, begin + std::uniform_int_distribution<std::int64_t>(1, largest)(random));
      ASSERT_TRUE(cut.Add(MakeBatch(begin, end)).ok());
      begin = end;
    }
    EXPECT_EQ(DigestOf(cut), DigestOf(whole)) << largest;
    EXPECT_EQ(cut.key_hashes(kRows), whole.key_hashes(kRows));
    EXPECT_EQ(cut.Columns()[1].null_count, whole.Columns()[1].null_count);
  }
}

TEST(UploadContentTest, CountsNullRows) {
  UploadContent content(store::UploadKind::kDataset);
  ASSERT_TRUE(content.Add(MakeBatch(0, 4100)).ok());
  const std::vector<store::ColumnRecord> columns = content.Columns();
  EXPECT_EQ(columns[0].null_count, 0);
  EXPECT_EQ(columns[1].null_count, 586);
}

TEST(UploadContentTest, TakesColumnsInAnyOrder) {
  UploadContent content(store::UploadKind::kDataset);
  ASSERT_TRUE(content.Add(MakeBatch(0, 10)).ok());
  std::vector<Column> columns = MakeRows(10, 20);
  std::swap(columns[0], columns[2]);
  ASSERT_TRUE(content.Add(CheckBatch(RowKind::kExample, kRows, columns, 10)).ok());
  UploadContent whole(store::UploadKind::kDataset);
  ASSERT_TRUE(whole.Add(MakeBatch(0, 20)).ok());
  EXPECT_EQ(DigestOf(content), DigestOf(whole));
}

TEST(UploadContentTest, NumbersColumnsOverBothTables) {
  UploadContent content(store::UploadKind::kDataset);
  ASSERT_TRUE(content.Add(MakeBatch(0, 10)).ok());
  const auto written = content.Add(
      CheckBatch(RowKind::kDocument, store::Table::kDocuments,
                 {TextColumn("key", {"d1", "d2"}), TextColumn("text", {"one", "two"})}, 2));
  ASSERT_TRUE(written.ok());
  EXPECT_EQ(written->at(0).column.number, 3);
  EXPECT_EQ(written->at(1).column.number, 4);
  EXPECT_EQ(content.num_rows(store::Table::kDocuments), 2);
  EXPECT_EQ(content.num_rows(kRows), 10);
}

class SchemaTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(
        content_
            .Add(CheckBatch(RowKind::kExample, kRows,
                            {TextColumn("key", {"a", "b"}), TextColumn("label", {"x", "y"}),
                             test::Float32VectorColumn("features", 2, {{{1, 2}}, {{3, 4}}})},
                            2))
            .ok());
  }
  // The message for a batch of one row, which must change nothing.
  std::string ErrorOf(std::vector<Column> columns) {
    const store::Digest before = DigestOf(content_);
    const absl::Status status =
        content_.Add(CheckBatch(RowKind::kExample, kRows, std::move(columns), 1)).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(DigestOf(content_), before);
    return std::string(status.message());
  }

  UploadContent content_{store::UploadKind::kDataset};
};

TEST_F(SchemaTest, NamesAMissingColumn) {
  EXPECT_EQ(ErrorOf({TextColumn("key", {"c"}), TextColumn("label", {"x"})}),
            "column 'features': missing, but in the first batch");
}

TEST_F(SchemaTest, NamesANewColumn) {
  EXPECT_EQ(ErrorOf({TextColumn("key", {"c"}), TextColumn("extra", {"x"})}),
            "column 'extra': not in the first batch");
}

TEST_F(SchemaTest, NamesAColumnOfAnotherType) {
  EXPECT_EQ(ErrorOf({TextColumn("key", {"c"}), TextColumn("label", {"x"}),
                     Float64Column("other", {1.0})}),
            "column 'other': not in the first batch");
  ASSERT_TRUE(content_.num_rows(kRows) == 2);
}

TEST_F(SchemaTest, NamesTheRowWhereADimensionChanges) {
  EXPECT_EQ(ErrorOf({TextColumn("key", {"c"}), TextColumn("label", {"x"}),
                     test::Float32VectorColumn("features", 3, {{{1, 2, 3}}})}),
            "column 'features', row 2: dimension 3, but 2 in the rows before");
}

TEST_F(SchemaTest, CountsRowsOverTheUpload) {
  EXPECT_EQ(ErrorOf({TextColumn("key", {"c"}), TextColumn("label", {"\xFF"}),
                     test::Float32VectorColumn("features", 2, {{{1, 2}}})}),
            "column 'label', row 2: invalid UTF-8");
}

TEST(UploadContentTest, NamesAColumnWhoseTypeChanges) {
  UploadContent content(store::UploadKind::kDataset);
  ASSERT_TRUE(content
                  .Add(CheckBatch(RowKind::kExample, kRows,
                                  {TextColumn("key", {"a"}), TextColumn("note", {"x"})}, 1))
                  .ok());
  EXPECT_EQ(content
                .Add(CheckBatch(RowKind::kExample, kRows,
                                {TextColumn("key", {"b"}), Float64Column("note", {1.0})}, 1))
                .status()
                .message(),
            "column 'note': float64, but text in the first batch");
}

TEST(UploadContentTest, SaysThatAFaultIsInTheDocuments) {
  UploadContent content(store::UploadKind::kDataset);
  EXPECT_EQ(content
                .Add(CheckBatch(RowKind::kDocument, store::Table::kDocuments,
                                {TextColumn("key", {"d", ""})}, 2))
                .status()
                .message(),
            "documents, column 'key', row 1: empty, but every row needs a key");
}

// A dictionary makes a small batch stand for much text; hashing it all would take minutes.
TEST(UploadContentTest, RefusesAChunkThatResolvesToTooMuchText) {
  Column huge = CodedTextColumn("input", {std::string(1 << 20, 'x')});
  huge.codes.assign(4096, 0);
  huge.num_rows = 4096;
  std::vector<Column> columns = {MakeRows(0, 4096)[0], huge};
  UploadContent content(store::UploadKind::kDataset);
  EXPECT_EQ(content.Add(CheckBatch(RowKind::kExample, kRows, columns, 4096)).status().message(),
            "column 'input': 4096 consecutive rows hold more than 512 MiB");
  EXPECT_EQ(content.num_rows(kRows), 0);
}

TEST(UploadContentTest, FindsACohortColumnWithTooManyValues) {
  test::Rows<std::string> values;
  test::Rows<std::string> keys;
  for (int i = 0; i <= 1000; ++i) {
    values.emplace_back("v" + std::to_string(i));
    keys.emplace_back("k" + std::to_string(i));
  }
  UploadContent content(store::UploadKind::kDataset);
  ASSERT_TRUE(
      content
          .Add(CheckBatch(RowKind::kExample, kRows,
                          {TextColumn("key", keys), TextColumn("cohort.user", values)}, 1001))
          .ok());
  EXPECT_EQ(content.FindTooManyCohortValues(), "cohort.user");
}

}  // namespace
}  // namespace assay::ingest
