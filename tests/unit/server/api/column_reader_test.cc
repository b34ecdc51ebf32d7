#include "server/api/column_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"

namespace assay::api {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

absl::Status Alive() { return absl::OkStatus(); }

// Columns in memory, cut into chunks as the store cuts them; column i has number i.
class MemoryColumns : public store::ColumnStore {
 public:
  std::vector<Column> columns;
  std::int64_t damaged_chunk = -1;

  absl::StatusOr<std::vector<store::ColumnRecord>> ListColumns(store::Id /*project*/,
                                                               store::Id /*owner*/) const override {
    std::vector<store::ColumnRecord> records;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      store::ColumnRecord record;
      record.number = static_cast<std::int32_t>(i);
      record.name = columns[i].name;
      record.type = columns[i].type;
      records.push_back(record);
    }
    return records;
  }
  absl::StatusOr<Column> ReadChunk(store::Id /*project*/, store::Id /*owner*/,
                                   const store::ColumnRecord& column,
                                   std::int64_t chunk) const override {
    if (chunk == damaged_chunk) {
      return absl::DataLossError(
          absl::StrFormat("column '%s', chunk %d: damaged", column.name, chunk));
    }
    const Column& whole = columns[static_cast<std::size_t>(column.number)];
    const std::int64_t begin = chunk * store::kChunkRows;
    return Slice(whole, begin, std::min(whole.num_rows, begin + store::kChunkRows));
  }
};

Column Numbers(std::string name, std::int64_t num_rows) {
  Column column;
  column.name = std::move(name);
  column.type = ColumnType::kFloat64;
  column.num_rows = num_rows;
  for (std::int64_t row = 0; row < num_rows; ++row) {
    column.doubles.push_back(static_cast<double>(row));
  }
  return column;
}

Column Texts(std::string name, const std::vector<std::string>& texts) {
  Column column;
  column.name = std::move(name);
  for (const std::string& text : texts) {
    AppendText(column, text);
    ++column.num_rows;
  }
  return column;
}

class ColumnReaderTest : public ::testing::Test {
 protected:
  std::vector<ColumnSource> Sources(const std::vector<std::string>& names = {}) {
    return *SelectColumns(1, "dataset digits@1", *store_.ListColumns(1, 1), store::Table::kRows,
                          names);
  }
  absl::StatusOr<RowBlock> Read(std::int64_t start, std::int64_t max_rows,
                                std::int64_t max_bytes = 8 << 20) {
    return ReadRows(store_, 1, Sources(), store_.columns.front().num_rows, {start, max_rows},
                    max_bytes, Alive);
  }
  MemoryColumns store_;
};

TEST_F(ColumnReaderTest, ReadsAcrossChunks) {
  store_.columns = {Numbers("x", 10'000)};
  const absl::StatusOr<RowBlock> block = Read(4090, 5000);
  ASSERT_TRUE(block.ok()) << block.status();
  EXPECT_EQ(block->num_rows, 5000);
  EXPECT_EQ(block->columns[0].doubles.front(), 4090);
  EXPECT_EQ(block->columns[0].doubles.back(), 9089);
  EXPECT_TRUE(std::is_sorted(block->columns[0].doubles.begin(), block->columns[0].doubles.end()));
}

TEST_F(ColumnReaderTest, StopsAtTheEndOfTheTable) {
  store_.columns = {Numbers("x", 5000)};
  EXPECT_EQ(Read(4999, 100)->num_rows, 1);
}

TEST_F(ColumnReaderTest, GivesNoRowsPastTheEndButStillTheColumns) {
  store_.columns = {Numbers("x", 5000)};
  for (const std::int64_t start : {std::int64_t{5000}, INT64_MAX}) {
    const absl::StatusOr<RowBlock> block = Read(start, 65'536);
    ASSERT_TRUE(block.ok()) << block.status();
    EXPECT_EQ(block->num_rows, 0);
    EXPECT_EQ(block->columns.at(0).type, ColumnType::kFloat64);
  }
}

TEST_F(ColumnReaderTest, StaysUnderTheLimitOfBytes) {
  store_.columns = {Numbers("x", 10'000), Numbers("y", 10'000)};
  const absl::StatusOr<RowBlock> block = Read(0, 10'000, 100'000);
  ASSERT_TRUE(block.ok()) << block.status();
  EXPECT_GT(block->num_rows, 6000);
  EXPECT_LE(block->num_rows, 6250);
  EXPECT_LE(BufferBytes(block->columns[0]) + BufferBytes(block->columns[1]), 100'000);
}

TEST_F(ColumnReaderTest, GivesOneRowEvenWhenItIsTooLarge) {
  store_.columns = {Texts("x", {std::string(1000, 'a'), "b"})};
  EXPECT_EQ(Read(0, 2, 10)->num_rows, 1);
}

TEST_F(ColumnReaderTest, SendsOnlyDictionaryEntriesThatAreUsed) {
  Column coded = Texts("x", {"zero", "one", "two"});
  coded.is_coded = true;
  coded.codes = {2, 0, 2, 1};
  coded.num_rows = 4;
  store_.columns = {coded};
  const absl::StatusOr<RowBlock> block = Read(0, 1);
  ASSERT_TRUE(block.ok()) << block.status();
  EXPECT_EQ(block->columns[0].text_bytes, "two");
  EXPECT_EQ(block->columns[0].Text(0), "two");
}

TEST_F(ColumnReaderTest, CopesWithNullsWhoseCodesMeanNothing) {
  Column coded = Texts("x", {"zero"});
  coded.is_coded = true;
  coded.codes = {-7, 0};
  coded.num_rows = 2;
  coded.validity = {0x2};
  store_.columns = {coded};
  const absl::StatusOr<RowBlock> block = Read(0, 2);
  ASSERT_TRUE(block.ok()) << block.status();
  EXPECT_FALSE(block->columns[0].IsValid(0));
  EXPECT_EQ(block->columns[0].Text(1), "zero");
}

TEST_F(ColumnReaderTest, NamesOwnerColumnAndChunkOfDamage) {
  store_.columns = {Numbers("x", 10'000)};
  store_.damaged_chunk = 1;
  const absl::Status status = Read(0, 10'000).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(status.message(), "dataset digits@1, column 'x', chunk 1: damaged");
}

TEST_F(ColumnReaderTest, ReadsWhatIsNotDamaged) {
  store_.columns = {Numbers("x", 10'000)};
  store_.damaged_chunk = 1;
  EXPECT_EQ(Read(8192, 10'000)->num_rows, 1808);
}

TEST_F(ColumnReaderTest, StopsWhenNobodyWaitsAnyMore) {
  store_.columns = {Numbers("x", 10'000)};
  const absl::StatusOr<RowBlock> block =
      ReadRows(store_, 1, Sources(), 10'000, {0, 10'000}, 8 << 20,
               [] { return absl::CancelledError("gone"); });
  EXPECT_EQ(block.status().code(), absl::StatusCode::kCancelled);
}

TEST_F(ColumnReaderTest, SelectsInTheOrderAskedFor) {
  store_.columns = {Numbers("a", 1), Numbers("b", 1), Numbers("$hidden", 1)};
  EXPECT_EQ(Sources().size(), 2U);
  EXPECT_EQ(Sources({"b", "a"}).front().column.name, "b");
}

TEST_F(ColumnReaderTest, NamesAColumnThatIsNotThere) {
  store_.columns = {Numbers("a", 1), Numbers("$hidden", 1)};
  for (const std::string name : {"x", "$hidden"}) {
    const absl::Status status =
        SelectColumns(1, "dataset digits@1", *store_.ListColumns(1, 1), store::Table::kRows, {name})
            .status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()), HasSubstr("has no column '" + name + "'"));
  }
}

TEST_F(ColumnReaderTest, CountsValuesLargestFirstThenByBytes) {
  Column column = Texts("cohort.digit", {"b", "a", "c", "c", ""});
  column.validity = {0x0f};
  store_.columns = {column};
  const absl::StatusOr<ValueCounts> counts =
      CountValues(store_, 1, Sources().front(), column.num_rows, Alive);
  ASSERT_TRUE(counts.ok()) << counts.status();
  EXPECT_THAT(counts->values, ElementsAre(Pair("c", 2), Pair("a", 1), Pair("b", 1)));
  EXPECT_EQ(counts->null_count, 1);
}

TEST(MakeRowRangeTest, HasADefaultAndALimit) {
  EXPECT_EQ(MakeRowRange(0, 0)->max_rows, 4096);
  EXPECT_EQ(MakeRowRange(5, 1'000'000)->max_rows, 65'536);
}

TEST(MakeRowRangeTest, RefusesNegativeNumbers) {
  EXPECT_EQ(MakeRowRange(-1, 0).status().message(), "start_row: must not be negative: -1");
  EXPECT_EQ(MakeRowRange(0, -1).status().message(), "max_rows: must not be negative: -1");
}

}  // namespace
}  // namespace assay::api
