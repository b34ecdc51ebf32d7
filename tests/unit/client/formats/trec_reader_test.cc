#include "client/formats/trec_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "client/formats/row_reader.h"
#include "tests/unit/client/formats/read_text.h"

namespace assay::formats {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

absl::StatusOr<Rows> ReadQrels(std::string text) { return ReadText("f.qrels", std::move(text)); }
absl::StatusOr<Rows> ReadRun(std::string text) { return ReadText("f.run", std::move(text)); }
std::string QrelsError(std::string text) { return ErrorOf("f.qrels", std::move(text)); }
std::string RunError(std::string text) { return ErrorOf("f.run", std::move(text)); }

std::vector<std::string> ItemsOf(const Column& column, std::int64_t row) {
  std::vector<std::string> items;
  for (std::int64_t item = column.ListBegin(row); item < column.ListEnd(row); ++item) {
    items.emplace_back(column.Text(item));
  }
  return items;
}

TEST(TrecReaderTest, ReadsQrelsAsOneRowAQuery) {
  const absl::StatusOr<Rows> rows = ReadQrels("q1 0 d1 2\nq1\t0\td2  -1\r\nq2 0 d1 0\n");
  EXPECT_THAT(NamesOf(rows), ElementsAre("key", "relevance"));
  EXPECT_THAT(TextsOf(ColumnOf(rows, "key")), ElementsAre("q1", "q2"));
  const Column relevance = ColumnOf(rows, "relevance");
  EXPECT_THAT(ItemsOf(relevance, 0), ElementsAre("d1", "d2"));
  EXPECT_THAT(relevance.int32s, ElementsAre(2, -1, 0));
}

TEST(TrecReaderTest, ReadsRunsAsOneRowAQuery) {
  const absl::StatusOr<Rows> rows =
      ReadRun("q1 Q0 d1 1 2.5 tag\nq1 Q0 d2 2 -1e-3 tag\nq2 Q0 d3 1 7 tag\n");
  EXPECT_THAT(NamesOf(rows), ElementsAre("key", "ranking"));
  EXPECT_THAT(ColumnOf(rows, "ranking").doubles, ElementsAre(2.5, -1e-3, 7));
}

TEST(TrecReaderTest, DoesNotLookAtRanks) {
  const absl::StatusOr<Rows> rows = ReadRun("q Q0 d1 9 1 t\nq Q0 d2 none 3 t\n");
  EXPECT_THAT(ItemsOf(ColumnOf(rows, "ranking"), 0), ElementsAre("d1", "d2"));
}

TEST(TrecReaderTest, BringsTheLinesOfAQueryTogether) {
  const absl::StatusOr<Rows> rows =
      ReadRun("b Q0 d1 1 1 t\na Q0 d1 1 2 t\nb Q0 d2 1 3 t\na Q0 d3 1 4 t\nb Q0 d4 1 5 t\n");
  EXPECT_THAT(TextsOf(ColumnOf(rows, "key")), ElementsAre("b", "a"));
  const Column ranking = ColumnOf(rows, "ranking");
  EXPECT_THAT(ItemsOf(ranking, 0), ElementsAre("d1", "d2", "d4"));
  EXPECT_THAT(ItemsOf(ranking, 1), ElementsAre("d1", "d3"));
  EXPECT_THAT(ranking.doubles, ElementsAre(1, 3, 5, 2, 4));
}

TEST(TrecReaderTest, ReadsScoresExactly) {
  const absl::StatusOr<Rows> rows = ReadRun(
      "q Q0 d1 1 26.192900401413535 t\nq Q0 d2 1 0.1 t\nq Q0 d3 1 +5 t\nq Q0 d4 1 16777217 t\n"
      "q Q0 d5 1 1e-400 t\nq Q0 d6 1 123456789012345.6 t\nq Q0 d7 1 -.5 t\nq Q0 d8 1 5. t\n");
  EXPECT_THAT(ColumnOf(rows, "ranking").doubles,
              ElementsAre(26.192900401413535, 0.1, 5, 16777217, 0, 123456789012345.6, -0.5, 5));
}

TEST(TrecReaderTest, TakesInfiniteScores) {
  const absl::StatusOr<Rows> rows = ReadRun("q Q0 d1 1 inf t\nq Q0 d2 1 -Infinity t\n");
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  EXPECT_THAT(ColumnOf(rows, "ranking").doubles, ElementsAre(kInfinity, -kInfinity));
}

TEST(TrecReaderTest, TakesIdsWithHashSigns) {
  const absl::StatusOr<Rows> rows =
      ReadQrels("# judged in May\n#\n#\tmore\n#1 0 D59221#0 1\nq#2 0 #d 1\n");
  EXPECT_THAT(TextsOf(ColumnOf(rows, "key")), ElementsAre("#1", "q#2"));
  EXPECT_THAT(ItemsOf(ColumnOf(rows, "relevance"), 0), ElementsAre("D59221#0"));
}

TEST(TrecReaderTest, TakesBlankLinesAndALastLineWithoutItsEnd) {
  const absl::StatusOr<Rows> rows = ReadQrels("\n  \t\nq 0 d1 1\n\r\nq 0 d2 1");
  EXPECT_THAT(ItemsOf(ColumnOf(rows, "relevance"), 0), ElementsAre("d1", "d2"));
}

TEST(TrecReaderTest, TakesIdsOfAnyLengthAndScript) {
  const std::string longest(1000, 'x');
  const absl::StatusOr<Rows> rows = ReadQrels("caf\xC3\xA9 0 " + longest + " 1\n");
  EXPECT_THAT(TextsOf(ColumnOf(rows, "key")), ElementsAre("caf\xC3\xA9"));
  EXPECT_THAT(ItemsOf(ColumnOf(rows, "relevance"), 0), ElementsAre(longest));
}

TEST(TrecReaderTest, CutsBatchesByRowsAndBytes) {
  std::string text;
  for (int query = 0; query < 20; ++query) {
    for (int i = 0; i < 10; ++i) {
      text += absl::StrFormat("q%d Q0 d%d %d %d t\n", query, (query + i * 7) % 31, i, 10 - i);
    }
  }
  const absl::StatusOr<Rows> whole = ReadRun(text);
  for (const std::int64_t max_batch_bytes : {1, 300, 100'000}) {
    ReaderOptions options;
    options.max_batch_bytes = max_batch_bytes;
    for (const std::int64_t max_rows : {1, 7, 100}) {
      const absl::StatusOr<Rows> parts = ReadText("f.run", text, options, max_rows);
      EXPECT_EQ(TextsOf(ColumnOf(parts, "key")), TextsOf(ColumnOf(whole, "key")));
      const Column ranking = ColumnOf(parts, "ranking");
      EXPECT_EQ(ranking.doubles, ColumnOf(whole, "ranking").doubles);
      for (std::int64_t row = 0; row < 20; ++row) {
        EXPECT_EQ(ItemsOf(ranking, row), ItemsOf(ColumnOf(whole, "ranking"), row));
      }
    }
  }
}

TEST(TrecReaderTest, GivesEachBatchOnlyItsDocuments) {
  const absl::StatusOr<InputFile> file =
      InputFile::FromBytes("f.qrels", "a 0 d1 1\nb 0 d2 1\nb 0 d3 1\n");
  const absl::StatusOr<std::unique_ptr<RowReader>> reader = OpenRows(*file, {});
  ASSERT_TRUE(reader.ok());
  ASSERT_TRUE((*reader)->Next(1).ok());
  const absl::StatusOr<std::optional<Rows>> second = (*reader)->Next(1);
  ASSERT_TRUE(second.ok() && second->has_value());
  EXPECT_EQ((*second)->columns[1].text_bytes, "d2d3");
  EXPECT_EQ((*reader)->PlaceOfRow(1), "f.qrels:2");
}

TEST(TrecReaderTest, RefusesTheWrongNumberOfColumns) {
  EXPECT_EQ(QrelsError("1 0 d1 1\n1 0 d2 1 extra\n"),
            "f.qrels:2: 5 columns where a line of qrels has 4: '1 0 d2 1 extra'");
  EXPECT_EQ(RunError("1 Q0 d1 1 1\n"),
            "f.run:1: 5 columns where a line of a run has 6: '1 Q0 d1 1 1'");
  EXPECT_THAT(RunError("1 2 3 4 5 6 7 8 9\n"), StartsWith("f.run:1: 7 or more columns"));
}

TEST(TrecReaderTest, NamesLineAndFieldOfABadScore) {
  EXPECT_EQ(RunError("a Q0 d 1 1 t\na Q0 e 1 abc t\n"),
            "f.run:2: field 'score': not a number: 'abc'");
  EXPECT_EQ(RunError("a Q0 d 1 nan t\n"), "f.run:1: field 'score': not a number: 'nan'");
  EXPECT_EQ(RunError("a Q0 d 1 -NaN t\n"), "f.run:1: field 'score': not a number: '-NaN'");
  EXPECT_EQ(RunError("a Q0 d 1 1e999 t\n"), "f.run:1: field 'score': not a number: '1e999'");
  EXPECT_EQ(RunError("a Q0 d 1 1,5 t\n"), "f.run:1: field 'score': not a number: '1,5'");
  EXPECT_EQ(RunError("a Q0 d 1 0x10 t\n"), "f.run:1: field 'score': not a number: '0x10'");
  EXPECT_EQ(RunError("a Q0 d 1 +-1 t\n"), "f.run:1: field 'score': not a number: '+-1'");
  EXPECT_EQ(RunError("a Q0 d 1 . t\n"), "f.run:1: field 'score': not a number: '.'");
}

TEST(TrecReaderTest, NamesLineAndFieldOfABadGrade) {
  EXPECT_EQ(QrelsError("a 0 d 0.9\n"),
            "f.qrels:1: field 'grade': not an integer, or out of range: '0.9'");
  EXPECT_EQ(QrelsError("a 0 d 3000000000\n"),
            "f.qrels:1: field 'grade': not an integer, or out of range: '3000000000'");
}

TEST(TrecReaderTest, RefusesADocumentTwiceInAQuery) {
  EXPECT_EQ(RunError("a Q0 d1 1 0.5 t\na Q0 d1 2 0.4 t\n"),
            "f.run:2: field 'document': a document twice in query 'a': 'd1'");
}

TEST(TrecReaderTest, FindsDuplicatesAcrossOtherQueries) {
  EXPECT_EQ(QrelsError("a 0 d1 1\nb 0 d1 1\na 0 d2 1\n\nb 0 d1 0\na 0 d1 1\n"),
            "f.qrels:5: field 'document': a document twice in query 'b': 'd1'");
}

TEST(TrecReaderTest, RefusesAnEmptyFile) {
  EXPECT_EQ(RunError(""), "f.run: the file is empty");
  EXPECT_EQ(RunError("# nothing\n\n"), "f.run: the file is empty");
}

TEST(TrecReaderTest, NamesLineAndFieldOfInvalidUtf8) {
  EXPECT_EQ(QrelsError("a 0 d 1\na 0 \xFF 1\n"),
            "f.qrels:2: field 'document': invalid UTF-8: '\\xff'");
  EXPECT_EQ(RunError("\xC0 Q0 d 1 1 t\n"), "f.run:1: field 'query': invalid UTF-8: '\\xc0'");
}

TEST(TrecReaderTest, RefusesNulBytes) {
  EXPECT_THAT(QrelsError(std::string("a 0 d 1\na 0 d\0e 1\n", 18)),
              StartsWith("f.qrels:2: a NUL byte or another control character"));
  EXPECT_THAT(QrelsError(std::string("a 0 d 1\n\0", 9)), StartsWith("f.qrels:2: a NUL byte"));
}

TEST(TrecReaderTest, ReadsARealRunAndItsJudgements) {
  const std::string folder = ASSAY_TEST_DATA "/robust03/";
  const absl::StatusOr<InputFile> run = InputFile::Open(folder + "oce03noXbmD.run");
  ASSERT_TRUE(run.ok()) << run.status();
  const absl::StatusOr<std::unique_ptr<RowReader>> reader = OpenRows(*run, {});
  ASSERT_TRUE(reader.ok()) << reader.status();
  const absl::StatusOr<std::optional<Rows>> rows = (*reader)->Next(100);
  ASSERT_TRUE(rows.ok() && rows->has_value());
  EXPECT_EQ((*rows)->num_rows, 20);
  EXPECT_EQ((*rows)->columns[0].Text(0), "601");
  EXPECT_EQ((*rows)->columns[1].Text(0), "FR940404-2-00028");
  EXPECT_EQ((*rows)->columns[1].doubles[0], 1012.99315643311);
}

}  // namespace
}  // namespace assay::formats
