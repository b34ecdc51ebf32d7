#include "client/formats/npy_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_format.h"
#include "client/formats/row_reader.h"
#include "client/formats/row_writer.h"
#include "tests/unit/client/formats/read_text.h"

namespace assay::formats {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// A NumPy file with this dictionary and data.
std::string Npy(std::string_view fields, std::string_view data, char version = 1) {
  std::string file("\x93NUMPY", 6);
  file.push_back(version);
  file.push_back('\0');
  file.push_back(static_cast<char>(fields.size()));
  file.append(version == 1 ? 1 : 3, '\0');
  file.append(fields);
  file.append(data);
  return file;
}

template <typename T>
std::string BytesOf(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

std::string Header(std::string_view descr, std::string_view shape,
                   std::string_view order = "False") {
  return absl::StrFormat("{'descr': '%s', 'fortran_order': %s, 'shape': %s, }   \n", descr, order,
                         shape);
}

ReaderOptions As(std::string column) {
  ReaderOptions options;
  options.npy_column = std::move(column);
  return options;
}

const std::string kFloats = BytesOf<float>({1, 2, 3, 4, 5, 6});

TEST(NpyReaderTest, ReadsFloat32) {
  for (const char version : {1, 2, 3}) {
    const Column column = ColumnOf(
        ReadText("v.npy", Npy(Header("<f4", "(3, 2)"), kFloats, version), {}, 2), "features");
    EXPECT_EQ(column.type, ColumnType::kFloat32Vector);
    EXPECT_EQ(column.dimension, 2);
    EXPECT_THAT(column.floats, ElementsAre(1, 2, 3, 4, 5, 6));
  }
}

TEST(NpyReaderTest, KeepsFloat64ExceptForFeatures) {
  const std::string file = Npy(Header("<f8", "(1, 2)"), BytesOf<double>({0.1, 2}));
  EXPECT_THAT(ColumnOf(ReadText("v.npy", file, As("embedding")), "embedding").doubles,
              ElementsAre(0.1, 2));
  EXPECT_THAT(ColumnOf(ReadText("v.npy", file), "features").floats, ElementsAre(0.1F, 2));
}

TEST(NpyReaderTest, RefusesOtherMatrices) {
  const auto error = [](std::string_view fields) { return ErrorOf("v.npy", Npy(fields, kFloats)); };
  EXPECT_THAT(error(Header(">f4", "(3, 2)")), HasSubstr("must be little-endian"));
  EXPECT_THAT(error(Header("<i4", "(3, 2)")), HasSubstr("'<i4'"));
  EXPECT_THAT(error(Header("<f4", "(3, 2)", "True")), HasSubstr("C order"));
  EXPECT_THAT(error(Header("<f4", "(6,)")), HasSubstr("1 dimensions, where a matrix has 2"));
  EXPECT_THAT(error(Header("<f4", "()")), HasSubstr("0 dimensions"));
  EXPECT_THAT(error(Header("<f4", "(0, 2)")), HasSubstr("empty"));
  EXPECT_THAT(error(Header("<f4", "(3, 0)")), HasSubstr("vectors of 0 numbers"));
  EXPECT_THAT(error("{'descr': '<f4', 'shape': (3, 2)}"), HasSubstr("C order"));
  EXPECT_THAT(error("{'descr': '<f4', 'fortran_order': False}"), HasSubstr("header is broken"));
  EXPECT_THAT(error("{'descr': [('a', '<f4')]}"), HasSubstr("header is broken"));
  EXPECT_THAT(error("{'shape': (3 2)}"), HasSubstr("header is broken"));
  EXPECT_THAT(error("{"), HasSubstr("header is broken"));
}

TEST(NpyReaderTest, RefusesFilesOfTheWrongLength) {
  const std::string file = Npy(Header("<f4", "(3, 2)"), kFloats);
  EXPECT_THAT(ErrorOf("v.npy", ""), HasSubstr("empty"));
  EXPECT_THAT(ErrorOf("v.npy", "PK"), HasSubstr("not a NumPy file"));
  for (const std::size_t size :
       {std::size_t{7}, std::size_t{9}, std::size_t{40}, file.size() - 1}) {
    EXPECT_THAT(ErrorOf("v.npy", file.substr(0, size)), HasSubstr("truncated")) << size;
  }
  EXPECT_THAT(ErrorOf("v.npy", file + "x"), HasSubstr("more bytes"));
  EXPECT_THAT(ErrorOf("v.npy", Npy(Header("<f4", "(9223372036854775807, 2)"), kFloats)),
              HasSubstr("truncated"));
}

TEST(NpyReaderTest, NamesTheRowOfANumberThatIsNotFinite) {
  EXPECT_EQ(ErrorOf("v.npy", Npy(Header("<f4", "(2, 2)"), BytesOf<float>({1, 2, 3, NAN}))),
            "v.npy, row 2: field 'features': not a finite float32: 'NaN'");
  EXPECT_EQ(ErrorOf("v.npy", Npy(Header("<f8", "(1, 1)"), BytesOf<double>({1e300}))),
            "v.npy, row 1: field 'features': not a finite float32: '1e+300'");
}

TEST(WithVectorsTest, SetsVectorsBesideTheirRows) {
  const absl::StatusOr<InputFile> table = InputFile::FromBytes("r.csv", "key\na\nb\nc\n");
  const absl::StatusOr<InputFile> matrix =
      InputFile::FromBytes("v.npy", Npy(Header("<f4", "(3, 2)"), kFloats));
  ReaderOptions small;
  small.max_batch_bytes = 8;
  const std::unique_ptr<RowReader> reader =
      WithVectors(*OpenRows(*table, {}), *OpenRows(*matrix, small));
  const absl::StatusOr<std::optional<Rows>> rows = reader->Next(10);
  ASSERT_TRUE(rows.ok() && rows->has_value()) << rows.status();
  EXPECT_THAT(TextsOf((*rows)->columns[0]), ElementsAre("a", "b", "c"));
  EXPECT_THAT((*rows)->columns[1].floats, ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_EQ(reader->PlaceOfRow(2), "r.csv:4");
  const absl::StatusOr<std::optional<Rows>> end = reader->Next(10);
  EXPECT_TRUE(end.ok() && !end->has_value());
}

std::string JoinError(std::string table, std::string shape) {
  const absl::StatusOr<InputFile> rows = InputFile::FromBytes("r.csv", std::move(table));
  const absl::StatusOr<InputFile> matrix =
      InputFile::FromBytes("v.npy", Npy(Header("<f4", shape), kFloats));
  const std::unique_ptr<RowReader> reader =
      WithVectors(*OpenRows(*rows, {}), *OpenRows(*matrix, {}));
  for (;;) {
    const absl::StatusOr<std::optional<Rows>> batch = reader->Next(1);
    if (!batch.ok()) {
      return std::string(batch.status().message());
    }
    if (!batch->has_value()) {
      return "OK";
    }
  }
}

TEST(WithVectorsTest, RefusesNumbersOfRowsThatDiffer) {
  EXPECT_EQ(JoinError("key\na\nb\nc\n", "(3, 2)"), "OK");
  EXPECT_EQ(JoinError("key\na\nb\nc\n", "(2, 3)"),
            "r.csv:4: no vector for this row; there are only 2");
  EXPECT_EQ(JoinError("key\na\nb\n", "(3, 2)"),
            "v.npy, row 3: more vectors than the 2 rows that they belong to");
}

TEST(WithVectorsTest, RefusesAColumnThatIsThereTwice) {
  EXPECT_EQ(JoinError("key,features\na,[1]\n", "(3, 2)"),
            "r.csv:2: field 'features': given here and as a file of vectors");
}

TEST(NpyWriterTest, WritesWhatTheReaderReads) {
  Column column;
  column.name = "embedding";
  column.type = ColumnType::kFloat64Vector;
  column.num_rows = 2;
  column.dimension = 2;
  column.doubles = {0.1, -0.0, 1e-300, 3};
  absl::StatusOr<std::string> file = NpyHeader(column, 2);
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(file->size() % 64, 0U);
  ASSERT_TRUE(AppendNpy(column, *file).ok());
  const Column read = ColumnOf(ReadText("v.npy", *file, As("embedding")), "embedding");
  EXPECT_EQ(BytesOf(read.doubles), BytesOf(column.doubles));
}

TEST(NpyWriterTest, WritesTheBytesOfNumPy) {
  Column column;
  column.type = ColumnType::kFloat64;
  column.num_rows = 1;
  column.doubles = {1};
  absl::StatusOr<std::string> file = NpyHeader(column, 1);
  ASSERT_TRUE(file.ok());
  std::string expected("\x93NUMPY\x01\x00\x76\x00", 10);
  expected += "{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }";
  expected += std::string(127 - expected.size(), ' ') + "\n";
  EXPECT_EQ(*file, expected);
}

TEST(NpyWriterTest, WritesNullRowsAsNan) {
  Column column;
  column.type = ColumnType::kFloat32Vector;
  column.dimension = 2;
  column.num_rows = 2;
  column.validity = {2};
  column.floats = {0, 0, 1, 2};
  std::string out;
  ASSERT_TRUE(AppendNpy(column, out).ok());
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(out, BytesOf<float>({kNan, kNan, 1, 2}));
}

TEST(NpyWriterTest, RefusesWhatIsNoNumber) {
  Column column;
  column.name = "label";
  EXPECT_EQ(NpyHeader(column, 0).status().message(),
            "column 'label' is text; only numbers and vectors can be written as NumPy files");
  EXPECT_FALSE(AppendNpy(column, *std::make_unique<std::string>()).ok());
}

TEST(NpyWriterTest, RefusesIntegersWithNullRows) {
  Column column;
  column.name = "repetition";
  column.type = ColumnType::kInt64;
  column.num_rows = 1;
  column.int64s = {0};
  column.validity = {0};
  std::string out;
  EXPECT_THAT(std::string(AppendNpy(column, out).message()), HasSubstr("null rows"));
}

}  // namespace
}  // namespace assay::formats
