#include "client/formats/trec_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "client/formats/trec_fields.h"
#include "client/formats/trec_qrels.h"

namespace assay::formats {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A file that outlives what is read from it.
InputFile File(std::string text) {
  absl::StatusOr<InputFile> file = InputFile::FromBytes("f", std::move(text));
  EXPECT_TRUE(file.ok()) << file.status().ToString();
  return *std::move(file);
}

std::vector<std::string> Documents(const TrecRun& run, std::string_view query) {
  std::vector<std::string> documents;
  for (std::size_t i = 0; i < run.num_queries(); ++i) {
    for (const RankedDocument& document : run.query(i).documents) {
      if (run.query(i).query == query) {
        documents.emplace_back(document.document);
      }
    }
  }
  return documents;
}

std::vector<std::string> Queries(const TrecQrels& qrels) {
  std::vector<std::string> queries;
  for (std::size_t i = 0; i < qrels.num_queries(); ++i) {
    queries.emplace_back(qrels.query(i));
  }
  return queries;
}

std::string RunError(std::string text) {
  const InputFile file = File(std::move(text));
  return std::string(TrecRun::Read(file).status().message());
}

TEST(TrecRunTest, BringsTheLinesOfAQueryTogether) {
  const InputFile file = File("2 Q0 c 1 3 t\n1 Q0 a 1 2 t\n2 Q0 d 2 1 t\n1 Q0 b 2 1 last\n");
  const absl::StatusOr<TrecRun> run = TrecRun::Read(file);
  ASSERT_TRUE(run.ok()) << run.status().ToString();
  EXPECT_EQ(run->num_queries(), 2U);
  EXPECT_THAT(Documents(*run, "1"), ElementsAre("a", "b"));
  EXPECT_THAT(Documents(*run, "2"), ElementsAre("c", "d"));
  EXPECT_THAT(Documents(*run, "3"), IsEmpty());
  EXPECT_EQ(run->tag(), "last");
}

TEST(TrecRunReaderTest, GivesConsecutiveLinesOfAQuery) {
  const InputFile file = File("2 Q0 c 1 3 t\n\n2 Q0 d 2 1 t\n1 Q0 a 1 2 t\n2 Q0 e 3 0 last\n");
  TrecRunReader reader(file);
  std::vector<std::string> segments;
  while (true) {
    const absl::StatusOr<std::optional<TrecRunReader::Segment>> segment = reader.Next();
    ASSERT_TRUE(segment.ok()) << segment.status().ToString();
    if (!segment->has_value()) {
      break;
    }
    segments.emplace_back((*segment)->query);
    for (const RankedDocument& document : (*segment)->documents) {
      segments.back() += document.document;
    }
  }
  EXPECT_THAT(segments, ElementsAre("2cd", "1a", "2e"));
  EXPECT_EQ(reader.tag(), "last");
}

TEST(TrecRunTest, CountsLinesWhoseRanksContradictTheirScores) {
  const InputFile file =
      File("1 Q0 a 2 9 t\n1 Q0 b 1 8 t\n1 Q0 c 3 7 t\n1 Q0 d 3 6 t\n1 Q0 e x 5 t\n2 Q0 a 1 99 t\n");
  const absl::StatusOr<TrecRun> run = TrecRun::Read(file);
  ASSERT_TRUE(run.ok());
  EXPECT_EQ(run->num_rank_conflicts(), 1);
}

TEST(TrecRunTest, NamesTheLineOfABadScoreBehindLongAndShortLines) {
  const std::string long_line = "1 Q0 " + std::string(200, 'x') + " 1 5 t\n";
  EXPECT_THAT(RunError("1 Q0 a 1 9 t\n" + long_line + "\n# remark\n1 Q0 b 2 bad t\n"),
              HasSubstr("f:5: field 'score'"));
}

TEST(TrecRunTest, LinesMayHaveAnyLength) {
  // Lengths around the 64 bytes that are looked at together, with and without a line end at last.
  for (std::size_t length = 40; length < 140; ++length) {
    const std::string id(length, 'd');
    for (const std::string end : {"", "\n", "\r\n"}) {
      const InputFile file = File("1 Q0 " + id + "\t1  2.5 tag\n1 Q0 " + id + "x 2 1.5 tag" + end);
      const absl::StatusOr<TrecRun> run = TrecRun::Read(file);
      ASSERT_TRUE(run.ok()) << run.status().ToString();
      EXPECT_THAT(Documents(*run, "1"), ElementsAre(id, id + "x"));
      EXPECT_EQ(run->tag(), "tag");
    }
  }
}

TEST(TrecRunTest, ControlCharactersAndInvalidUtf8AreRefusedOnShortLinesToo) {
  const std::string rest = std::string("1 Q0 b 2 1 t\n") + std::string(100, '\n');
  EXPECT_THAT(RunError(std::string("1 Q0 a\0b 1 2 t\n", 15) + rest), HasSubstr("f:1: a NUL byte"));
  EXPECT_THAT(RunError("1 Q0 a\x0B 1 2 t\n" + rest), HasSubstr("control character"));
  EXPECT_THAT(RunError("1 Q0 a\xFF 1 2 t\n" + rest), HasSubstr("invalid UTF-8"));
}

TEST(TrecQrelsTest, NumbersQueriesInByteOrder) {
  const InputFile file = File("b 0 x 1\n10 0 y 2\nb 0 z 0\n9 0 y -1\n");
  const absl::StatusOr<TrecQrels> qrels = TrecQrels::Read(file);
  ASSERT_TRUE(qrels.ok()) << qrels.status().ToString();
  EXPECT_THAT(Queries(*qrels), ElementsAre("10", "9", "b"));
  ASSERT_EQ(qrels->judgements(2).size(), 2U);
  EXPECT_EQ(qrels->judgements(2)[1].document, "z");
  EXPECT_EQ(qrels->judgements(1)[0].grade, -1);
}

TEST(TrecQrelsTest, NamesTheLineOfADuplicateBehindOtherQueries) {
  const InputFile file = File("1 0 x 1\n2 0 x 1\n1 0 x 0\n");
  EXPECT_THAT(std::string(TrecQrels::Read(file).status().message()),
              HasSubstr("f:3: field 'document'"));
}

}  // namespace
}  // namespace assay::formats
