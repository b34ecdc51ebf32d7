#include "client/cli/retrieval_rows.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "client/formats/input_file.h"

namespace assay::cli {
namespace {

// A file in memory with its reader.
struct OpenText {
  OpenText(std::string name, std::string text, formats::Format format)
      : file(*formats::InputFile::FromBytes(std::move(name), std::move(text))) {
    formats::ReaderOptions options;
    options.format = format;
    reader = *formats::OpenRows(file, options);
  }

  formats::InputFile file;
  std::unique_ptr<formats::RowReader> reader;
};

const Column& Find(const PlacedRows& rows, const std::string& name) {
  for (const Column& column : rows.columns) {
    if (column.name == name) {
      return column;
    }
  }
  ADD_FAILURE() << "no column " << name;
  return rows.columns[0];
}

constexpr char kQueries[] =
    "{\"key\": \"q1\", \"input\": \"one\"}\n{\"key\": \"q2\", \"input\": \"two\"}\n";

TEST(JoinJudgementsTest, GivesQueriesTheirJudgementsByKey) {
  OpenText queries("q.jsonl", kQueries, formats::Format::kJsonl);
  OpenText qrels("qrels.txt", "q2 0 d7 1\nq1 0 d3 2\n", formats::Format::kTrecQrels);
  const auto rows = JoinJudgements(*ReadRows(*queries.reader, ""), *qrels.reader);
  ASSERT_TRUE(rows.ok()) << rows.status();
  const Column& relevance = Find(*rows, "relevance");
  ASSERT_EQ(relevance.num_rows, 2);
  EXPECT_EQ(relevance.Text(relevance.ListBegin(0)), "d3");
  EXPECT_EQ(relevance.Text(relevance.ListBegin(1)), "d7");
}

TEST(JoinJudgementsTest, LeavesAQueryWithoutJudgementsNull) {
  OpenText queries("q.jsonl", kQueries, formats::Format::kJsonl);
  OpenText qrels("qrels.txt", "q1 0 d3 2\n", formats::Format::kTrecQrels);
  const auto rows = JoinJudgements(*ReadRows(*queries.reader, ""), *qrels.reader);
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_TRUE(Find(*rows, "relevance").IsValid(0));
  EXPECT_FALSE(Find(*rows, "relevance").IsValid(1));
}

TEST(JoinJudgementsTest, AddsJudgedQueriesThatHaveNoText) {
  OpenText queries("q.jsonl", kQueries, formats::Format::kJsonl);
  OpenText qrels("qrels.txt", "q9 0 d3 2\n", formats::Format::kTrecQrels);
  const auto rows = JoinJudgements(*ReadRows(*queries.reader, ""), *qrels.reader);
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_EQ(Find(*rows, "key").Text(2), "q9");
  EXPECT_FALSE(Find(*rows, "input").IsValid(2));
  EXPECT_TRUE(Find(*rows, "relevance").IsValid(2));
}

TEST(JoinJudgementsTest, KnowsWhereEveryRowWasRead) {
  OpenText queries("q.jsonl", kQueries, formats::Format::kJsonl);
  OpenText qrels("qrels.txt", "q1 0 d1 1\nq9 0 d3 2\n", formats::Format::kTrecQrels);
  const auto rows = JoinJudgements(*ReadRows(*queries.reader, ""), *qrels.reader);
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_EQ(rows->place(1), "q.jsonl:2");
  EXPECT_EQ(rows->place(2), "qrels.txt:2");
}

TEST(JoinJudgementsTest, RefusesAQueryThatComesTwice) {
  OpenText queries("q.jsonl", "{\"key\": \"q1\"}\n{\"key\": \"q1\"}\n", formats::Format::kJsonl);
  OpenText qrels("qrels.txt", "q1 0 d3 2\n", formats::Format::kTrecQrels);
  EXPECT_EQ(JoinJudgements(*ReadRows(*queries.reader, ""), *qrels.reader).status().message(),
            "q.jsonl:2: duplicate key 'q1', first at q.jsonl:1");
}

TEST(ReadRowsTest, TakesTheRowsThatHaveAllTexts) {
  OpenText file("r.jsonl",
                R"({"key": "a", "cohort.split": "test", "label": "1"}
{"key": "b", "cohort.split": "train", "label": "1"}
{"key": "c", "cohort.split": "test"}
{"key": "d", "cohort.split": "test", "label": "1"}
)",
                formats::Format::kJsonl);
  const auto rows = ReadRows(*file.reader, "cohort.split=test,label=1");
  ASSERT_TRUE(rows.ok()) << rows.status();
  const Column& keys = Find(*rows, "key");
  ASSERT_EQ(keys.num_rows, 2);
  EXPECT_EQ(keys.Text(0), "a");
  EXPECT_EQ(keys.Text(1), "d");
  EXPECT_EQ(rows->place(1), "r.jsonl:4");
}

TEST(ReadRowsTest, SaysWhatIsWrongWithAFilter) {
  const auto message = [](const char* filter) {
    OpenText queries("q.jsonl", kQueries, formats::Format::kJsonl);
    return std::string(ReadRows(*queries.reader, filter).status().message());
  };
  EXPECT_EQ(message("input"), "row filter 'input': expected COLUMN=VALUE");
  EXPECT_EQ(message("input=one,x=1"), "row filter 'x=1': there is no text column 'x'");
  EXPECT_EQ(message("input=three"), "row filter 'input=three' leaves no rows");
}

constexpr char kDocuments[] =
    "{\"key\": \"d1\", \"label\": \"x\"}\n{\"key\": \"d2\", \"label\": \"y\"}\n"
    "{\"key\": \"d3\", \"label\": \"x\"}\n{\"key\": \"d4\"}\n";

TEST(JudgeByColumnTest, MakesDocumentsWithTheSameTextRelevant) {
  OpenText queries("q.jsonl",
                   "{\"key\": \"q1\", \"label\": \"x\"}\n{\"key\": \"q2\", \"label\": \"z\"}\n"
                   "{\"key\": \"q3\"}\n",
                   formats::Format::kJsonl);
  OpenText documents("d.jsonl", kDocuments, formats::Format::kJsonl);
  const auto rows =
      JudgeByColumn(*ReadRows(*queries.reader, ""), *ReadRows(*documents.reader, ""), "label");
  ASSERT_TRUE(rows.ok()) << rows.status();
  const Column& relevance = Find(*rows, "relevance");
  EXPECT_FALSE(FindFault(relevance).has_value());
  ASSERT_EQ(relevance.num_rows, 3);
  ASSERT_EQ(relevance.ListEnd(0) - relevance.ListBegin(0), 2);
  EXPECT_EQ(relevance.Text(0), "d1");
  EXPECT_EQ(relevance.Text(1), "d3");
  EXPECT_EQ(relevance.int32s, (std::vector<std::int32_t>{1, 1}));
  EXPECT_TRUE(relevance.IsValid(1));
  EXPECT_EQ(relevance.ListEnd(1), relevance.ListBegin(1));
  EXPECT_FALSE(relevance.IsValid(2));
}

TEST(JudgeByColumnTest, NamesTheSideThatLacksTheColumn) {
  OpenText queries("q.jsonl", kQueries, formats::Format::kJsonl);
  OpenText documents("d.jsonl", kDocuments, formats::Format::kJsonl);
  EXPECT_EQ(JudgeByColumn(*ReadRows(*queries.reader, ""), *ReadRows(*documents.reader, ""), "label")
                .status()
                .message(),
            "the queries have no text column 'label'");
}

}  // namespace
}  // namespace assay::cli
