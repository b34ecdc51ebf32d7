#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <numeric>
#include <optional>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

#include "evaluators/columns.h"
#include "tests/unit/evaluators/column_makers.h"
#include "tests/unit/evaluators/random_columns.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

std::int64_t FaultRow(const Column& column) {
  const std::optional<ColumnFault> fault = FindFault(column);
  return fault ? fault->row : -2;
}

TEST(FindFaultTest, AnEmptyColumnOfAnyTypeIsWellFormed) {
  for (const ColumnType type : kAllTypes) {
    Column column = MakeColumn(type);
    column.is_coded = type == ColumnType::kRanking || type == ColumnType::kRelevance;
    column.dimension =
        type == ColumnType::kFloat32Vector || type == ColumnType::kFloat64Vector ? 2 : 0;
    EXPECT_EQ(FaultOf(column), "none") << ColumnTypeName(type);
  }
}

TEST(FindFaultTest, NamesAnUnknownType) {
  EXPECT_EQ(FaultOf(MakeColumn(static_cast<ColumnType>(77))), "unknown column type 77");
}

TEST(FindFaultTest, FindsDescendingTextOffsets) {
  Column column = TextColumn({"ab", "c", "d"});
  column.text_offsets = {0, 3, 2, 4};
  EXPECT_EQ(FaultOf(column), "text_offsets descends from 3 to 2");
  EXPECT_EQ(FaultRow(column), 1);
}

TEST(FindFaultTest, FindsTextOffsetsPastTheBuffer) {
  Column column = TextColumn({"ab", "c"});
  column.text_offsets.back() = 9;
  EXPECT_EQ(FaultOf(column), "text_offsets ends at 9 where the buffer has 3");
}

TEST(FindFaultTest, FindsNegativeOffsets) {
  Column column = TextColumn({"ab", "c"});
  column.text_offsets = {-1, 1, 3};
  EXPECT_EQ(FaultOf(column), "text_offsets starts at -1, not at 0");
}

TEST(FindFaultTest, FindsMissingOffsets) {
  Column column = TextColumn({"ab", "c"});
  column.text_offsets.pop_back();
  EXPECT_EQ(FaultOf(column), "text_offsets has 2 values, 3 are needed");
}

TEST(FindFaultTest, FindsDescendingListOffsets) {
  Column column = RankingColumn({{{{"a", 1.0}}}, {{{"b", 2.0}}}});
  column.list_offsets = {0, 3, 2};
  EXPECT_EQ(FaultOf(column), "list_offsets descends from 3 to 2");
}

TEST(FindFaultTest, FindsACodeOutsideTheDictionary) {
  Column column = CodedTextColumn({"a", "b", "a"});
  column.codes[2] = 2;
  EXPECT_EQ(FaultOf(column), "code 2 is outside the dictionary of 2");
  EXPECT_EQ(FaultRow(column), 2);
}

TEST(FindFaultTest, FindsANegativeCode) {
  Column column = CodedTextColumn({"a", "b"});
  column.codes[1] = -1;
  EXPECT_EQ(FaultRow(column), 1);
}

TEST(FindFaultTest, DoesNotLookAtTheCodeOfANullRow) {
  Column column = CodedTextColumn({"a", std::nullopt});
  column.codes[1] = -1;
  EXPECT_EQ(FaultOf(column), "none");
}

TEST(FindFaultTest, FindsInvalidUtf8AndItsRow) {
  EXPECT_EQ(FaultOf(TextColumn({"fine", "caf\xC3"})), "invalid UTF-8");
  EXPECT_EQ(FaultRow(TextColumn({"fine", "caf\xC3"})), 1);
}

TEST(FindFaultTest, FindsACharacterThatTwoRowsShare) {
  EXPECT_EQ(FaultRow(TextColumn({"ok", "caf\xC3", "\xA9"})), 1);
}

TEST(FindFaultTest, FindsInvalidUtf8InADictionaryAndARowThatUsesIt) {
  const Column column = CodedTextColumn({"a", "\xFF"});
  EXPECT_EQ(FaultOf(column), "invalid UTF-8 in dictionary entry 1");
  EXPECT_EQ(FaultRow(column), 1);
}

TEST(FindFaultTest, FindsInvalidUtf8InAnItem) {
  EXPECT_EQ(FaultRow(TextListColumn({{{"a", "b"}}, {{"c", "\x80"}}})), 1);
}

TEST(FindFaultTest, FindsABufferOfTheWrongLength) {
  Column column = FloatVectorColumn(3, {1, 2, 3, 4, 5, 6});
  column.floats.pop_back();
  EXPECT_EQ(FaultOf(column), "float32 values has 5 values, 6 are needed");
}

TEST(FindFaultTest, FindsABufferOfAnotherType) {
  Column column = DoubleColumn({1.0});
  column.int64s.push_back(1);
  EXPECT_EQ(FaultOf(column), "int64 values has 1 values, 0 are needed");
}

TEST(FindFaultTest, FindsTextInAColumnOfNumbers) {
  Column column = DoubleColumn({1.0});
  column.text_bytes = "x";
  EXPECT_EQ(FaultOf(column), "text buffers in a column without texts");
}

TEST(FindFaultTest, FindsAShortBitmap) {
  Column column = DoubleColumn(std::vector<std::optional<double>>(9, 1.0));
  column.validity = {0xFF};
  EXPECT_EQ(FaultOf(column), "validity has 1 values, 2 are needed");
}

TEST(FindFaultTest, FindsAVectorColumnWithoutDimension) {
  EXPECT_EQ(FaultOf(MakeColumn(ColumnType::kFloat32Vector)), "dimension 0 of a vector column");
}

TEST(FindFaultTest, FindsTextUnderANullRow) {
  Column column = TextColumn({"a", "b"});
  column.validity = {0x01};
  EXPECT_EQ(FaultOf(column), "the row is null but holds a value");
  EXPECT_EQ(FaultRow(column), 1);
}

TEST(FindFaultTest, FindsAScoreThatIsNotANumber) {
  const Column column =
      RankingColumn({{{{"a", 1.0}}}, {{{"b", std::numeric_limits<double>::quiet_NaN()}}}});
  EXPECT_EQ(FaultOf(column), "document 'b' has the score NaN");
  EXPECT_EQ(FaultRow(column), 1);
}

TEST(FindFaultTest, AcceptsInfiniteScores) {
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(FaultOf(RankingColumn({{{{"a", infinity}, {"b", -infinity}}}})), "none");
}

TEST(FindFaultTest, FindsADocumentTwiceInOneRow) {
  const Column column = RelevanceColumn({{{{"a", 1}, {"b", 0}}}, {{{"b", 1}, {"b", 0}}}});
  EXPECT_EQ(FaultOf(column), "document 'b' is in the row twice");
  EXPECT_EQ(FaultRow(column), 1);
}

TEST(FindFaultTest, AcceptsADocumentInManyRows) {
  EXPECT_EQ(FaultOf(RelevanceColumn({{{{"a", 1}}}, {{{"a", 1}}}, {{{"a", 0}}}})), "none");
}

TEST(FindFaultTest, FindsADocumentTwiceInTheDictionary) {
  Column column = RankingColumn({{{{"a", 1.0}, {"b", 0.0}}}});
  column.text_bytes = "aa";
  EXPECT_THAT(FaultOf(column), HasSubstr("document 'a' is in the dictionary twice"));
}

TEST(FindFaultTest, FindsPlainDocuments) {
  Column column = RankingColumn({{{{"a", 1.0}}}});
  column.is_coded = false;
  EXPECT_EQ(FaultOf(column), "documents must be dictionary-coded");
}

// Whatever a buffer is changed to, the column is either refused or reads as before and after a
// copy.
TEST(FindFaultTest, AChangedColumnIsRefusedOrSafeToRead) {
  RandomColumns random(11);
  int num_refused = 0;
  int num_accepted = 0;
  for (int round = 0; round < 4000; ++round) {
    const ColumnType type = kAllTypes[random.Below(std::size(kAllTypes))];
    Column column = random.Make(type, 1 + random.Below(20), random.Below(2) == 0, true);
    const auto change = [&random](auto& buffer) {
      if (!buffer.empty()) {
        const auto at = static_cast<std::size_t>(random.Below(std::ssize(buffer)));
        buffer[at] = static_cast<std::remove_reference_t<decltype(buffer[at])>>(
            random.Below(4) == 0 ? random.Below(1 << 30) : random.Below(12) - 2);
      }
    };
    change(column.validity);
    if (random.Below(2) == 0) {
      change(column.list_offsets);
    } else if (random.Below(2) == 0) {
      change(column.text_offsets);
    } else {
      change(column.codes);
    }
    if (FindFault(column)) {
      ++num_refused;
      continue;
    }
    ++num_accepted;
    std::vector<std::int64_t> rows(static_cast<std::size_t>(column.num_rows));
    std::iota(rows.begin(), rows.end(), 0);
    Column copy = Slice(column, 0, column.num_rows / 2);
    Append(copy, Slice(column, column.num_rows / 2, column.num_rows));
    ASSERT_EQ(RowsOf(copy), RowsOf(column)) << ColumnTypeName(type);
    ASSERT_EQ(RowsOf(Gather(column, rows)), RowsOf(column)) << ColumnTypeName(type);
  }
  EXPECT_GT(num_refused, 500);
  EXPECT_GT(num_accepted, 500);
}

// Well-formed by decoding to a code point: an independent statement of table 3-7.
bool DecodesToScalarValue(const std::string& bytes) {
  std::size_t i = 0;
  while (i < bytes.size()) {
    const auto lead = static_cast<unsigned char>(bytes[i]);
    const int length = lead < 0x80         ? 1
                       : (lead >> 5) == 6  ? 2
                       : (lead >> 4) == 14 ? 3
                       : (lead >> 3) == 30 ? 4
                                           : 0;
    if (length == 0 || i + static_cast<std::size_t>(length) > bytes.size()) {
      return false;
    }
    std::uint32_t point = length == 1 ? lead : lead & (0xFFU >> (length + 1));
    for (int k = 1; k < length; ++k) {
      const auto next = static_cast<unsigned char>(bytes[i + static_cast<std::size_t>(k)]);
      if ((next & 0xC0) != 0x80) {
        return false;
      }
      point = point << 6 | (next & 0x3FU);
    }
    const std::uint32_t lowest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (point < lowest[length] || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) {
      return false;
    }
    i += static_cast<std::size_t>(length);
  }
  return true;
}

TEST(IsUtf8Test, AgreesWithDecodingOnRandomBytes) {
  std::mt19937 random(3);
  const std::string lead_bytes(
      "\x00\x41\x7F\x80\x8F\x90\x9F\xA0\xBF\xC0\xC2\xE0\xED\xEF\xF0\xF4\xF5\xFF", 18);
  int num_valid = 0;
  for (int round = 0; round < 200'000; ++round) {
    std::string bytes(random() % 12, 'a');  // Long enough for the eight-byte path.
    for (std::size_t i = random() % 5; i > 0; --i) {
      bytes += lead_bytes[random() % lead_bytes.size()];
    }
    ASSERT_EQ(IsUtf8(bytes), DecodesToScalarValue(bytes)) << testing::PrintToString(bytes);
    num_valid += IsUtf8(bytes) ? 1 : 0;
  }
  EXPECT_GT(num_valid, 10'000);
}

TEST(IsUtf8Test, AcceptsEveryScalarValueAndNoSurrogate) {
  for (std::uint32_t point = 0; point <= 0x10FFFF; ++point) {
    std::string bytes;
    if (point < 0x80) {
      bytes = {static_cast<char>(point)};
    } else if (point < 0x800) {
      bytes = {static_cast<char>(0xC0 | point >> 6), static_cast<char>(0x80 | (point & 0x3F))};
    } else if (point < 0x10000) {
      bytes = {static_cast<char>(0xE0 | point >> 12), static_cast<char>(0x80 | (point >> 6 & 0x3F)),
               static_cast<char>(0x80 | (point & 0x3F))};
    } else {
      bytes = {
          static_cast<char>(0xF0 | point >> 18), static_cast<char>(0x80 | (point >> 12 & 0x3F)),
          static_cast<char>(0x80 | (point >> 6 & 0x3F)), static_cast<char>(0x80 | (point & 0x3F))};
    }
    ASSERT_EQ(IsUtf8(bytes), point < 0xD800 || point > 0xDFFF) << point;
  }
}

}  // namespace
}  // namespace assay
