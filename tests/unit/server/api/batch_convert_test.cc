#include "server/api/batch_convert.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "assay/v1/batch.pb.h"

namespace assay::api {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

template <typename T>
std::string Bytes(std::vector<T> values) {
  return std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
}

v1::Batch OneColumn(v1::ColumnType type, int num_rows = 2) {
  v1::Batch batch;
  batch.set_num_rows(num_rows);
  batch.add_columns()->set_name("x");
  batch.mutable_columns(0)->set_type(type);
  return batch;
}

TEST(ColumnsFromBatchTest, ReadsPlainText) {
  v1::Batch batch = OneColumn(v1::COLUMN_TYPE_TEXT);
  batch.mutable_columns(0)->set_text_offsets(Bytes<std::int32_t>({0, 1, 3}));
  batch.mutable_columns(0)->set_text_bytes("abb");
  const absl::StatusOr<std::vector<Column>> columns = ColumnsFromBatch(batch);
  ASSERT_TRUE(columns.ok()) << columns.status();
  ASSERT_EQ(columns->size(), 1U);
  EXPECT_FALSE((*columns)[0].is_coded);
  EXPECT_EQ((*columns)[0].Text(0), "a");
  EXPECT_EQ((*columns)[0].Text(1), "bb");
}

TEST(ColumnsFromBatchTest, TakesARankingForCodedEvenWithoutItems) {
  v1::Batch batch = OneColumn(v1::COLUMN_TYPE_RANKING);
  batch.mutable_columns(0)->set_list_offsets(Bytes<std::int32_t>({0, 0, 0}));
  EXPECT_TRUE(ColumnsFromBatch(batch)->front().is_coded);
}

// Columns of every type, as they come out of the store.
std::vector<Column> EveryType() {
  std::vector<Column> columns(10);
  for (std::size_t i = 0; i < columns.size(); ++i) {
    columns[i].name = "c" + std::to_string(i);
    columns[i].type = static_cast<ColumnType>(i + 1);
    columns[i].num_rows = 2;
    columns[i].validity = {0x3};
    if (IsList(columns[i].type)) {
      columns[i].list_offsets = {0, 1, 3};
    }
    if (HasText(columns[i].type)) {
      columns[i].is_coded = i > 1;
      columns[i].codes = i > 1 ? std::vector<std::int32_t>{0, 1, 0} : std::vector<std::int32_t>{};
      columns[i].text_offsets = {0, 1, 3};
      columns[i].text_bytes = "abb";
    }
  }
  columns[2].doubles = {0.5, -0.0};
  columns[3].int64s = {1, -1};
  columns[4].dimension = 2;
  columns[4].floats = {1, 2, 3, 4};
  columns[5].dimension = 1;
  columns[5].doubles = {1, 2};
  columns[6].int32s = {1, 2, 3};
  columns[8].doubles = {3, 2, 1};
  columns[9].int32s = {1, 0, 2};
  return columns;
}

TEST(ColumnsToBatchTest, KeepsEveryBufferOfEveryType) {
  const std::vector<Column> columns = EveryType();
  v1::Batch batch;
  ColumnsToBatch(columns, 2, batch);
  const absl::StatusOr<std::vector<Column>> back = ColumnsFromBatch(batch);
  ASSERT_TRUE(back.ok()) << back.status();
  ASSERT_EQ(back->size(), columns.size());
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const Column& a = columns[i];
    const Column& b = (*back)[i];
    SCOPED_TRACE(a.name);
    EXPECT_EQ(b.name, a.name);
    EXPECT_EQ(b.type, a.type);
    EXPECT_EQ(b.num_rows, a.num_rows);
    EXPECT_EQ(b.dimension, a.dimension);
    EXPECT_EQ(b.validity, a.validity);
    EXPECT_EQ(b.list_offsets, a.list_offsets);
    EXPECT_EQ(b.is_coded, a.is_coded);
    EXPECT_EQ(b.codes, a.codes);
    EXPECT_EQ(b.text_offsets, a.text_offsets);
    EXPECT_EQ(b.text_bytes, a.text_bytes);
    EXPECT_EQ(b.int32s, a.int32s);
    EXPECT_EQ(b.int64s, a.int64s);
    EXPECT_EQ(b.floats, a.floats);
    EXPECT_EQ(Bytes(b.doubles), Bytes(a.doubles));
  }
}

struct BadBatch {
  const char* name;
  std::function<void(v1::Batch&)> spoil;
  const char* message;
};

class ColumnsFromBadBatch : public ::testing::TestWithParam<BadBatch> {};

TEST_P(ColumnsFromBadBatch, NamesTheField) {
  v1::Batch batch = OneColumn(v1::COLUMN_TYPE_FLOAT64);
  batch.mutable_columns(0)->set_values(Bytes<double>({1, 2}));
  ASSERT_TRUE(ColumnsFromBatch(batch).ok());
  GetParam().spoil(batch);
  const absl::Status status = ColumnsFromBatch(batch).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), StartsWith(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    BatchConvertTest, ColumnsFromBadBatch,
    ::testing::Values(
        BadBatch{"NegativeRows", [](v1::Batch& b) { b.set_num_rows(-1); }, "batch.num_rows: "},
        BadBatch{"TooManyRows", [](v1::Batch& b) { b.set_num_rows(65'537); }, "batch.num_rows: "},
        BadBatch{"TooManyBytes",
                 [](v1::Batch& b) {
                   b.mutable_columns(0)->set_values(std::string((16 << 20) + 8, '\0'));
                 },
                 "batch: "},
        BadBatch{"HalfAValue", [](v1::Batch& b) { b.mutable_columns(0)->set_values("1234567"); },
                 "batch.columns[0].values: "},
        BadBatch{"NoName", [](v1::Batch& b) { b.mutable_columns(0)->set_name(""); },
                 "batch.columns[0].name: "},
        BadBatch{"LongName",
                 [](v1::Batch& b) { b.mutable_columns(0)->set_name(std::string(129, 'n')); },
                 "batch.columns[0].name: "},
        BadBatch{"ControlCharacter", [](v1::Batch& b) { b.mutable_columns(0)->set_name("a\x1f"); },
                 "batch.columns[0].name: "},
        BadBatch{"HiddenName", [](v1::Batch& b) { b.mutable_columns(0)->set_name("$example_row"); },
                 "batch.columns[0].name: must not start with '$'"},
        BadBatch{"SameNameTwice", [](v1::Batch& b) { *b.add_columns() = b.columns(0); },
                 "batch.columns[1].name: given twice"},
        BadBatch{"NoType",
                 [](v1::Batch& b) { b.mutable_columns(0)->set_type(v1::COLUMN_TYPE_UNSPECIFIED); },
                 "batch.columns[0].type: "},
        BadBatch{
            "UnknownType",
            [](v1::Batch& b) { b.mutable_columns(0)->set_type(static_cast<v1::ColumnType>(99)); },
            "batch.columns[0].type: "},
        BadBatch{"DimensionOfAScalar", [](v1::Batch& b) { b.mutable_columns(0)->set_dimension(3); },
                 "batch.columns[0].dimension: "},
        BadBatch{
            "VectorWithoutDimension",
            [](v1::Batch& b) { b.mutable_columns(0)->set_type(v1::COLUMN_TYPE_FLOAT64_VECTOR); },
            "batch.columns[0].dimension: "},
        BadBatch{"HugeDimension",
                 [](v1::Batch& b) {
                   b.mutable_columns(0)->set_type(v1::COLUMN_TYPE_FLOAT64_VECTOR);
                   b.mutable_columns(0)->set_dimension(65'537);
                 },
                 "batch.columns[0].dimension: "},
        BadBatch{"OffsetsOfAScalar",
                 [](v1::Batch& b) { b.mutable_columns(0)->set_list_offsets("1234"); },
                 "batch.columns[0].list_offsets: "},
        BadBatch{"TextOfANumber", [](v1::Batch& b) { b.mutable_columns(0)->set_text_bytes("x"); },
                 "batch.columns[0].text_bytes: "}),
    [](const auto& tested) { return tested.param.name; });

TEST(ColumnsFromBatchTest, RefusesNumbersBesideText) {
  v1::Batch batch = OneColumn(v1::COLUMN_TYPE_TEXT);
  batch.mutable_columns(0)->set_values("12345678");
  EXPECT_THAT(std::string(ColumnsFromBatch(batch).status().message()),
              HasSubstr("columns[0].values: not used"));
}

}  // namespace
}  // namespace assay::api
