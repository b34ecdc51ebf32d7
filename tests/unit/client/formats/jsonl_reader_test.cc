#include "client/formats/jsonl_reader.h"

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

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

absl::StatusOr<Rows> Read(std::string text, std::int64_t max_rows = 65'536) {
  return ReadText("rows.jsonl", std::move(text), {}, max_rows);
}

std::string Error(std::string text) { return ErrorOf("rows.jsonl", std::move(text)); }

// A file of one row whose field `field` has the value `value`.
std::string Row(const std::string& field, const std::string& value) {
  return absl::StrFormat("{\"key\":\"a\",\"%s\":%s}\n", field, value);
}

TEST(JsonlReaderTest, KeepsKeysAndLabelsAsText) {
  const absl::StatusOr<Rows> rows =
      Read("{\"key\":3,\"label\":true}\n{\"key\":\"4\",\"label\":\"true\"}\n");
  EXPECT_THAT(TextsOf(ColumnOf(rows, "key")), ElementsAre("3", "4"));
  EXPECT_THAT(TextsOf(ColumnOf(rows, "label")), ElementsAre("true", "true"));
}

TEST(JsonlReaderTest, KeepsTheSpellingOfNumbersThatBecomeText) {
  EXPECT_THAT(TextsOf(ColumnOf(Read(Row("label", "3.0 ")), "label")), ElementsAre("3.0"));
}

TEST(JsonlReaderTest, KeepsIntegersOfAnyLengthThatBecomeText) {
  EXPECT_THAT(TextsOf(ColumnOf(Read(Row("label", "123456789012345678901234567890")), "label")),
              ElementsAre("123456789012345678901234567890"));
}

TEST(JsonlReaderTest, CodesLabelsAndCohortsButNotKeys) {
  const absl::StatusOr<Rows> rows = Read(R"({"key":"a","label":"x","cohort.c":"u","group":"g"})");
  EXPECT_FALSE(ColumnOf(rows, "key").is_coded);
  EXPECT_TRUE(ColumnOf(rows, "label").is_coded);
  EXPECT_TRUE(ColumnOf(rows, "cohort.c").is_coded);
  EXPECT_TRUE(ColumnOf(rows, "group").is_coded);
}

TEST(JsonlReaderTest, TakesCohortsAndScoresApart) {
  const absl::StatusOr<Rows> rows = Read(
      "{\"key\":\"a\",\"cohorts\":{\"lang\":\"de\",\"n\":2},\"scores\":{\"judge\":0.5}}\n"
      "{\"key\":\"b\",\"cohort.lang\":\"fr\",\"scores\":null}\n");
  EXPECT_THAT(NamesOf(rows), ElementsAre("key", "cohort.lang", "cohort.n", "score.judge"));
  EXPECT_THAT(TextsOf(ColumnOf(rows, "cohort.lang")), ElementsAre("de", "fr"));
  EXPECT_THAT(TextsOf(ColumnOf(rows, "cohort.n")), ElementsAre("2", "(null)"));
  EXPECT_THAT(ColumnOf(rows, "score.judge").doubles, ElementsAre(0.5, 0));
}

TEST(JsonlReaderTest, RefusesAFieldThatIsAlsoInItsGroup) {
  EXPECT_EQ(Error(R"({"key":"a","cohort.c":1,"cohorts":{"c":1}})"),
            "rows.jsonl:1: field 'cohort.c': given twice");
}

TEST(JsonlReaderTest, ReadsTextInputAsText) {
  const Column input = ColumnOf(Read(Row("input", R"("a\n\u00e9\ud83d\ude00")")), "input");
  EXPECT_EQ(input.type, ColumnType::kText);
  EXPECT_THAT(TextsOf(input), ElementsAre("a\n\xC3\xA9\xF0\x9F\x98\x80"));
}

TEST(JsonlReaderTest, KeepsOtherInputByteForByte) {
  const std::string json = R"({ "b" : [1, 2.50,"\u0041"],"a":null })";
  const Column input = ColumnOf(Read(Row("input", json + "  ")), "input");
  EXPECT_EQ(input.type, ColumnType::kJson);
  EXPECT_THAT(TextsOf(input), ElementsAre(json));
}

TEST(JsonlReaderTest, ReadsFeaturesAsFloat32) {
  const Column features = ColumnOf(Read(Row("features", "[1, -2.5e-1, 3]")), "features");
  EXPECT_EQ(features.type, ColumnType::kFloat32Vector);
  EXPECT_EQ(features.dimension, 3);
  EXPECT_THAT(features.floats, ElementsAre(1.0F, -0.25F, 3.0F));
}

TEST(JsonlReaderTest, RoundsFeaturesOnceNotTwice) {
  // Just above the middle of two floats; as a double it is the middle, which would round to even.
  const Column features =
      ColumnOf(Read(Row("features", "[1.00000005960464477540000001]")), "features");
  EXPECT_THAT(features.floats, ElementsAre(1.00000012F));
}

TEST(JsonlReaderTest, ReadsEmbeddingsAndLogitsAsFloat64) {
  for (const std::string name : {"embedding", "reference_embedding", "probabilities", "logits"}) {
    const Column column = ColumnOf(Read(Row(name, "[0.1,0.2]")), name);
    EXPECT_EQ(column.type, ColumnType::kFloat64Vector) << name;
    EXPECT_THAT(column.doubles, ElementsAre(0.1, 0.2)) << name;
  }
}

TEST(JsonlReaderTest, ReadsListsOfTokensAndReferences) {
  const absl::StatusOr<Rows> rows = Read(
      "{\"key\":1,\"tokens\":[5,-1],\"references\":[\"x\",4]}\n"
      "{\"key\":2,\"tokens\":[],\"references\":[]}\n{\"key\":3}\n");
  const Column tokens = ColumnOf(rows, "tokens");
  EXPECT_THAT(tokens.int32s, ElementsAre(5, -1));
  EXPECT_THAT(tokens.list_offsets, ElementsAre(0, 2, 2, 2));
  EXPECT_TRUE(tokens.IsValid(1));
  EXPECT_FALSE(tokens.IsValid(2));
  const Column references = ColumnOf(rows, "references");
  EXPECT_EQ(references.Text(0), "x");
  EXPECT_EQ(references.Text(1), "4");
}

TEST(JsonlReaderTest, ReadsRankingsInEitherForm) {
  const Column ranking = ColumnOf(
      Read(Row("ranking",
               R"([["d1",2.5],{"score":"-Infinity","document":7,"rank":1},["d2","Infinity"]])")),
      "ranking");
  EXPECT_EQ(ranking.type, ColumnType::kRanking);
  EXPECT_EQ(ranking.Text(1), "7");
  EXPECT_THAT(ranking.doubles, ElementsAre(2.5, -std::numeric_limits<double>::infinity(),
                                           std::numeric_limits<double>::infinity()));
}

TEST(JsonlReaderTest, ReadsRelevanceInEitherForm) {
  const absl::StatusOr<Rows> rows = Read(
      "{\"key\":1,\"relevance\":{\"d1\":2,\"d2\":-1}}\n"
      "{\"key\":2,\"relevance\":[[\"d1\",0],{\"document\":\"d3\",\"grade\":1}]}\n");
  const Column relevance = ColumnOf(rows, "relevance");
  EXPECT_THAT(relevance.int32s, ElementsAre(2, -1, 0, 1));
  EXPECT_THAT(relevance.codes, ElementsAre(0, 1, 0, 2));
}

TEST(JsonlReaderTest, ReadsNumbersAndRepetition) {
  const absl::StatusOr<Rows> rows =
      Read(R"({"key":1,"latency_us":12.5,"cost":1,"repetition":3,"score.x":-1e-3})");
  EXPECT_THAT(ColumnOf(rows, "latency_us").doubles, ElementsAre(12.5));
  EXPECT_THAT(ColumnOf(rows, "cost").doubles, ElementsAre(1));
  EXPECT_THAT(ColumnOf(rows, "repetition").int64s, ElementsAre(3));
  EXPECT_THAT(ColumnOf(rows, "score.x").doubles, ElementsAre(-1e-3));
}

TEST(JsonlReaderTest, KeepsOtherFieldsByTheirFirstValue) {
  const absl::StatusOr<Rows> rows = Read(R"({"key":1,"s":"t","n":2,"b":false,"o":{"x":[1]}})");
  EXPECT_EQ(ColumnOf(rows, "s").type, ColumnType::kText);
  EXPECT_EQ(ColumnOf(rows, "n").type, ColumnType::kFloat64);
  EXPECT_EQ(ColumnOf(rows, "b").type, ColumnType::kJson);
  EXPECT_THAT(TextsOf(ColumnOf(rows, "o")), ElementsAre(R"({"x":[1]})"));
}

TEST(JsonlReaderTest, KeepsIntegersThatDoublesWouldRound) {
  const Column ns =
      ColumnOf(Read("{\"key\":1,\"ns\":5}\n{\"key\":2,\"ns\":1700000000000000001}\n"), "ns");
  EXPECT_EQ(ns.type, ColumnType::kJson);
  EXPECT_THAT(TextsOf(ns), ElementsAre("5", "1700000000000000001"));
}

TEST(JsonlReaderTest, FindsFieldsThatComeLate) {
  const absl::StatusOr<Rows> rows =
      Read("{\"key\":1}\n{\"key\":2}\n{\"key\":3,\"error\":\"no\",\"embedding\":[1,2]}\n", 1);
  EXPECT_THAT(TextsOf(ColumnOf(rows, "error")), ElementsAre("(null)", "(null)", "no"));
  EXPECT_THAT(ColumnOf(rows, "embedding").doubles, ElementsAre(0, 0, 0, 0, 1, 2));
}

TEST(JsonlReaderTest, LeavesOutFieldsThatAreAlwaysNull) {
  EXPECT_THAT(NamesOf(Read("{\"key\":1,\"embedding\":null,\"x\":null}\n")), ElementsAre("key"));
}

TEST(JsonlReaderTest, GivesTheSameRowsForEveryBatchSize) {
  std::string text;
  for (int i = 0; i < 50; ++i) {
    text +=
        absl::StrFormat("{\"key\":%d,\"label\":\"l%d\",\"ranking\":[[\"d%d\",1],[\"d%d\",2]]}\n", i,
                        i % 7, i % 5, 5 + i % 3);
  }
  const absl::StatusOr<Rows> whole = Read(text);
  for (const std::int64_t max_rows : {1, 3, 49, 50}) {
    const absl::StatusOr<Rows> parts = Read(text, max_rows);
    EXPECT_EQ(TextsOf(ColumnOf(parts, "key")), TextsOf(ColumnOf(whole, "key")));
    EXPECT_EQ(TextsOf(ColumnOf(parts, "label")), TextsOf(ColumnOf(whole, "label")));
    EXPECT_EQ(ColumnOf(parts, "ranking").doubles, ColumnOf(whole, "ranking").doubles);
    EXPECT_EQ(ColumnOf(parts, "ranking").codes, ColumnOf(whole, "ranking").codes);
  }
}

TEST(JsonlReaderTest, EndsABatchAfterItsBytes) {
  ReaderOptions options;
  options.max_batch_bytes = 25;
  const absl::StatusOr<InputFile> file =
      InputFile::FromBytes("r.jsonl", "{\"key\":1}\n{\"key\":2}\n{\"key\":3}\n{\"key\":4}\n");
  const absl::StatusOr<std::unique_ptr<RowReader>> reader = OpenRows(*file, options);
  ASSERT_TRUE(reader.ok());
  const absl::StatusOr<std::optional<Rows>> rows = (*reader)->Next(100);
  ASSERT_TRUE(rows.ok() && rows->has_value());
  EXPECT_EQ((*rows)->num_rows, 3);
  EXPECT_EQ((*reader)->bytes_read(), 30);
}

TEST(JsonlReaderTest, KnowsTheLineOfARow) {
  const absl::StatusOr<InputFile> file =
      InputFile::FromBytes("r.jsonl", "\n{\"key\":1}\n{\"key\":2}\n  \n\n{\"key\":3}");
  const absl::StatusOr<std::unique_ptr<RowReader>> reader = OpenRows(*file, {});
  ASSERT_TRUE(reader.ok());
  ASSERT_TRUE((*reader)->Next(10).ok());
  EXPECT_EQ((*reader)->PlaceOfRow(0), "r.jsonl:2");
  EXPECT_EQ((*reader)->PlaceOfRow(1), "r.jsonl:3");
  EXPECT_EQ((*reader)->PlaceOfRow(2), "r.jsonl:6");
}

TEST(JsonlReaderTest, TakesByteOrderMarkAndWindowsLineEnds) {
  EXPECT_THAT(
      TextsOf(ColumnOf(Read("\xEF\xBB\xBF{\"key\":\"a\"}\r\n\r\n{\"key\":\"b\"}\r\n"), "key")),
      ElementsAre("a", "b"));
}

TEST(JsonlReaderTest, TakesALastLineWithoutItsEnd) {
  EXPECT_THAT(TextsOf(ColumnOf(Read("{\"key\":\"a\"}\n{\"key\":\"b\"}"), "key")),
              ElementsAre("a", "b"));
}

TEST(JsonlReaderTest, TakesFieldsInAnyOrder) {
  const absl::StatusOr<Rows> rows = Read(
      "{\"key\":1,\"label\":\"x\",\"labe\":1}\n{\"label\":\"y\",\"key\":2}\n{\"labe\":3,\"key\":3}"
      "\n");
  EXPECT_THAT(TextsOf(ColumnOf(rows, "label")), ElementsAre("x", "y", "(null)"));
  EXPECT_THAT(ColumnOf(rows, "labe").doubles, ElementsAre(1, 0, 3));
}

TEST(JsonlReaderTest, TakesEscapedFieldNames) {
  EXPECT_THAT(NamesOf(Read("{\"k\\u0065y\":1,\"a\\\\\":2}\n{\"key\":2,\"a\\\\\":2}\n")),
              ElementsAre("key", "a\\"));
}

TEST(JsonlReaderTest, NeedsAKeyOnEveryLine) {
  EXPECT_EQ(Error("{\"key\":1}\n{\"label\":2}\n"), "rows.jsonl:2: field 'key': missing");
  EXPECT_EQ(Error("{\"label\":2}\n"), "rows.jsonl:1: field 'key': missing");
  EXPECT_EQ(Error("{\"key\":null}\n"), "rows.jsonl:1: field 'key': missing");
  EXPECT_EQ(Error("{\"key\":\"\"}\n"), "rows.jsonl:1: field 'key': empty");
}

TEST(JsonlReaderTest, ReadsRowsWithoutKeyWhenAskedTo) {
  ReaderOptions options;
  options.requires_key = false;
  EXPECT_THAT(NamesOf(ReadText("r.jsonl", "{\"text\":\"x\"}", options)), ElementsAre("text"));
}

TEST(JsonlReaderTest, RefusesAnEmptyFile) {
  EXPECT_EQ(Error(""), "rows.jsonl: the file is empty");
  EXPECT_EQ(Error(" \n\r\n"), "rows.jsonl: the file is empty");
}

TEST(JsonlReaderTest, SaysThatATruncatedFileIsTruncated) {
  EXPECT_EQ(Error("{\"key\":1}\n{\"key\":2,\"lab"),
            "rows.jsonl:2: the file ends inside a string; is it truncated?");
  EXPECT_EQ(Error("{\"key\":1}\n{\"key\":2,"),
            "rows.jsonl:2: the file ends inside an object; is it truncated?");
}

TEST(JsonlReaderTest, NamesLineAndFieldOfARaggedVector) {
  EXPECT_EQ(Error("{\"key\":1,\"features\":[1,2]}\n{\"key\":2,\"features\":[1]}\n"),
            "rows.jsonl:2: field 'features': 1 numbers where the first vector has 2");
  EXPECT_EQ(Error(Row("features", "[]")),
            "rows.jsonl:1: field 'features': a vector without numbers");
}

TEST(JsonlReaderTest, RefusesNumbersThatAreNotFinite) {
  EXPECT_EQ(Error(Row("features", "[1e999]")),
            "rows.jsonl:1: field 'features': not a finite number: '1e999'");
  EXPECT_EQ(Error(Row("features", "[1,1e300]")),
            "rows.jsonl:1: field 'features': a number beyond the range of float32: '1e300'");
  EXPECT_THAT(Error(Row("logits", "[NaN]")),
              AllOf(StartsWith("rows.jsonl:1: field 'logits'"), HasSubstr("NaN")));
  EXPECT_THAT(Error(Row("logits", "[-Infinity]")),
              AllOf(StartsWith("rows.jsonl:1: field 'logits'"), HasSubstr("-Infinity")));
  EXPECT_THAT(Error(Row("cost", "NaN")), AllOf(StartsWith("rows.jsonl:1: field 'cost'")));
}

TEST(JsonlReaderTest, NamesLineAndFieldOfInvalidUtf8) {
  EXPECT_EQ(Error("{\"key\":1}\n{\"key\":2,\"label\":\"a\xFF\"}\n"),
            "rows.jsonl:2: field 'label': invalid UTF-8: '\\xff\"}'");
  EXPECT_EQ(Error("{\"key\":2,\"text\":\"\xC3\xA9\x80\"}\n"),
            "rows.jsonl:1: field 'text': invalid UTF-8: '\\x80\"}'");
}

TEST(JsonlReaderTest, RefusesHalfASurrogatePair) {
  EXPECT_THAT(Error(Row("label", R"("\udc00")")),
              StartsWith("rows.jsonl:1: field 'label': text with"));
  EXPECT_THAT(Error(Row("label", R"("\ud800x")")),
              StartsWith("rows.jsonl:1: field 'label': text with"));
}

TEST(JsonlReaderTest, NamesLineAndFieldOfNulBytes) {
  EXPECT_EQ(Error(std::string("{\"key\":\"a\0b\"}\n", 14)),
            "rows.jsonl:1: field 'key': a control character that is not escaped: '\\x00'");
  EXPECT_THAT(Error(std::string("{\"key\":1}\n\0{\"key\":1}\n", 21)), StartsWith("rows.jsonl:2: "));
}

TEST(JsonlReaderTest, RefusesATypeThatChanges) {
  EXPECT_EQ(Error("{\"key\":1,\"x\":\"a\"}\n{\"key\":2,\"x\":3}\n"),
            "rows.jsonl:2: field 'x': expected text, found a number: '3'; line 1 set the type");
  EXPECT_EQ(Error("{\"key\":1,\"x\":1}\n{\"key\":2,\"x\":[3]}\n"),
            "rows.jsonl:2: field 'x': expected a number, found a list: '['; line 1 set the type");
  EXPECT_EQ(Error("{\"key\":1,\"x\":[1]}\n{\"key\":2,\"x\":3}\n"),
            "rows.jsonl:2: field 'x': found a number: '3'; line 1 set another type");
  EXPECT_THAT(Error("{\"key\":1,\"input\":{}}\n{\"key\":2,\"input\":\"x\"}\n"),
              StartsWith("rows.jsonl:2: field 'input': found text"));
  EXPECT_THAT(Error("{\"key\":1,\"input\":\"x\"}\n{\"key\":2,\"input\":{}}\n"),
              StartsWith("rows.jsonl:2: field 'input': expected text, found an object"));
}

TEST(JsonlReaderTest, RefusesTheWrongTypeForAStandardField) {
  EXPECT_EQ(
      Error(Row("cohort.x", "[1]")),
      "rows.jsonl:1: field 'cohort.x': expected text, a number or a boolean, found a list: '['");
  EXPECT_EQ(Error(Row("text", "1")),
            "rows.jsonl:1: field 'text': expected text, found a number: '1'");
  EXPECT_EQ(Error(Row("latency_us", "\"5\"")),
            "rows.jsonl:1: field 'latency_us': expected a number, found text: '\"5\"'");
  EXPECT_EQ(Error(Row("features", "7")),
            "rows.jsonl:1: field 'features': expected a list of numbers, found a number: '7'");
  EXPECT_EQ(Error(Row("features", "[1,null]")),
            "rows.jsonl:1: field 'features': expected a number, found null: 'null'");
  EXPECT_THAT(Error(Row("tokens", "[1.5]")),
              StartsWith("rows.jsonl:1: field 'tokens': not an integer"));
  EXPECT_THAT(Error(Row("tokens", "[3000000000]")),
              StartsWith("rows.jsonl:1: field 'tokens': an integer out of range"));
  EXPECT_THAT(Error(Row("repetition", "1.5")),
              StartsWith("rows.jsonl:1: field 'repetition': not an integer"));
  EXPECT_THAT(Error(Row("references", "\"x\"")),
              StartsWith("rows.jsonl:1: field 'references': expected a list of texts, found text"));
  EXPECT_THAT(Error(Row("cohorts", "3")),
              StartsWith("rows.jsonl:1: field 'cohorts': expected an object"));
}

TEST(JsonlReaderTest, RefusesBrokenRankings) {
  EXPECT_EQ(Error(Row("ranking", R"([["d",1],["e",1],["d",2]])")),
            "rows.jsonl:1: field 'ranking': a document twice: 'd'");
  EXPECT_EQ(Error(Row("relevance", R"({"d":1,"d":1})")),
            "rows.jsonl:1: field 'relevance': a document twice: 'd'");
  EXPECT_EQ(Error(Row("relevance", R"({"d":0.5})")),
            "rows.jsonl:1: field 'relevance': not an integer, or out of range: '0.5'");
  EXPECT_EQ(
      Error(Row("ranking", R"([["d"]])")),
      "rows.jsonl:1: field 'ranking': expected pairs of document and number, found a list of 1");
  EXPECT_EQ(Error(Row("ranking", R"([{"document":"d"}])")),
            "rows.jsonl:1: field 'ranking': an entry without: 'score'");
  EXPECT_EQ(Error(Row("ranking", R"([["d","NaN"]])")),
            "rows.jsonl:1: field 'ranking': expected a number as score, found text: 'NaN'");
}

TEST(JsonlReaderTest, AllowsADocumentAgainInAnotherRow) {
  EXPECT_EQ(Error("{\"key\":1,\"ranking\":[[\"d\",1]]}\n{\"key\":2,\"ranking\":[[\"d\",1]]}\n"),
            "OK");
}

TEST(JsonlReaderTest, RefusesAFieldGivenTwice) {
  EXPECT_EQ(Error(R"({"key":"a","key":"b"})"), "rows.jsonl:1: field 'key': given twice");
}

TEST(JsonlReaderTest, RefusesWhatIsNoObjectALine) {
  EXPECT_THAT(Error("[1]\n"), StartsWith("rows.jsonl:1: expected one JSON object a line"));
  EXPECT_THAT(Error("{\"key\":1} {\"key\":2}\n"),
              StartsWith("rows.jsonl:1: more behind the object"));
  EXPECT_THAT(Error("{\"key\":1}}\n"), StartsWith("rows.jsonl:1: "));
  EXPECT_THAT(Error("{\n\"key\": 1\n}\n"),
              StartsWith("rows.jsonl:1: the object is not closed on this line"));
  EXPECT_THAT(Error("{\"key\" 1}\n"), StartsWith("rows.jsonl:1: "));
  EXPECT_THAT(Error("{\"key\":1,}\n"), StartsWith("rows.jsonl:1: "));
  EXPECT_THAT(Error("{\"key\":tru}\n"), StartsWith("rows.jsonl:1: field 'key': not valid JSON"));
  EXPECT_THAT(Error("{\"key\":01}\n"), StartsWith("rows.jsonl:1: field 'key': not valid JSON"));
  EXPECT_THAT(Error("{\"key\":1,\"x\":nul}\n"),
              StartsWith("rows.jsonl:1: field 'x': not valid JSON"));
}

TEST(JsonlReaderTest, ChecksJsonThatItKeeps) {
  EXPECT_THAT(Error(Row("input", "[1,,2]")), StartsWith("rows.jsonl:1: field 'input'"));
  EXPECT_THAT(Error(Row("input", "{\"a\":01}")), StartsWith("rows.jsonl:1: field 'input'"));
  EXPECT_THAT(Error(Row("input", "[\"\\q\"]")), StartsWith("rows.jsonl:1: field 'input'"));
  EXPECT_THAT(Error(Row("input", std::string(300, '[') + std::string(300, ']'))),
              StartsWith("rows.jsonl:1: field 'input': nested deeper than 256"));
  EXPECT_EQ(Error(Row("input", std::string(256, '[') + std::string(256, ']'))), "OK");
}

TEST(JsonlReaderTest, RefusesBadFieldNames) {
  EXPECT_THAT(Error(Row("", "1")), HasSubstr("the name of a field is empty"));
  EXPECT_THAT(Error(Row("a\\u0001", "1")), HasSubstr("control characters"));
  EXPECT_THAT(Error(Row(std::string(129, 'n'), "1")), HasSubstr("longer than 128 bytes"));
}

TEST(JsonlReaderTest, RefusesTooManyFields) {
  std::string text = "{\"key\":1}\n{\"key\":2";
  for (int i = 0; i < 1100; ++i) {
    text += absl::StrFormat(",\"f%d\":1", i);
  }
  EXPECT_THAT(Error(text + "}\n"), StartsWith("rows.jsonl:2: field 'f1023': more than 1024"));
}

TEST(JsonlReaderTest, ShortensAndEscapesValuesInErrors) {
  const std::string error = Error(Row("features", "\"" + std::string(1000, 'x') + "\\n\""));
  EXPECT_LT(error.size(), 200U);
  EXPECT_THAT(error, HasSubstr("'..."));
}

}  // namespace
}  // namespace assay::formats
