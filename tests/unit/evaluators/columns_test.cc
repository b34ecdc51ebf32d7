#include "evaluators/columns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
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

#include "tests/unit/evaluators/column_makers.h"

namespace assay {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Texts TextsOf(const Column& column) {
  Texts texts;
  for (std::int64_t row = 0; row < column.num_rows; ++row) {
    texts.push_back(column.IsValid(row) ? std::optional(std::string(column.Text(row)))
                                        : std::nullopt);
  }
  return texts;
}

// Every row as text, whatever the type: two columns print alike when they hold the same values.
std::vector<std::string> RowsOf(const Column& column) {
  std::vector<std::string> rows;
  for (std::int64_t row = 0; row < column.num_rows; ++row) {
    if (!column.IsValid(row)) {
      rows.emplace_back("null");
      continue;
    }
    std::string text = "[";
    const std::int64_t begin = IsList(column.type) ? column.ListBegin(row) : row;
    const std::int64_t end = IsList(column.type) ? column.ListEnd(row) : row + 1;
    const std::int64_t width = column.dimension > 0 ? column.dimension : 1;
    for (std::int64_t item = begin; item < end; ++item) {
      if (HasText(column.type)) {
        text += column.Text(item);
      }
      for (std::int64_t i = item * width; i < (item + 1) * width; ++i) {
        const auto at = static_cast<std::size_t>(i);
        text += column.int32s.empty() ? "" : ":" + std::to_string(column.int32s[at]);
        text += column.int64s.empty() ? "" : ":" + std::to_string(column.int64s[at]);
        text += column.floats.empty() ? "" : ":" + std::to_string(column.floats[at]);
        text += column.doubles.empty() ? "" : ":" + std::to_string(column.doubles[at]);
      }
      text += ",";
    }
    rows.push_back(text + "]");
  }
  return rows;
}

std::string FaultOf(const Column& column) {
  const std::optional<ColumnFault> fault = FindFault(column);
  return fault ? fault->problem : "none";
}

std::int64_t FaultRow(const Column& column) {
  const std::optional<ColumnFault> fault = FindFault(column);
  return fault ? fault->row : -2;
}

class RandomColumns {
 public:
  explicit RandomColumns(std::uint32_t seed) : random_(seed) {}

  std::int64_t Below(std::int64_t bound) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(bound));
  }
  Column Make(ColumnType type, std::int64_t num_rows, bool is_coded, bool has_nulls) {
    Column column = MakeColumn(type);
    const bool is_documents = type == ColumnType::kRanking || type == ColumnType::kRelevance;
    column.is_coded = HasText(type) && (is_coded || is_documents);
    const bool is_vector = type == ColumnType::kFloat32Vector || type == ColumnType::kFloat64Vector;
    column.dimension = is_vector ? 3 : 0;
    const std::int64_t first_entry = Below(5);
    if (column.is_coded) {
      for (std::int64_t entry = 0; entry < 8; ++entry) {
        AppendText(column, Word(first_entry + entry));
      }
    }
    if (IsList(type)) {
      column.list_offsets.push_back(0);
    }
    for (std::int64_t row = 0; row < num_rows; ++row) {
      const bool is_valid = !has_nulls || Below(3) != 0;
      std::int64_t num_items = 1;
      if (IsList(type)) {
        num_items = is_valid ? Below(4) : 0;
        column.list_offsets.push_back(column.list_offsets.back() +
                                      static_cast<std::int32_t>(num_items));
      }
      for (std::int64_t item = 0; item < num_items; ++item) {
        AddItem(column, is_valid, item);
      }
      ++column.num_rows;
      AppendValidity(column, is_valid);
    }
    return column;
  }

 private:
  static std::string Word(std::int64_t i) {
    return "w" + std::to_string(i) + (i % 3 == 0 ? "\xC3\xA9" : "");
  }
  void AddItem(Column& column, bool is_valid, std::int64_t item) {
    if (column.is_coded) {
      column.codes.push_back(is_valid ? static_cast<std::int32_t>((column.num_rows + item) % 8)
                                      : 0);
    } else if (HasText(column.type)) {
      AppendText(column, is_valid ? Word(Below(9)) : "");
    }
    const std::int64_t number = is_valid ? Below(1000) : 0;
    switch (column.type) {
      case ColumnType::kFloat64:
      case ColumnType::kRanking:
        column.doubles.push_back(static_cast<double>(number));
        break;
      case ColumnType::kInt64:
        column.int64s.push_back(number);
        break;
      case ColumnType::kInt32List:
      case ColumnType::kRelevance:
        column.int32s.push_back(static_cast<std::int32_t>(number));
        break;
      case ColumnType::kFloat32Vector:
        column.floats.insert(column.floats.end(), 3, static_cast<float>(number));
        break;
      case ColumnType::kFloat64Vector:
        column.doubles.insert(column.doubles.end(), 3, static_cast<double>(number));
        break;
      default:
        break;
    }
  }

  std::mt19937 random_;
};

constexpr ColumnType kAllTypes[] = {
    ColumnType::kText,      ColumnType::kJson,          ColumnType::kFloat64,
    ColumnType::kInt64,     ColumnType::kFloat32Vector, ColumnType::kFloat64Vector,
    ColumnType::kInt32List, ColumnType::kTextList,      ColumnType::kRanking,
    ColumnType::kRelevance,
};

TEST(ColumnsTest, AppendedTextsAreReadBack) {
  EXPECT_THAT(TextsOf(TextColumn({"a", std::nullopt, "", "bc"})),
              ElementsAre("a", std::nullopt, "", "bc"));
}

TEST(ColumnsTest, NoNullMeansNoBitmap) { EXPECT_THAT(TextColumn({"a", "b"}).validity, IsEmpty()); }

TEST(ColumnsTest, TheFirstNullMarksAllEarlierRowsPresent) {
  Texts values(20, "x");
  values[17] = std::nullopt;
  EXPECT_THAT(TextColumn(values).validity, ElementsAre(0xFF, 0xFF, 0x0D));
}

TEST(ColumnsTest, TextUnderANullOutsideTheDictionaryIsEmpty) {
  EXPECT_EQ(CodedTextColumn({std::nullopt}).Text(0), "");
}

TEST(ColumnsTest, SliceMovesOffsetsToZero) {
  const Column slice = Slice(TextColumn({"ab", "c", "def", "g"}), 1, 3);
  EXPECT_THAT(TextsOf(slice), ElementsAre("c", "def"));
  EXPECT_THAT(slice.text_offsets, ElementsAre(0, 1, 4));
  EXPECT_EQ(slice.text_bytes, "cdef");
}

TEST(ColumnsTest, SliceShiftsTheBitmap) {
  Texts values;
  for (int i = 0; i < 30; ++i) {
    values.push_back(i % 3 == 0 ? std::nullopt : std::optional<std::string>("x"));
  }
  const Texts expected(values.begin() + 5, values.begin() + 27);
  EXPECT_EQ(TextsOf(Slice(TextColumn(values), 5, 27)), expected);
}

TEST(ColumnsTest, SliceWithoutNullsHasNoBitmap) {
  EXPECT_THAT(Slice(TextColumn({std::nullopt, "a", "b"}), 1, 3).validity, IsEmpty());
}

TEST(ColumnsTest, SliceKeepsTheDictionary) {
  const Column slice = Slice(CodedTextColumn({"a", "b", "c"}), 2, 3);
  EXPECT_EQ(slice.text_bytes, "abc");
  EXPECT_THAT(TextsOf(slice), ElementsAre("c"));
}

TEST(ColumnsTest, SliceOfAListMovesItsItems) {
  const Column slice =
      Slice(RankingColumn({{{{"a", 1.0}}}, {{{"b", 2.0}, {"a", 3.0}}}, std::nullopt}), 1, 3);
  EXPECT_THAT(RowsOf(slice), ElementsAre("[b:2.000000,a:3.000000,]", "null"));
  EXPECT_THAT(slice.list_offsets, ElementsAre(0, 2, 2));
}

TEST(ColumnsTest, AnEmptySliceIsWellFormed) {
  for (const ColumnType type : kAllTypes) {
    const Column column = RandomColumns(1).Make(type, 9, true, true);
    EXPECT_EQ(FaultOf(Slice(column, 4, 4)), "none") << ColumnTypeName(type);
  }
}

TEST(ColumnsTest, GatherRepeatsReordersAndMakesNulls) {
  const std::vector<std::int64_t> rows = {2, -1, 0, 2};
  EXPECT_THAT(TextsOf(Gather(TextColumn({"a", "b", "c"}), rows)),
              ElementsAre("c", std::nullopt, "a", "c"));
}

TEST(ColumnsTest, GatherKeepsCodes) {
  const std::vector<std::int64_t> rows = {1, -1};
  const Column gathered = Gather(CodedTextColumn({"a", "b"}), rows);
  EXPECT_THAT(gathered.codes, ElementsAre(1, 0));
  EXPECT_THAT(TextsOf(gathered), ElementsAre("b", std::nullopt));
}

TEST(ColumnsTest, GatherOfAMissingVectorIsZero) {
  const std::vector<std::int64_t> rows = {-1, 1};
  const Column gathered = Gather(FloatVectorColumn(2, {1, 2, 3, 4}), rows);
  EXPECT_THAT(gathered.floats, ElementsAre(0, 0, 3, 4));
  EXPECT_FALSE(gathered.IsValid(0));
}

TEST(ColumnsTest, AppendToAnEmptyColumnTakesTheDictionary) {
  Column column = MakeColumn(ColumnType::kText);
  Append(column, CodedTextColumn({"b", "a"}));
  EXPECT_TRUE(column.is_coded);
  EXPECT_THAT(TextsOf(column), ElementsAre("b", "a"));
}

TEST(ColumnsTest, AppendMergesDictionaries) {
  Column column = CodedTextColumn({"a", "b"});
  Append(column, CodedTextColumn({"c", "b", std::nullopt, "a"}));
  EXPECT_THAT(TextsOf(column), ElementsAre("a", "b", "c", "b", std::nullopt, "a"));
  EXPECT_EQ(column.text_bytes, "abc");
  EXPECT_EQ(FaultOf(column), "none");
}

TEST(ColumnsTest, AppendOfAGrownDictionaryKeepsItsCodes) {
  Column column = CodedTextColumn({"a"});
  Append(column, CodedTextColumn({"b"}, {"a", "b"}));
  EXPECT_THAT(column.codes, ElementsAre(0, 1));
  EXPECT_EQ(column.text_bytes, "ab");
}

TEST(ColumnsTest, AppendDecodesBehindAPlainColumn) {
  Column column = TextColumn({"a"});
  Append(column, CodedTextColumn({std::nullopt, "b"}));
  EXPECT_FALSE(column.is_coded);
  EXPECT_THAT(TextsOf(column), ElementsAre("a", std::nullopt, "b"));
  EXPECT_EQ(FaultOf(column), "none");
}

TEST(ColumnsTest, AppendEncodesBehindACodedColumn) {
  Column column = CodedTextColumn({"a"});
  Append(column, TextColumn({"b", "a"}));
  EXPECT_THAT(column.codes, ElementsAre(0, 1, 0));
}

TEST(ColumnsTest, SlicesAppendToTheWhole) {
  RandomColumns random(7);
  for (int round = 0; round < 400; ++round) {
    const ColumnType type = kAllTypes[random.Below(std::size(kAllTypes))];
    const std::int64_t num_rows = random.Below(60);
    const Column whole = random.Make(type, num_rows, random.Below(2) == 0, random.Below(2) == 0);
    ASSERT_EQ(FaultOf(whole), "none") << ColumnTypeName(type);
    Column joined = Slice(whole, 0, 0);
    for (std::int64_t begin = 0; begin < num_rows;) {
      const std::int64_t end = std::min(num_rows, begin + 1 + random.Below(20));
      Append(joined, Slice(whole, begin, end));
      begin = end;
    }
    ASSERT_EQ(RowsOf(joined), RowsOf(whole)) << ColumnTypeName(type);
    ASSERT_EQ(FaultOf(joined), "none") << ColumnTypeName(type);
  }
}

TEST(ColumnsTest, AppendedColumnsOfAnyCodingHoldTheRowsOfBoth) {
  RandomColumns random(8);
  for (int round = 0; round < 400; ++round) {
    const ColumnType type = kAllTypes[random.Below(std::size(kAllTypes))];
    Column column = random.Make(type, random.Below(40), random.Below(2) == 0, random.Below(2) == 0);
    const Column tail =
        random.Make(type, random.Below(40), random.Below(2) == 0, random.Below(2) == 0);
    std::vector<std::string> expected = RowsOf(column);
    const std::vector<std::string> behind = RowsOf(tail);
    expected.insert(expected.end(), behind.begin(), behind.end());
    Append(column, tail);
    ASSERT_EQ(RowsOf(column), expected) << ColumnTypeName(type);
    ASSERT_EQ(FaultOf(column), "none") << ColumnTypeName(type);
  }
}

TEST(ColumnsTest, GatheredRowsAreTheRows) {
  RandomColumns random(9);
  for (int round = 0; round < 400; ++round) {
    const ColumnType type = kAllTypes[random.Below(std::size(kAllTypes))];
    const std::int64_t num_rows = 1 + random.Below(40);
    const Column column = random.Make(type, num_rows, random.Below(2) == 0, random.Below(2) == 0);
    const std::vector<std::string> all = RowsOf(column);
    std::vector<std::int64_t> rows;
    std::vector<std::string> expected;
    for (std::int64_t i = random.Below(50); i > 0; --i) {
      rows.push_back(random.Below(num_rows + 1) - 1);
      expected.push_back(rows.back() < 0 ? "null" : all[static_cast<std::size_t>(rows.back())]);
    }
    const Column gathered = Gather(column, rows);
    ASSERT_EQ(RowsOf(gathered), expected) << ColumnTypeName(type);
    ASSERT_EQ(FaultOf(gathered), "none") << ColumnTypeName(type);
  }
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
