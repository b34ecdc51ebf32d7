#include "client/formats/csv_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "client/formats/row_reader.h"
#include "tests/unit/client/formats/read_text.h"

namespace assay::formats {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

absl::StatusOr<Rows> Read(std::string text, const ReaderOptions& options = {}) {
  return ReadText("rows.csv", std::move(text), options);
}

std::string Error(std::string text, const ReaderOptions& options = {}) {
  return ErrorOf("rows.csv", std::move(text), options);
}

ReaderOptions WithoutKey() {
  ReaderOptions options;
  options.requires_key = false;
  return options;
}

TEST(CsvReaderTest, MapsStandardNamesThemselves) {
  const absl::StatusOr<Rows> rows =
      Read("key,label,cohort.lang,latency_us,repetition,note\n007,1,de,1.5,2,x\n");
  EXPECT_THAT(TextsOf(ColumnOf(rows, "key")), ElementsAre("007"));
  EXPECT_TRUE(ColumnOf(rows, "label").is_coded);
  EXPECT_TRUE(ColumnOf(rows, "cohort.lang").is_coded);
  EXPECT_THAT(ColumnOf(rows, "latency_us").doubles, ElementsAre(1.5));
  EXPECT_THAT(ColumnOf(rows, "repetition").int64s, ElementsAre(2));
  EXPECT_THAT(TextsOf(ColumnOf(rows, "note")), ElementsAre("x"));
}

TEST(CsvReaderTest, ReadsQuotedLineEndsAndDoubledQuotes) {
  const absl::StatusOr<Rows> rows =
      Read("key,text\r\na,\"line 1\r\nline \"\"2\"\"\"\r\n\"b\",x\"y\r\n");
  EXPECT_THAT(TextsOf(ColumnOf(rows, "key")), ElementsAre("a", "b"));
  EXPECT_THAT(TextsOf(ColumnOf(rows, "text")), ElementsAre("line 1\r\nline \"2\"", "x\"y"));
}

TEST(CsvReaderTest, TellsEmptyTextFromNull) {
  EXPECT_THAT(TextsOf(ColumnOf(Read("key,text\na,\nb,\"\"\n"), "text")), ElementsAre("(null)", ""));
}

TEST(CsvReaderTest, TakesByteOrderMarkAndALastLineWithoutItsEnd) {
  EXPECT_THAT(TextsOf(ColumnOf(Read("\xEF\xBB\xBFkey,label\na,x"), "label")), ElementsAre("x"));
  EXPECT_THAT(TextsOf(ColumnOf(Read("key,label\r\na,x\r"), "label")), ElementsAre("x"));
}

TEST(CsvReaderTest, PassesOverBlankLinesBetweenRows) {
  EXPECT_THAT(TextsOf(ColumnOf(Read("\nkey,label\n\na,x\n\n\nb,y\n\n"), "key")),
              ElementsAre("a", "b"));
}

TEST(CsvReaderTest, ReadsBlankLinesOfASingleColumnAsNull) {
  EXPECT_THAT(TextsOf(ColumnOf(Read("text\nx\n\ny\n", WithoutKey()), "text")),
              ElementsAre("x", "(null)", "y"));
}

TEST(CsvReaderTest, ReadsTabsInTsv) {
  EXPECT_THAT(TextsOf(ColumnOf(ReadText("rows.tsv", "key\tlabel\na,b\tx\n"), "key")),
              ElementsAre("a,b"));
}

TEST(CsvReaderTest, ReadsListsAsJsonInTheirCell) {
  const absl::StatusOr<Rows> rows = Read(
      "key,features,ranking,relevance,references\n"
      "a,,,,\n"
      "b,\"[1,2.5]\",\"[[\"\"d\"\",1]]\",\"{\"\"d\"\":2}\",\"[\"\"x\"\",\"\"y\"\"]\"\n");
  EXPECT_THAT(ColumnOf(rows, "features").floats, ElementsAre(0, 0, 1, 2.5));
  EXPECT_FALSE(ColumnOf(rows, "features").IsValid(0));
  EXPECT_THAT(ColumnOf(rows, "ranking").doubles, ElementsAre(1));
  EXPECT_THAT(ColumnOf(rows, "relevance").int32s, ElementsAre(2));
  EXPECT_EQ(ColumnOf(rows, "references").Text(1), "y");
}

TEST(CsvReaderTest, LeavesOutVectorsThatNoRowHas) {
  EXPECT_THAT(NamesOf(Read("key,embedding\na,\nb,\n")), ElementsAre("key"));
}

TEST(CsvReaderTest, LeavesOutMappedFeaturesThatNoRowHas) {
  ReaderOptions options;
  options.mapping.features = "p0..p1";
  EXPECT_THAT(NamesOf(Read("key,p0,p1\na,,\nb,,\n", options)), ElementsAre("key"));
}

TEST(CsvReaderTest, MapsNamedColumns) {
  ReaderOptions options;
  options.mapping = {.key = "id",
                     .label = "y",
                     .input = "q",
                     .features = "",
                     .cohorts = {"lang", "class=y", "a=b"}};
  const absl::StatusOr<Rows> rows = Read("id,y,q,lang,a=b,rest\n1,pos,hi,de,z,r\n", options);
  EXPECT_THAT(NamesOf(rows), ElementsAre("key", "label", "cohort.class", "input", "cohort.lang",
                                         "cohort.a=b", "rest"));
  EXPECT_THAT(TextsOf(ColumnOf(rows, "cohort.class")), ElementsAre("pos"));
}

TEST(CsvReaderTest, MapsARangeOfColumnsToFeatures) {
  ReaderOptions options;
  options.mapping.features = "p8..p10,bias";
  const absl::StatusOr<Rows> rows =
      Read("key,p8,p9,p10,bias\na,1,2,3,4\nb,,,,\nc,5,6,7,8\n", options);
  const Column features = ColumnOf(rows, "features");
  EXPECT_EQ(features.dimension, 4);
  EXPECT_THAT(features.floats, ElementsAre(1, 2, 3, 4, 0, 0, 0, 0, 5, 6, 7, 8));
  EXPECT_FALSE(features.IsValid(1));
  EXPECT_THAT(NamesOf(rows), ElementsAre("key", "features"));
}

TEST(CsvReaderTest, KeepsLeadingZerosInARange) {
  ReaderOptions options;
  options.mapping.features = "p00..p02";
  EXPECT_THAT(ColumnOf(Read("key,p00,p01,p02\na,1,2,3\n", options), "features").floats,
              ElementsAre(1, 2, 3));
}

TEST(CsvReaderTest, RefusesBadMappings) {
  const auto error = [](ColumnMapping mapping) {
    ReaderOptions options;
    options.mapping = std::move(mapping);
    return Error("key,a,b1,b2\nx,y,1,2\n", options);
  };
  EXPECT_EQ(error({.label = "c"}), "rows.csv:1: no such column: 'c'");
  EXPECT_EQ(error({.features = "b1..b3"}), "rows.csv:1: no such column: 'b3'");
  EXPECT_EQ(error({.features = "b2..b1"}),
            "rows.csv:1: not a range of columns such as p0..p63: 'b2..b1'");
  EXPECT_EQ(error({.features = "a..b"}),
            "rows.csv:1: not a range of columns such as p0..p63: 'a..b'");
  EXPECT_EQ(error({.features = "b0..b99999999"}),
            "rows.csv:1: a range of more than 65536 columns: 'b0..b99999999'");
  EXPECT_EQ(error({.key = "a"}), "rows.csv:1: two columns for one name: 'key'");
  EXPECT_EQ(error({.cohorts = {"a", "a"}}), "rows.csv:1: two columns for one name: 'cohort.a'");
}

TEST(CsvReaderTest, RefusesMappingsForOtherFormats) {
  ReaderOptions options;
  options.mapping.key = "id";
  EXPECT_EQ(ErrorOf("rows.jsonl", "{\"id\":1}", options),
            "rows.jsonl: columns can be mapped in CSV and TSV only, this is jsonl");
}

TEST(CsvReaderTest, NamesLineAndCountOfARaggedLine) {
  EXPECT_EQ(Error("key,a,b\n1,2,3\n1,2\n"),
            "rows.csv:3: 2 columns where the header has 3 (delimiter ',')");
  EXPECT_EQ(Error("key,a\n\"x\ny\",2\n1,2,3\n"),
            "rows.csv:4: 3 columns where the header has 2 (delimiter ',')");
}

TEST(CsvReaderTest, NamesTheLineWhereAnOpenQuoteStarts) {
  EXPECT_EQ(Error("key,label\na,x\nb,\"y\nc,z\n"),
            "rows.csv:3: field 'label': a quote is opened and never closed");
  EXPECT_EQ(Error("key,\"label\n"), "rows.csv:1: column 2: a quote is opened and never closed");
}

TEST(CsvReaderTest, RefusesTextBehindAClosingQuote) {
  EXPECT_THAT(Error("key,label\na,\"x\"y\n"),
              StartsWith("rows.csv:2: field 'label': text behind a closing quote: 'y"));
}

TEST(CsvReaderTest, RefusesAnEmptyFile) {
  EXPECT_EQ(Error(""), "rows.csv: the file is empty");
  EXPECT_EQ(Error("\n\n"), "rows.csv: the file is empty");
  EXPECT_EQ(Error("key,label\n"), "rows.csv: no rows below the header");
}

TEST(CsvReaderTest, NeedsAKey) {
  EXPECT_EQ(Error("id,label\n1,2\n"),
            "rows.csv:1: field 'key': missing: no column has this name or is mapped to it");
  EXPECT_EQ(Error("key,label\n1,2\n,3\n"), "rows.csv:3: field 'key': the key is missing");
  EXPECT_EQ(Error("key,label\n\"\",3\n"), "rows.csv:2: field 'key': empty");
}

TEST(CsvReaderTest, RefusesBadHeaders) {
  EXPECT_EQ(Error("key,,b\n1,2,3\n"), "rows.csv:1: column 2 has no name");
  EXPECT_EQ(Error("key,a,a\n1,2,3\n"), "rows.csv:1: two columns for one name: 'a'");
}

TEST(CsvReaderTest, NamesLineAndFieldOfBadNumbers) {
  EXPECT_EQ(Error("key,latency_us\na,1\nb,fast\n"),
            "rows.csv:3: field 'latency_us': not a number: 'fast'");
  EXPECT_EQ(Error("key,cost\na,inf\n"), "rows.csv:2: field 'cost': not a finite number: 'inf'");
  EXPECT_EQ(Error("key,repetition\na,1.5\n"),
            "rows.csv:2: field 'repetition': not an integer, or out of range: '1.5'");
  EXPECT_THAT(Error("key,label,features\na,x,nan\n"),
              StartsWith("rows.csv:2: field 'features': expected JSON"));
  EXPECT_EQ(Error("key,features\na,\"[1,2]\"\nb,[1]\n"),
            "rows.csv:3: field 'features': 1 numbers where the first vector has 2");
  EXPECT_EQ(Error("key,ranking\na,\"[[\"\"d\"\",1]]x\"\n"),
            "rows.csv:2: field 'ranking': more behind the JSON: '[[\"d\",1]]x'");
}

TEST(CsvReaderTest, NamesTheColumnOfABadComponent) {
  ReaderOptions options;
  options.mapping.features = "p0..p1";
  EXPECT_EQ(Error("key,p0,p1\na,1,nan\n", options),
            "rows.csv:2: field 'p1': not a finite number: 'nan'");
  EXPECT_EQ(Error("key,p0,p1\na,1,\n", options), "rows.csv:2: field 'p1': not a number: ''");
  EXPECT_EQ(Error("key,p0,p1\na,1,1e300\n", options),
            "rows.csv:2: field 'p1': a number beyond the range of float32: '1e300'");
}

TEST(CsvReaderTest, NamesLineAndFieldOfInvalidUtf8) {
  EXPECT_EQ(Error("key,label\na,x\nb,\xFF\n"), "rows.csv:3: field 'label': invalid UTF-8: '\\xff'");
  EXPECT_THAT(Error(std::string("\xFF\xFEk\0e\0y\0\n\0", 10)), HasSubstr("UTF-16"));
}

TEST(CsvReaderTest, NamesLineAndFieldOfNulBytes) {
  EXPECT_EQ(Error(std::string("key,label\na,x\0y\n", 16)),
            "rows.csv:2: field 'label': a NUL byte: 'x\\x00y'");
}

TEST(CsvReaderTest, KnowsTheLineOfARow) {
  const absl::StatusOr<InputFile> file =
      InputFile::FromBytes("r.csv", "key,text\na,\"1\n2\n3\"\nb,x\n");
  const absl::StatusOr<std::unique_ptr<RowReader>> reader = OpenRows(*file, {});
  ASSERT_TRUE(reader.ok());
  ASSERT_TRUE((*reader)->Next(10).ok());
  EXPECT_EQ((*reader)->PlaceOfRow(0), "r.csv:2");
  EXPECT_EQ((*reader)->PlaceOfRow(1), "r.csv:5");
}

}  // namespace
}  // namespace assay::formats
