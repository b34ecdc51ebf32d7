#include "server/store/chunk_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "server/base/sha256.h"
#include "tests/support/columns_builder.h"
#include "tests/unit/server/store/random_columns.h"

namespace assay::store {
namespace {

using test::CodedTextColumn;
using test::Float32VectorColumn;
using test::Float64Column;
using test::Int64Column;
using test::RandomColumn;
using test::RankingColumn;
using test::Rows;
using test::TextColumn;
using test::TextListColumn;

constexpr ColumnType kAllTypes[] = {ColumnType::kText,          ColumnType::kJson,
                                    ColumnType::kFloat64,       ColumnType::kInt64,
                                    ColumnType::kFloat32Vector, ColumnType::kFloat64Vector,
                                    ColumnType::kInt32List,     ColumnType::kTextList,
                                    ColumnType::kRanking,       ColumnType::kRelevance};

template <typename T>
void Put(std::string& bytes, T value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

void PutDouble(std::string& bytes, double value) {
  Put<std::uint64_t>(bytes,
                     std::isnan(value) ? 0x7FF8000000000000U : std::bit_cast<std::uint64_t>(value));
}

void PutFloat(std::string& bytes, float value) {
  Put<std::uint32_t>(bytes, std::isnan(value) ? 0x7FC00000U : std::bit_cast<std::uint32_t>(value));
}

// Canonical form 1 as the header words it, value by value.
Digest ReferenceHash(const Column& column, std::int64_t begin, std::int64_t end) {
  const bool is_list = IsList(column.type);
  std::string head;
  std::string list_offsets;
  std::string text_offsets;
  std::string text_bytes;
  std::string numbers;
  Put<std::uint8_t>(head, static_cast<std::uint8_t>(column.type));
  Put<std::uint32_t>(head, static_cast<std::uint32_t>(column.dimension));
  Put<std::uint64_t>(head, static_cast<std::uint64_t>(end - begin));
  std::string bitmap(static_cast<std::size_t>(end - begin + 7) / 8, '\0');
  std::uint32_t num_items = 0;
  const auto put_item = [&](std::int64_t item, bool is_null) {
    if (HasText(column.type)) {
      Put<std::uint32_t>(text_offsets, static_cast<std::uint32_t>(text_bytes.size()));
      text_bytes += is_null ? "" : column.Text(item);
    }
    const auto i = static_cast<std::size_t>(item);
    switch (column.type) {
      case ColumnType::kFloat64:
      case ColumnType::kRanking:
        PutDouble(numbers, is_null ? 0.0 : column.doubles[i]);
        break;
      case ColumnType::kInt64:
        Put<std::int64_t>(numbers, is_null ? 0 : column.int64s[i]);
        break;
      case ColumnType::kInt32List:
      case ColumnType::kRelevance:
        Put<std::int32_t>(numbers, column.int32s[i]);
        break;
      default:
        break;
    }
  };
  for (std::int64_t row = begin; row < end; ++row) {
    const bool is_null = !column.IsValid(row);
    if (!is_null) {
      char& byte = bitmap[static_cast<std::size_t>(row - begin) / 8];
      byte = static_cast<char>(byte | (1 << ((row - begin) % 8)));
    }
    if (is_list) {
      Put<std::uint32_t>(list_offsets, num_items);
      for (std::int64_t item = column.ListBegin(row); item < column.ListEnd(row); ++item) {
        put_item(item, false);
        ++num_items;
      }
    } else {
      put_item(row, is_null);
    }
    for (std::int64_t k = row * column.dimension; k < (row + 1) * column.dimension; ++k) {
      const auto i = static_cast<std::size_t>(k);
      if (column.type == ColumnType::kFloat32Vector) {
        PutFloat(numbers, is_null ? 0.0F : column.floats[i]);
      } else {
        PutDouble(numbers, is_null ? 0.0 : column.doubles[i]);
      }
    }
  }
  if (is_list) {
    Put<std::uint32_t>(list_offsets, num_items);
  }
  if (HasText(column.type)) {
    Put<std::uint32_t>(text_offsets, static_cast<std::uint32_t>(text_bytes.size()));
  }
  return Sha256::Of(head + bitmap + list_offsets + text_offsets + text_bytes + numbers);
}

// Equal rows, whatever the coding.
void ExpectSameRows(const Column& a, const Column& b) {
  ASSERT_EQ(a.num_rows, b.num_rows);
  ASSERT_EQ(a.type, b.type);
  ASSERT_EQ(a.dimension, b.dimension);
  EXPECT_EQ(ReferenceHash(a, 0, a.num_rows), ReferenceHash(b, 0, b.num_rows));
}

class EveryTypeTest : public testing::TestWithParam<ColumnType> {};

INSTANTIATE_TEST_SUITE_P(Types, EveryTypeTest, testing::ValuesIn(kAllTypes),
                         [](const testing::TestParamInfo<ColumnType>& type) {
                           return std::string(ColumnTypeName(type.param));
                         });

TEST_P(EveryTypeTest, HashIsThatOfTheCanonicalForm) {
  std::mt19937 random(1);
  for (int round = 0; round < 30; ++round) {
    const Column column = RandomColumn(GetParam(), random, 300, 0.2);
    const std::int64_t begin = round % 7;
    EXPECT_EQ(EncodeChunk(column, begin, column.num_rows).hash,
              ReferenceHash(column, begin, column.num_rows));
  }
}

TEST_P(EveryTypeTest, StorageReadsBackAsItWas) {
  std::mt19937 random(2);
  for (const double null_share : {0.0, 0.3, 1.0}) {
    const Column column = RandomColumn(GetParam(), random, 4096, null_share);
    const EncodedChunk chunk = EncodeChunk(column, 0, column.num_rows);
    const absl::StatusOr<Column> decoded = DecodeChunk(chunk.bytes);
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    ExpectSameRows(*decoded, column);
  }
}

TEST_P(EveryTypeTest, DecodedRowsAreWellFormed) {
  std::mt19937 random(3);
  const Column column = RandomColumn(GetParam(), random, 1000, 0.1);
  const absl::StatusOr<Column> decoded = DecodeChunk(EncodeChunk(column, 0, 1000).bytes);
  ASSERT_TRUE(decoded.ok());
  const std::optional<ColumnFault> fault = FindFault(*decoded);
  EXPECT_FALSE(fault.has_value()) << fault->problem;
}

TEST_P(EveryTypeTest, HashAndStorageDoNotDependOnWhereTheRowsWereCut) {
  std::mt19937 random(4);
  const Column whole = RandomColumn(GetParam(), random, 1000, 0.1);
  Column joined = Slice(whole, 0, 1);
  for (std::int64_t begin = 1; begin < 1000;) {
    const std::int64_t end =
        std::min<std::int64_t>(1000, begin + 1 + static_cast<std::int64_t>(random() % 300));
    Append(joined, Slice(whole, begin, end));
    begin = end;
  }
  const EncodedChunk from_whole = EncodeChunk(whole, 100, 900);
  const EncodedChunk from_joined = EncodeChunk(joined, 100, 900);
  const EncodedChunk from_slice = EncodeChunk(Slice(whole, 100, 900), 0, 800);
  EXPECT_EQ(from_whole.hash, from_joined.hash);
  EXPECT_EQ(from_whole.bytes, from_joined.bytes);
  EXPECT_EQ(from_whole.hash, from_slice.hash);
  EXPECT_EQ(from_whole.bytes, from_slice.bytes);
}

TEST_P(EveryTypeTest, NoRowsAreAChunkToo) {
  std::mt19937 random(5);
  const Column column = RandomColumn(GetParam(), random, 10, 0.0);
  const EncodedChunk chunk = EncodeChunk(column, 4, 4);
  EXPECT_EQ(chunk.num_rows, 0);
  const absl::StatusOr<Column> decoded = DecodeChunk(chunk.bytes);
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->num_rows, 0);
}

TEST_P(EveryTypeTest, EveryTruncationIsDataLoss) {
  std::mt19937 random(6);
  const std::string bytes = EncodeChunk(RandomColumn(GetParam(), random, 50, 0.2), 0, 50).bytes;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    ASSERT_TRUE(absl::IsDataLoss(DecodeChunk(bytes.substr(0, size)).status())) << size;
  }
  EXPECT_TRUE(absl::IsDataLoss(DecodeChunk(bytes + '\0').status()));
}

TEST_P(EveryTypeTest, ChangedBytesDecodeToAWellShapedColumnOrNotAtAll) {
  std::mt19937 random(7);
  const std::string good = EncodeChunk(RandomColumn(GetParam(), random, 40, 0.2), 0, 40).bytes;
  for (int round = 0; round < 3000; ++round) {
    std::string bytes = good;
    for (unsigned k = 0; k < 1 + random() % 4; ++k) {
      bytes[random() % std::min<std::size_t>(bytes.size(), 64)] = static_cast<char>(random());
    }
    const absl::StatusOr<Column> decoded = DecodeChunk(bytes);
    if (decoded.ok()) {
      // Every row can be read without leaving a buffer, and encoding it again works.
      EXPECT_EQ(EncodeChunk(*decoded, 0, decoded->num_rows).num_rows, decoded->num_rows);
    }
  }
}

TEST(ChunkCodecTest, CodedAndPlainTextHaveOneHash) {
  const Rows<std::string> rows = {"b", "a", std::nullopt, "b", "", "a long text of over sixteen"};
  EXPECT_EQ(EncodeChunk(CodedTextColumn("c", rows), 0, 6).hash,
            EncodeChunk(TextColumn("c", rows), 0, 6).hash);
}

TEST(ChunkCodecTest, EqualTextsOfOtherDictionariesAreStoredAlike) {
  const Column ab = CodedTextColumn("c", {"a", "b", "b"});
  Column zyab = CodedTextColumn("c", {"z", "y", "b", "a", "a", "b", "b"});
  EXPECT_EQ(EncodeChunk(zyab, 4, 7).bytes, EncodeChunk(ab, 0, 3).bytes);
}

TEST(ChunkCodecTest, WhatANullRowHoldsDoesNotCount) {
  Column clean = Int64Column("c", {1, std::nullopt, 3});
  Column dirty = clean;
  dirty.int64s[1] = 77;
  EXPECT_EQ(EncodeChunk(clean, 0, 3).hash, EncodeChunk(dirty, 0, 3).hash);
  EXPECT_EQ(EncodeChunk(clean, 0, 3).bytes, EncodeChunk(dirty, 0, 3).bytes);
}

TEST(ChunkCodecTest, TheCodeOfANullRowDoesNotCount) {
  Column clean = CodedTextColumn("c", {"a", std::nullopt, "b"});
  Column dirty = clean;
  dirty.codes[1] = -1;
  EXPECT_EQ(EncodeChunk(clean, 0, 3).hash, EncodeChunk(dirty, 0, 3).hash);
}

TEST(ChunkCodecTest, AnEmptyTextIsNotANull) {
  EXPECT_NE(EncodeChunk(TextColumn("c", {""}), 0, 1).hash,
            EncodeChunk(TextColumn("c", {std::nullopt}), 0, 1).hash);
}

TEST(ChunkCodecTest, AllNansAreOne) {
  const double quiet = std::numeric_limits<double>::quiet_NaN();
  const double other = std::bit_cast<double>(std::uint64_t{0xFFF0000000000001U});
  const EncodedChunk a = EncodeChunk(Float64Column("c", {1.5, quiet}), 0, 2);
  const EncodedChunk b = EncodeChunk(Float64Column("c", {1.5, other}), 0, 2);
  EXPECT_EQ(a.hash, b.hash);
  EXPECT_EQ(a.bytes, b.bytes);
}

TEST(ChunkCodecTest, MinusZeroIsKept) {
  const EncodedChunk minus = EncodeChunk(Float64Column("c", {-0.0, 1.0}), 0, 2);
  EXPECT_NE(minus.hash, EncodeChunk(Float64Column("c", {0.0, 1.0}), 0, 2).hash);
  EXPECT_TRUE(std::signbit(DecodeChunk(minus.bytes)->doubles[0]));
}

TEST(ChunkCodecTest, TypeDimensionAndRowCountAreHashed) {
  const Digest text = EncodeChunk(TextColumn("c", {"1"}), 0, 1).hash;
  EXPECT_NE(text, EncodeChunk(test::JsonColumn("c", {"1"}), 0, 1).hash);
  const Column flat = Float32VectorColumn("c", 1, {{{1.0F}}, {{2.0F}}});
  const Column wide = Float32VectorColumn("c", 2, {{{1.0F, 2.0F}}});
  EXPECT_NE(EncodeChunk(flat, 0, 2).hash, EncodeChunk(wide, 0, 1).hash);
}

TEST(ChunkCodecTest, ListsOfOtherShapesDiffer) {
  const Column a = TextListColumn("c", {{{"a", "b"}}, {std::vector<std::string>()}});
  const Column b = TextListColumn("c", {{{"a"}}, {{"b"}}});
  EXPECT_NE(EncodeChunk(a, 0, 2).hash, EncodeChunk(b, 0, 2).hash);
}

TEST(ChunkCodecTest, OutcomesTakeABitEach) {
  Column column = Float64Column("c", {});
  for (int i = 0; i < 4096; ++i) {
    column.doubles.push_back(i % 3 == 0 ? 1.0 : 0.0);
  }
  column.num_rows = 4096;
  const EncodedChunk chunk = EncodeChunk(column, 0, 4096);
  EXPECT_LT(chunk.bytes.size(), 600U);
  EXPECT_EQ(DecodeChunk(chunk.bytes)->doubles, column.doubles);
}

TEST(ChunkCodecTest, CodesTakeAByteEachUpTo256Labels) {
  Rows<std::string> rows;
  for (int i = 0; i < 4096; ++i) {
    rows.emplace_back("label " + std::to_string(i % 256));
  }
  EXPECT_LT(EncodeChunk(CodedTextColumn("c", rows), 0, 4096).bytes.size(), 4096U + 3000U);
}

TEST(ChunkCodecTest, KeysOfOneLengthNeedNoOffsets) {
  Rows<std::string> rows;
  for (int i = 0; i < 4096; ++i) {
    rows.emplace_back(std::to_string(100'000'000'000 + i));
  }
  EXPECT_LT(EncodeChunk(TextColumn("c", rows), 0, 4096).bytes.size(), 4096U * 12 + 64);
}

TEST(ChunkCodecTest, TheWidestIntegersSurvive) {
  const Column column = Int64Column("c", {std::numeric_limits<std::int64_t>::min(),
                                          std::numeric_limits<std::int64_t>::max(), 0, -1});
  EXPECT_EQ(DecodeChunk(EncodeChunk(column, 0, 4).bytes)->int64s, column.int64s);
}

TEST(ChunkCodecTest, LongCodedTextsHashInPieces) {
  const std::string megabyte(1 << 20, 'x');
  const Rows<std::string> rows = {megabyte, "s", megabyte, megabyte + "y", "", "s"};
  EXPECT_EQ(EncodeChunk(CodedTextColumn("c", rows), 0, 6).hash,
            EncodeChunk(TextColumn("c", rows), 0, 6).hash);
}

TEST(ChunkCodecTest, FewBytesNeverStandForMuchMemory) {
  // A list of 2^31 - 1 equal items in one row would need no byte for each of them.
  std::string bytes = EncodeChunk(test::Int32ListColumn("c", {{{7}}}), 0, 1).bytes;
  const std::size_t list_length = 16 + 1;  // header, width
  const std::int64_t many = std::numeric_limits<std::int32_t>::max();
  std::copy_n(reinterpret_cast<const char*>(&many), sizeof(many), bytes.data() + list_length);
  EXPECT_TRUE(absl::IsDataLoss(DecodeChunk(bytes).status()));
}

TEST(ChunkCodecTest, AnotherVersionIsDataLoss) {
  std::string bytes = EncodeChunk(Int64Column("c", {1}), 0, 1).bytes;
  bytes[0] = 2;
  EXPECT_TRUE(absl::IsDataLoss(DecodeChunk(bytes).status()));
}

TEST(ChunkCodecTest, ACodeOutsideTheDictionaryIsDataLoss) {
  std::string bytes = EncodeChunk(CodedTextColumn("c", {"a", "b"}), 0, 2).bytes;
  const std::size_t second_code = 16 + 9 + 1;  // header, width and smallest value, first code
  ASSERT_EQ(bytes[second_code], 1);
  bytes[second_code] = 2;
  EXPECT_TRUE(absl::IsDataLoss(DecodeChunk(bytes).status()));
}

}  // namespace
}  // namespace assay::store
