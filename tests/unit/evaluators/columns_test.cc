#include "evaluators/columns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "tests/unit/evaluators/column_makers.h"
#include "tests/unit/evaluators/random_columns.h"

namespace assay {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Texts TextsOf(const Column& column) {
  Texts texts;
  for (std::int64_t row = 0; row < column.num_rows; ++row) {
    texts.push_back(column.IsValid(row) ? std::optional(std::string(column.Text(row)))
                                        : std::nullopt);
  }
  return texts;
}

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

}  // namespace
}  // namespace assay
