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
  const auto rows = JoinJudgements(*queries.reader, *qrels.reader);
  ASSERT_TRUE(rows.ok()) << rows.status();
  const Column& relevance = Find(*rows, "relevance");
  ASSERT_EQ(relevance.num_rows, 2);
  EXPECT_EQ(relevance.Text(relevance.ListBegin(0)), "d3");
  EXPECT_EQ(relevance.Text(relevance.ListBegin(1)), "d7");
}

TEST(JoinJudgementsTest, LeavesAQueryWithoutJudgementsNull) {
  OpenText queries("q.jsonl", kQueries, formats::Format::kJsonl);
  OpenText qrels("qrels.txt", "q1 0 d3 2\n", formats::Format::kTrecQrels);
  const auto rows = JoinJudgements(*queries.reader, *qrels.reader);
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_TRUE(Find(*rows, "relevance").IsValid(0));
  EXPECT_FALSE(Find(*rows, "relevance").IsValid(1));
}

TEST(JoinJudgementsTest, AddsJudgedQueriesThatHaveNoText) {
  OpenText queries("q.jsonl", kQueries, formats::Format::kJsonl);
  OpenText qrels("qrels.txt", "q9 0 d3 2\n", formats::Format::kTrecQrels);
  const auto rows = JoinJudgements(*queries.reader, *qrels.reader);
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_EQ(Find(*rows, "key").Text(2), "q9");
  EXPECT_FALSE(Find(*rows, "input").IsValid(2));
  EXPECT_TRUE(Find(*rows, "relevance").IsValid(2));
}

TEST(JoinJudgementsTest, KnowsWhereEveryRowWasRead) {
  OpenText queries("q.jsonl", kQueries, formats::Format::kJsonl);
  OpenText qrels("qrels.txt", "q1 0 d1 1\nq9 0 d3 2\n", formats::Format::kTrecQrels);
  const auto rows = JoinJudgements(*queries.reader, *qrels.reader);
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_EQ(rows->place(1), "q.jsonl:2");
  EXPECT_EQ(rows->place(2), "qrels.txt:2");
}

TEST(JoinJudgementsTest, RefusesAQueryThatComesTwice) {
  OpenText queries("q.jsonl", "{\"key\": \"q1\"}\n{\"key\": \"q1\"}\n", formats::Format::kJsonl);
  OpenText qrels("qrels.txt", "q1 0 d3 2\n", formats::Format::kTrecQrels);
  EXPECT_EQ(JoinJudgements(*queries.reader, *qrels.reader).status().message(),
            "q.jsonl:2: duplicate key 'q1', first at q.jsonl:1");
}

}  // namespace
}  // namespace assay::cli
