#include "evaluators/metrics/document_judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace assay {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

// Rank and grade of the judged documents.
std::vector<std::pair<std::int64_t, std::int32_t>> Ranks(
    const std::optional<JudgedRanking>& query) {
  std::vector<std::pair<std::int64_t, std::int32_t>> ranks;
  if (query) {
    for (const JudgedDocument& document : query->judged) {
      ranks.emplace_back(document.rank, document.grade);
    }
  }
  return ranks;
}

TEST(DocumentJudgeTest, FindsTheRanksOfJudgedDocumentsInAnyOrder) {
  DocumentJudge judge;
  const std::vector<Judgement> judgements = {{"a", 2}, {"b", 0}, {"missing", 1}, {"c", -1}};
  const std::vector<RankedDocument> ranking = {{"c", 1.0}, {"x", 4.0}, {"a", 3.0}, {"b", 2.0}};
  const std::optional<JudgedRanking> query = judge.Judge(judgements, ranking);
  EXPECT_THAT(Ranks(query), ElementsAre(Pair(2, 2), Pair(3, 0), Pair(4, -1)));
  EXPECT_EQ(query->num_ranked, 4);
  EXPECT_THAT(std::vector(query->relevant.begin(), query->relevant.end()), ElementsAre(2, 1));
  EXPECT_EQ(query->num_grade_zero, 1);
}

TEST(DocumentJudgeTest, EqualScoresAreOrderedByIdDescending) {
  DocumentJudge judge;
  EXPECT_THAT(Ranks(judge.Judge(std::vector<Judgement>{{"a", 1}},
                                std::vector<RankedDocument>{{"a", 1.0}, {"b", 1.0}})),
              ElementsAre(Pair(2, 1)));
}

TEST(DocumentJudgeTest, LooksAtTheBestDocumentsOnly) {
  DocumentJudge judge;
  const std::vector<RankedDocument> ranking = {{"a", 1.0}, {"b", 3.0}, {"c", 2.0}};
  const std::optional<JudgedRanking> query =
      judge.Judge(std::vector<Judgement>{{"a", 1}, {"b", 1}}, ranking, {.max_ranked = 2});
  EXPECT_THAT(Ranks(query), ElementsAre(Pair(1, 1)));
  EXPECT_EQ(query->num_ranked, 2);
}

TEST(DocumentJudgeTest, NamesADocumentThatStandsTwice) {
  DocumentJudge judge;
  const std::vector<RankedDocument> unjudged = {{"x", 3.0}, {"y", 2.0}, {"x", 1.0}};
  EXPECT_FALSE(judge.Judge(std::vector<Judgement>{{"a", 1}}, unjudged).has_value());
  EXPECT_EQ(judge.duplicate(), "x");
  const std::vector<RankedDocument> judged = {{"a", 3.0}, {"y", 2.0}, {"a", 1.0}};
  EXPECT_FALSE(judge.Judge(std::vector<Judgement>{{"a", 1}}, judged).has_value());
  EXPECT_EQ(judge.duplicate(), "a");
}

TEST(DocumentJudgeTest, TheBestLineOfADocumentCountsWhereAsked) {
  DocumentJudge judge;
  const std::vector<RankedDocument> ranking = {{"a", 1.0}, {"x", 4.0}, {"b", 3.0}, {"x", 0.5},
                                               {"a", 5.0}, {"b", 3.0}, {"a", 2.0}};
  const std::optional<JudgedRanking> query = judge.Judge(std::vector<Judgement>{{"a", 1}, {"b", 2}},
                                                         ranking, {.keeps_best_duplicate = true});
  EXPECT_THAT(Ranks(query), ElementsAre(Pair(1, 1), Pair(3, 2)));
  EXPECT_EQ(query->num_ranked, 3);
  EXPECT_EQ(judge.num_dropped(), 4);
}

TEST(DocumentJudgeTest, TiesAreOrderedByGradeForTheBestAndTheWorstThatTheyAllow) {
  DocumentJudge judge;
  const std::vector<Judgement> judgements = {{"a", 2}, {"b", 1}, {"y", 0}, {"z", -1}};
  const std::vector<RankedDocument> ranking = {{"z", 1.0}, {"y", 1.0}, {"x", 1.0},
                                               {"b", 1.0}, {"a", 1.0}, {"t", 2.0}};
  EXPECT_THAT(Ranks(judge.Judge(judgements, ranking, {.ties = JudgingRules::Ties::kBestFirst})),
              ElementsAre(Pair(2, 2), Pair(3, 1), Pair(4, -1), Pair(5, 0)));
  EXPECT_THAT(Ranks(judge.Judge(judgements, ranking, {.ties = JudgingRules::Ties::kWorstFirst})),
              ElementsAre(Pair(2, -1), Pair(3, 0), Pair(5, 1), Pair(6, 2)));
}

TEST(DocumentJudgeTest, AQueryForgetsTheOneBefore) {
  DocumentJudge judge;
  const std::vector<RankedDocument> ranking = {{"a", 1.0}};
  EXPECT_TRUE(judge.Judge(std::vector<Judgement>{{"a", 1}}, ranking).has_value());
  EXPECT_THAT(Ranks(judge.Judge(std::vector<Judgement>{{"b", 1}}, ranking)), ElementsAre());
}

TEST(DocumentJudgeTest, ATieIsOneOfTheDocumentsOnBothSidesOfTheCutoff) {
  DocumentJudge judge;
  const std::vector<RankedDocument> ranking = {{"a", 2.0}, {"b", 1.0}, {"c", 1.0}};
  ASSERT_TRUE(judge.Judge({}, ranking).has_value());
  EXPECT_FALSE(judge.IsTiedAt(1));
  EXPECT_TRUE(judge.IsTiedAt(2));
  EXPECT_FALSE(judge.IsTiedAt(3));
  EXPECT_FALSE(judge.IsTiedAt(100));
}

TEST(DocumentJudgeTest, ManyAlikeIdsAreToldApart) {
  std::vector<std::string> ids;
  for (int i = 0; i < 3000; ++i) {
    ids.push_back("document-" + std::to_string(i));
  }
  std::vector<Judgement> judgements;
  std::vector<RankedDocument> ranking;
  for (int i = 0; i < 3000; ++i) {
    ranking.push_back({ids[static_cast<std::size_t>(i)], -1.0 * i});
    if (i % 7 == 0) {
      judgements.push_back({ids[static_cast<std::size_t>(i)], i + 1});
    }
  }
  DocumentJudge judge;
  const std::optional<JudgedRanking> query = judge.Judge(judgements, ranking);
  ASSERT_TRUE(query.has_value());
  ASSERT_EQ(query->judged.size(), judgements.size());
  for (const JudgedDocument& document : query->judged) {
    EXPECT_EQ(document.rank, document.grade);
  }
}

}  // namespace
}  // namespace assay
