#include "client/formats/row_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_format.h"
#include "client/formats/column_builder.h"
#include "client/formats/row_reader.h"
#include "client/formats/standard_columns.h"
#include "tests/unit/client/formats/read_text.h"

namespace assay::formats {
namespace {

using ::testing::HasSubstr;

Column TextColumn(std::string name, const std::vector<std::string>& texts) {
  Column column;
  column.name = std::move(name);
  for (const std::string& text : texts) {
    ++column.num_rows;
    AppendText(column, text);
  }
  return column;
}

std::string Jsonl(const std::vector<Column>& columns) {
  std::string out;
  AppendJsonl(columns, out);
  return out;
}

std::string Csv(const std::vector<Column>& columns, const CsvOptions& options = {}) {
  std::string out;
  AppendCsvHeader(columns, options, out);
  AppendCsv(columns, options, out);
  return out;
}

Column Numbers(std::string name, std::vector<double> values) {
  Column column;
  column.name = std::move(name);
  column.type = ColumnType::kFloat64;
  column.num_rows = std::ssize(values);
  column.doubles = std::move(values);
  return column;
}

TEST(JsonlWriterTest, EscapesOnlyWhatItMust) {
  EXPECT_EQ(Jsonl({TextColumn("te\"xt", {"a\"b\\c\n\r\t\x01/\x7F\xC3\xA9"})}),
            "{\"te\\\"xt\":\"a\\\"b\\\\c\\n\\r\\t\\u0001/\x7F\xC3\xA9\"}\n");
}

TEST(JsonlWriterTest, WritesTheFewestDigits) {
  EXPECT_EQ(Jsonl({Numbers("x", {0.1, 1, -0.0, 1e21, 1e-7, 123456789.125})}),
            "{\"x\":0.1}\n{\"x\":1}\n{\"x\":-0}\n{\"x\":1e+21}\n{\"x\":1e-07}\n"
            "{\"x\":123456789.125}\n");
}

TEST(JsonlWriterTest, WritesNumbersThatJsonLacksAsText) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(Jsonl({Numbers("x", {kInfinity, -kInfinity, std::nan("")})}),
            "{\"x\":\"Infinity\"}\n{\"x\":\"-Infinity\"}\n{\"x\":\"NaN\"}\n");
}

TEST(JsonlWriterTest, LeavesOutNullRows) {
  Column column = Numbers("x", {0, 2});
  column.validity = {2};
  EXPECT_EQ(Jsonl({TextColumn("key", {"a", "b"}), column}),
            "{\"key\":\"a\"}\n{\"key\":\"b\",\"x\":2}\n");
}

TEST(JsonlWriterTest, KeepsJsonOnOneLine) {
  Column column = TextColumn("input", {"{\"a\":\r\n1}"});
  column.type = ColumnType::kJson;
  EXPECT_EQ(Jsonl({column}), "{\"input\":{\"a\":  1}}\n");
}

TEST(CsvWriterTest, QuotesWhatNeedsQuotes) {
  EXPECT_EQ(Csv({TextColumn("key", {"a", "b,c", "d\"e", "f\ng", ""}),
                 TextColumn("x;y", {"1", "2", "3", "4", "5"})}),
            "key,x;y\na,1\n\"b,c\",2\n\"d\"\"e\",3\n\"f\ng\",4\n\"\",5\n");
}

TEST(CsvWriterTest, GuardsAgainstFormulas) {
  const std::vector<Column> columns = {
      TextColumn("t", {"=1+1", "+cmd", "-x", "@y", "\tz", "-3.5", "+4", "a=b"})};
  EXPECT_EQ(Csv(columns), "t\n'=1+1\n'+cmd\n'-x\n'@y\n'\tz\n-3.5\n+4\na=b\n");
  EXPECT_THAT(Csv(columns, {.guards_formulas = false}), HasSubstr("\n=1+1\n"));
}

TEST(CsvWriterTest, WritesListsAsJson) {
  Column column;
  column.name = "features";
  column.type = ColumnType::kFloat32Vector;
  column.dimension = 2;
  column.num_rows = 2;
  column.validity = {1};
  column.floats = {0.1F, 2, 0, 0};
  EXPECT_EQ(Csv({TextColumn("key", {"a", "b"}), column}), "key,features\na,\"[0.1,2]\"\nb,\n");
}

// Random columns of every type that a reader makes, and null rows in all but the key.
class RoundTripTest : public ::testing::TestWithParam<unsigned> {
 protected:
  std::mt19937_64 random_{GetParam()};

  std::uint64_t Below(std::uint64_t n) { return random_() % n; }

  std::string Text() {
    static const std::vector<std::string> kPieces = {"a",
                                                     "b",
                                                     "Z",
                                                     "0",
                                                     " ",
                                                     ",",
                                                     "\"",
                                                     "\n",
                                                     "\r\n",
                                                     "\t",
                                                     "'",
                                                     "\\",
                                                     "=",
                                                     "-",
                                                     "{",
                                                     "[",
                                                     "null",
                                                     "#",
                                                     "\xC3\xA9",
                                                     "\xE2\x82\xAC",
                                                     "\xF0\x9F\x98\x80",
                                                     "\x01",
                                                     "\x7F",
                                                     "\xEF\xBB\xBF"};
    std::string text;
    for (std::uint64_t i = Below(6); i > 0; --i) {
      text += kPieces[Below(kPieces.size())];
    }
    return text;
  }

  double Number() {
    for (;;) {
      const std::uint64_t bits = Below(3) == 0 ? random_() : 0;
      double value = 0;
      std::memcpy(&value, &bits, sizeof(value));
      if (bits == 0) {
        value = (static_cast<double>(Below(2000)) - 1000) / (Below(2) == 0 ? 1 : 7);
      }
      if (std::isfinite(value)) {
        return value;
      }
    }
  }

  float Float() {
    for (;;) {
      const auto bits = static_cast<std::uint32_t>(random_());
      float value = 0;
      std::memcpy(&value, &bits, sizeof(value));
      if (std::isfinite(value)) {
        return value;
      }
    }
  }

  void AddValue(ColumnBuilder& builder) {
    switch (builder.kind()) {
      case FieldKind::kFloat64:
        builder.AddFloat64(Number());
        break;
      case FieldKind::kInt64:
        builder.AddInt64(static_cast<std::int64_t>(random_()));
        break;
      case FieldKind::kFloat32Vector:
      case FieldKind::kFloat64Vector:
        for (int i = 0; i < 3; ++i) {
          const bool is_float = builder.kind() == FieldKind::kFloat32Vector;
          ASSERT_TRUE(builder.AddComponent(is_float ? Float() : Number(), "").ok());
        }
        ASSERT_TRUE(builder.EndVector().ok());
        break;
      case FieldKind::kInt32List:
        for (std::uint64_t i = Below(4); i > 0; --i) {
          builder.AddInt32(static_cast<std::int32_t>(random_()));
        }
        builder.EndList();
        break;
      case FieldKind::kTextList:
        for (std::uint64_t i = Below(4); i > 0; --i) {
          ASSERT_TRUE(builder.AddText(Text()).ok());
        }
        builder.EndList();
        break;
      case FieldKind::kRanking:
      case FieldKind::kRelevance:
        for (std::uint64_t i = Below(4); i > 0; --i) {
          const std::string document = absl::StrFormat("d%d%s", i * 10 + Below(10), Text());
          if (builder.kind() == FieldKind::kRanking) {
            const double score =
                Below(5) == 0 ? -std::numeric_limits<double>::infinity() : Number();
            ASSERT_TRUE(builder.AddScored(document, score).ok());
          } else {
            ASSERT_TRUE(builder.AddGraded(document, static_cast<std::int32_t>(Below(5)) - 1).ok());
          }
        }
        builder.EndList();
        break;
      default:
        ASSERT_TRUE(builder.AddText(Text()).ok());
    }
  }

  std::vector<Column> Columns(std::int64_t num_rows) {
    std::vector<Column> columns = {TextColumn("key", {})};
    for (std::int64_t row = 0; row < num_rows; ++row) {
      ++columns[0].num_rows;
      AppendText(columns[0], absl::StrFormat("k%d%s", row, Text()));
    }
    for (const std::string_view name :
         {"label", "group", "cohort.c", "text", "input", "error", "latency_us", "score.s",
          "repetition", "features", "embedding", "logits", "tokens", "references", "ranking",
          "relevance", "other"}) {
      const FieldKind named = KindOfName(name);
      const FieldKind kind = TypeOfKind(named).has_value() ? named : FieldKind::kText;
      const bool is_vector = kind == FieldKind::kFloat32Vector || kind == FieldKind::kFloat64Vector;
      ColumnBuilder builder{std::string(name), kind, is_vector ? 3 : 0};
      // The first row has every value: a column without any would not come back.
      for (std::int64_t row = 0; row < num_rows; ++row) {
        if (row == 0 || Below(4) != 0) {
          builder.StartRow(row);
          AddValue(builder);
        }
      }
      columns.push_back(builder.Take(num_rows));
    }
    return columns;
  }

  // Reads `text` back in batches of any size and writes it again; values, types and null rows are
  // the same when the text is.
  static void ExpectSameAgain(const std::vector<Column>& columns, const std::string& name,
                              const std::string& text, std::int64_t max_rows) {
    const absl::StatusOr<Rows> rows = ReadText(name, text, {}, max_rows);
    ASSERT_TRUE(rows.ok()) << rows.status() << "\n" << text;
    ASSERT_EQ(rows->columns.size(), columns.size());
    for (std::size_t i = 0; i < columns.size(); ++i) {
      EXPECT_EQ(rows->columns[i].name, columns[i].name);
      EXPECT_EQ(rows->columns[i].type, columns[i].type) << columns[i].name;
      EXPECT_EQ(rows->columns[i].is_coded, columns[i].is_coded) << columns[i].name;
    }
    EXPECT_EQ(Jsonl(rows->columns), Jsonl(columns));
  }
};

TEST_P(RoundTripTest, JsonlGivesBackWhatWasWritten) {
  const std::vector<Column> columns = Columns(1 + static_cast<std::int64_t>(Below(40)));
  ExpectSameAgain(columns, "r.jsonl", Jsonl(columns), 1 + static_cast<std::int64_t>(Below(9)));
}

TEST_P(RoundTripTest, CsvGivesBackWhatWasWritten) {
  const std::vector<Column> columns = Columns(1 + static_cast<std::int64_t>(Below(40)));
  ExpectSameAgain(columns, "r.csv", Csv(columns, {.guards_formulas = false}),
                  1 + static_cast<std::int64_t>(Below(9)));
}

TEST_P(RoundTripTest, TsvGivesBackWhatWasWritten) {
  const std::vector<Column> columns = Columns(1 + static_cast<std::int64_t>(Below(40)));
  ExpectSameAgain(columns, "r.tsv", Csv(columns, {.delimiter = '\t', .guards_formulas = false}),
                  1 + static_cast<std::int64_t>(Below(9)));
}

TEST_P(RoundTripTest, SlicesGiveTheSameBytes) {
  const std::vector<Column> columns = Columns(20);
  const auto cut = static_cast<std::int64_t>(Below(21));
  std::string jsonl;
  std::string csv;
  AppendCsvHeader(columns, {}, csv);
  for (const auto& [begin, end] : {std::pair<std::int64_t, std::int64_t>{0, cut}, {cut, 20}}) {
    std::vector<Column> part;
    for (const Column& column : columns) {
      part.push_back(Slice(column, begin, end));
    }
    AppendJsonl(part, jsonl);
    AppendCsv(part, {}, csv);
  }
  EXPECT_EQ(jsonl, Jsonl(columns));
  EXPECT_EQ(csv, Csv(columns));
}

INSTANTIATE_TEST_SUITE_P(Seeds, RoundTripTest, ::testing::Range(0U, 100U));

}  // namespace
}  // namespace assay::formats
