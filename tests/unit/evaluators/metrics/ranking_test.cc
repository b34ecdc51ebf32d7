#include "evaluators/metrics/ranking.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "evaluators/metrics/ranking_measure.h"
#include "evaluators/registry.h"
#include "tests/unit/evaluators/column_makers.h"

namespace assay {
namespace {

using ::testing::AllOf;
using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Optional;
using ::testing::Pair;

using Ranked = std::optional<Documents<double>>;
using Judged = std::optional<Documents<std::int32_t>>;

std::unique_ptr<const Evaluator> Make(const std::string& metrics) {
  absl::StatusOr<std::unique_ptr<const Evaluator>> evaluator = MakeEvaluator("ranking:" + metrics);
  EXPECT_TRUE(evaluator.ok()) << evaluator.status().ToString();
  return *std::move(evaluator);
}

Rows MakeRows(const std::vector<Judged>& judged, const std::vector<Ranked>& ranked) {
  return {.examples = {{"relevance", RelevanceColumn(judged)}},
          .outputs = {{"ranking", RankingColumn(ranked)}}};
}

std::optional<double> ScoreOf(const std::string& metric, const Judged& judged,
                              const Ranked& ranked) {
  return MakeRows({judged}, {ranked}).Score(*Make(metric)).at(metric).at(0);
}

TEST(RankingTest, ADocumentIdBreaksATieDescending) {
  EXPECT_THAT(ScoreOf("RR", {{{"dA", 1}, {"dB", 0}}}, {{{"dA", 1.0}, {"dB", 1.0}, {"dC", 1.0}}}),
              Optional(DoubleEq(1.0 / 3)));
}

TEST(RankingTest, IdsAreComparedAsBytes) {
  EXPECT_THAT(ScoreOf("RR", {{{"z", 1}}}, {{{"z", 1.0}, {"\xC3\xA9", 1.0}}}),
              Optional(DoubleEq(0.5)));
}

TEST(RankingTest, ALongerIdComesBeforeItsPrefix) {
  EXPECT_THAT(ScoreOf("RR", {{{"d1", 1}}}, {{{"d1", 1.0}, {"d10", 1.0}}}), Optional(DoubleEq(0.5)));
}

TEST(RankingTest, MinusZeroTiesWithZero) {
  EXPECT_THAT(ScoreOf("RR", {{{"a", 1}}}, {{{"a", 0.0}, {"b", -0.0}}}), Optional(DoubleEq(0.5)));
}

TEST(RankingTest, AConstantScorerGainsNothingFromTheOrderGiven) {
  const Judged judged = {{{"d01", 1}, {"d50", 0}}};
  Documents<double> ranked;
  for (int i = 1; i <= 50; ++i) {
    ranked.emplace_back((i < 10 ? "d0" : "d") + std::to_string(i), 0.0);
  }
  const auto scores = MakeRows({judged}, {ranked}).Score(*Make("RR,nDCG@10,P@10,R@10,Success@10"));
  EXPECT_THAT(scores.at("RR"), ElementsAre(Optional(DoubleEq(1.0 / 50))));
  for (const char* const cut : {"nDCG@10", "P@10", "R@10", "Success@10"}) {
    EXPECT_THAT(scores.at(cut), ElementsAre(0.0)) << cut;
  }
}

TEST(RankingTest, ScoresAreComparedAsDoubles) {
  EXPECT_THAT(ScoreOf("RR", {{{"a", 1}}}, {{{"z", 16777216.0}, {"a", 16777217.0}}}),
              Optional(DoubleEq(1.0)));
}

TEST(RankingTest, InfiniteScoresAreOrdered) {
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_THAT(ScoreOf("RR", {{{"b", 1}}}, {{{"a", -infinity}, {"b", 0.0}, {"c", infinity}}}),
              Optional(DoubleEq(0.5)));
}

TEST(RankingTest, NegativeScoresCount) {
  EXPECT_THAT(ScoreOf("R@10", {{{"a", 1}, {"b", 1}}}, {{{"a", -0.5}, {"b", -0.9}}}),
              Optional(DoubleEq(1.0)));
}

TEST(RankingTest, TheOrderOfTheRowsItemsDoesNotMatter) {
  EXPECT_THAT(ScoreOf("RR", {{{"a", 1}}}, {{{"c", 1.0}, {"b", 2.0}, {"a", 3.0}}}),
              Optional(DoubleEq(1.0)));
}

TEST(RankingTest, AMissingRankingScoresZero) {
  const auto scores = MakeRows({{{{"a", 1}}}}, {std::nullopt})
                          .Score(*Make("nDCG@10,nDCG,AP,RR,R@10,P@10,Success@10,Rprec"));
  ASSERT_EQ(scores.size(), 8U);
  for (const auto& [metric, values] : scores) {
    EXPECT_THAT(values, ElementsAre(0.0)) << metric;
  }
}

TEST(RankingTest, AsksForMissingOutputs) { EXPECT_TRUE(Make("AP")->ScoresMissingOutputs()); }

TEST(RankingTest, AQueryWithoutRelevantDocumentsScoresZero) {
  const auto scores = MakeRows({{{{"a", 0}}}}, {{{{"a", 1.0}}}})
                          .Score(*Make("nDCG@10,nDCG,AP,RR,R@10,P@10,Success@10,Rprec"));
  for (const auto& [metric, values] : scores) {
    EXPECT_THAT(values, ElementsAre(0.0)) << metric;
  }
}

TEST(RankingTest, AQueryOfOnlyNegativeGradesScoresZero) {
  EXPECT_THAT(ScoreOf("nDCG", {{{"a", -1}, {"b", -2}}}, {{{"a", 1.0}, {"b", 2.0}}}), Optional(0.0));
}

TEST(RankingTest, AnUnjudgedQueryIsUndefined) {
  EXPECT_EQ(ScoreOf("AP", std::nullopt, {{{"a", 1.0}}}), std::nullopt);
}

TEST(RankingTest, ANegativeGradeGainsNothing) {
  EXPECT_THAT(ScoreOf("nDCG", {{{"a", -3}, {"b", 1}}}, {{{"a", 2.0}, {"b", 1.0}}}),
              Optional(DoubleEq(1.0 / std::log2(3.0))));
}

TEST(RankingTest, AShortRankingIsPaddedWithNonRelevantDocuments) {
  EXPECT_THAT(ScoreOf("P@10", {{{"a", 1}}}, {{{"a", 1.0}}}), Optional(DoubleEq(0.1)));
}

TEST(RankingTest, RecallDividesByAllRelevantDocuments) {
  EXPECT_THAT(ScoreOf("R@1", {{{"a", 1}, {"b", 1}, {"c", 1}}}, {{{"a", 2.0}, {"b", 1.0}}}),
              Optional(DoubleEq(1.0 / 3)));
}

TEST(RankingTest, CutAveragePrecisionDividesByAllRelevantDocuments) {
  EXPECT_THAT(
      ScoreOf("AP@2", {{{"a", 1}, {"b", 1}, {"c", 1}}}, {{{"a", 3.0}, {"x", 2.0}, {"b", 1.0}}}),
      Optional(DoubleEq(1.0 / 3)));
}

TEST(RankingTest, RPrecisionDividesByAllRelevantDocuments) {
  EXPECT_THAT(ScoreOf("Rprec", {{{"a", 1}, {"b", 1}}}, {{{"a", 3.0}}}), Optional(DoubleEq(0.5)));
}

TEST(RankingTest, NdcgGainIsTheGradeAgainstTheBestOrderOfAllJudged) {
  const double gain = 1 / std::log2(2.0) + 3 / std::log2(3.0);
  const double ideal = 3 / std::log2(2.0) + 2 / std::log2(3.0) + 1 / std::log2(4.0);
  EXPECT_THAT(ScoreOf("nDCG", {{{"a", 1}, {"b", 3}, {"c", 2}}}, {{{"a", 2.0}, {"b", 1.0}}}),
              Optional(DoubleEq(gain / ideal)));
}

TEST(RankingTest, CutNdcgCutsTheBestOrderToo) {
  EXPECT_THAT(ScoreOf("nDCG@1", {{{"a", 1}, {"b", 2}}}, {{{"a", 2.0}, {"b", 1.0}}}),
              Optional(DoubleEq(0.5)));
}

TEST(RankingTest, TheThresholdRaisesWhatIsRelevant) {
  const Judged judged = {{{"a", 1}, {"b", 2}}};
  const Ranked ranked = {{{"a", 2.0}, {"b", 1.0}}};
  EXPECT_THAT(ScoreOf("RR", judged, ranked), Optional(DoubleEq(1.0)));
  EXPECT_THAT(ScoreOf("RR(rel=2)", judged, ranked), Optional(DoubleEq(0.5)));
}

TEST(RankingTest, JudgedIsTheShareOfJudgedAmongThoseRanked) {
  const Judged judged = {{{"a", 0}, {"b", -1}}};
  EXPECT_THAT(ScoreOf("Judged@2", judged, {{{"a", 3.0}, {"x", 2.0}, {"b", 1.0}}}),
              Optional(DoubleEq(0.5)));
  EXPECT_THAT(ScoreOf("Judged@10", judged, {{{"a", 3.0}, {"x", 2.0}, {"b", 1.0}}}),
              Optional(DoubleEq(2.0 / 3)));
}

TEST(RankingTest, JudgedOfNoRankingIsUndefined) {
  EXPECT_EQ(ScoreOf("Judged@10", {{{"a", 1}}}, std::nullopt), std::nullopt);
}

TEST(RankingTest, CutReciprocalRankLooksNoFurther) {
  const Judged judged = {{{"a", 1}}};
  const Ranked ranked = {{{"x", 2.0}, {"a", 1.0}}};
  EXPECT_THAT(ScoreOf("RR@1", judged, ranked), Optional(0.0));
  EXPECT_THAT(ScoreOf("RR@2", judged, ranked), Optional(DoubleEq(0.5)));
}

TEST(RankingTest, BinaryPreferenceCountsThoseJudgedNotRelevantBefore) {
  // R = 2, N = 3: the first has one of min(3, 2) before it, the second two.
  EXPECT_THAT(ScoreOf("bpref", {{{"a", 1}, {"b", 1}, {"x", 0}, {"y", 0}, {"z", 0}}},
                      {{{"x", 6.0}, {"a", 5.0}, {"u", 4.0}, {"y", 3.0}, {"b", 2.0}}}),
              Optional(DoubleEq((0.5 + 0.0) / 2)));
}

TEST(RankingTest, BinaryPreferenceTakesGradesBelowTheThresholdAsNotRelevant) {
  const Judged judged = {{{"a", 2}, {"b", 1}}};
  const Ranked ranked = {{{"b", 2.0}, {"a", 1.0}}};
  EXPECT_THAT(ScoreOf("bpref", judged, ranked), Optional(1.0));
  EXPECT_THAT(ScoreOf("bpref(rel=2)", judged, ranked), Optional(0.0));
}

TEST(RankingTest, InterpolatedPrecisionIsTheBestFromThatRecallOn) {
  const Judged judged = {{{"a", 1}, {"b", 1}}};
  const Ranked ranked = {{{"x", 5.0}, {"a", 4.0}, {"b", 3.0}, {"y", 2.0}}};
  EXPECT_THAT(ScoreOf("IPrec@0.5", judged, ranked), Optional(DoubleEq(2.0 / 3)));
  EXPECT_THAT(ScoreOf("IPrec@0", judged, {{{"a", 2.0}, {"x", 1.0}}}), Optional(1.0));
  EXPECT_THAT(ScoreOf("IPrec@1", judged, {{{"a", 2.0}, {"x", 1.0}}}), Optional(0.0));
}

TEST(RankingTest, CountsDocuments) {
  const Judged judged = {{{"a", 2}, {"b", 1}, {"c", 0}}};
  const Ranked ranked = {{{"a", 3.0}, {"c", 2.0}, {"x", 1.0}}};
  EXPECT_THAT(ScoreOf("num_ret", judged, ranked), Optional(3.0));
  EXPECT_THAT(ScoreOf("num_rel", judged, ranked), Optional(2.0));
  EXPECT_THAT(ScoreOf("num_rel_ret", judged, ranked), Optional(1.0));
  EXPECT_THAT(ScoreOf("num_rel(rel=2)", judged, ranked), Optional(1.0));
}

TEST(RankingTest, ExponentialNdcgGainsTwoToTheGradeLessOne) {
  const double gain = 1 / std::log2(2.0) + 7 / std::log2(3.0);
  const double ideal = 7 / std::log2(2.0) + 1 / std::log2(3.0);
  EXPECT_THAT(ScoreOf("nDCG_exp", {{{"a", 1}, {"b", 3}}}, {{{"a", 2.0}, {"b", 1.0}}}),
              Optional(DoubleEq(gain / ideal)));
}

TEST(RankingTest, ExponentialNdcgOfAGradeBeyondReasonIsUndefined) {
  EXPECT_EQ(ScoreOf("nDCG_exp", {{{"a", 2000}}}, {{{"a", 1.0}}}), std::nullopt);
}

TEST(RankingTest, CappedRecallDividesByTheCutoffAtMost) {
  const Judged judged = {{{"a", 1}, {"b", 1}, {"c", 1}}};
  EXPECT_THAT(ScoreOf("R_cap@2", judged, {{{"a", 2.0}, {"x", 1.0}}}), Optional(DoubleEq(0.5)));
  EXPECT_THAT(ScoreOf("R_cap@9", judged, {{{"a", 2.0}, {"x", 1.0}}}), Optional(DoubleEq(1.0 / 3)));
}

TEST(RankingTest, CappedRecallWithoutRelevantDocumentsIsUndefined) {
  EXPECT_EQ(ScoreOf("R_cap@2", {{{"a", 0}}}, {{{"a", 2.0}}}), std::nullopt);
}

TEST(RankingTest, AJudgementOfAnotherQueryDoesNotCount) {
  const Rows rows = MakeRows({{{{"a", 1}}}, {{{"b", 1}}}}, {{{{"a", 1.0}}}, {{{"a", 1.0}}}});
  EXPECT_THAT(rows.Score(*Make("RR")).at("RR"), ElementsAre(1.0, 0.0));
}

TEST(RankingTest, ManyRankedDocumentsKeepTheirLogarithms) {
  Documents<double> ranked;
  for (int i = 0; i < 2000; ++i) {
    ranked.emplace_back("d" + std::to_string(i), -i);
  }
  EXPECT_THAT(ScoreOf("nDCG", {{{"d1999", 1}}}, ranked), Optional(DoubleEq(1 / std::log2(2001.0))));
}

TEST(RankingTest, CountsTiesAtCutoffsAndEmptyQueries) {
  const Rows rows = MakeRows({{{{"a", 1}}}, {{{"a", 0}}}, {{{"a", 1}}}, std::nullopt},
                             {{{{"a", 2.0}, {"b", 1.0}, {"c", 1.0}}},
                              {{{"a", 1.0}, {"b", 1.0}}},
                              std::nullopt,
                              {{{"a", 1.0}, {"b", 1.0}}}});
  EXPECT_THAT(
      Make("P@1,P@2,AP(rel=2)")->Counts(rows.Batch()),
      ElementsAre(Pair("tied at cut-off 1", 1), Pair("tied at cut-off 2", 1),
                  Pair("without a relevant document", 1),
                  Pair("without a document of grade 2 or more", 3), Pair("without a ranking", 1)));
}

TEST(RankingTest, NamesAMissingRankingColumn) {
  const Rows rows = {.examples = {{"relevance", RelevanceColumn({{{{"a", 1}}}})}},
                     .outputs = {{"label", TextColumn({"a"})}}};
  const absl::Status status = Make("AP")->Check(rows.Types());
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(status.message(), "output column 'ranking': missing");
}

TEST(RankingMeasureTest, ReadsBothSpellingsOfAThreshold) {
  EXPECT_EQ(*ParseRankingMeasure("P(rel=2)@5"), *ParseRankingMeasure("P@5(rel=2)"));
}

TEST(RankingMeasureTest, ThresholdOneIsTheDefault) {
  EXPECT_EQ(FormatRankingMeasure(*ParseRankingMeasure("AP(rel=1)")), "AP");
}

class MalformedMeasureTest : public testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(MalformedMeasureTest, IsRefusedWithTheReason) {
  const auto [text, reason] = GetParam();
  const absl::StatusOr<RankingMeasure> measure = ParseRankingMeasure(text);
  ASSERT_FALSE(measure.ok()) << text;
  EXPECT_EQ(measure.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(measure.status().message(), AllOf(HasSubstr(text), HasSubstr(reason)));
}

INSTANTIATE_TEST_SUITE_P(
    Spellings, MalformedMeasureTest,
    testing::Values(std::pair("NDCG@10", "unknown"), std::pair("ndcg_cut_10", "unknown"),
                    std::pair("", "unknown"), std::pair("P", "needs a cut-off"),
                    std::pair("Rprec@10", "takes no cut-off"),
                    std::pair("IPrec", "needs a recall level"),
                    std::pair("IPrec@1.1", "from 0 to 1"), std::pair("IPrec@1e-1", "from 0 to 1"),
                    std::pair("IPrec@.", "from 0 to 1"),
                    std::pair("nDCG_exp@10(rel=2)", "takes no rel"),
                    std::pair("P@0", "whole number"), std::pair("P@-1", "whole number"),
                    std::pair("P@+1", "whole number"), std::pair("P@1e3", "whole number"),
                    std::pair("P@", "whole number"), std::pair("P@99999999999", "whole number"),
                    std::pair("nDCG@10(rel=2)", "takes no rel"),
                    std::pair("AP(rel=0)", "whole number"), std::pair("AP(rel=", "'(rel=n)'"),
                    std::pair("AP(dcg=x)", "'(rel=n)'"), std::pair("AP(rel=2)x", "unknown")));

TEST(RankingMeasureTest, DescribesEveryMeasureInFull) {
  for (const char* const text :
       {"nDCG", "nDCG@10", "AP", "AP@10", "RR", "R@10", "P@10", "Success@1", "Rprec", "Judged@10",
        "bpref", "IPrec@0.1", "num_ret", "num_rel", "num_rel_ret", "nDCG_exp", "nDCG_exp@10",
        "RR@10", "R_cap@10"}) {
    const MetricDescriptor descriptor = DescribeRankingMeasure(*ParseRankingMeasure(text));
    EXPECT_EQ(descriptor.id, text);
    EXPECT_THAT(descriptor.definition_id, testing::EndsWith("/1")) << text;
    EXPECT_NE(descriptor.formula, "") << text;
    EXPECT_NE(descriptor.undefined, "") << text;
    EXPECT_NE(descriptor.source, "") << text;
  }
}

TEST(RankingMeasureTest, SuccessIsBinaryAndJudgedHasNoDirection) {
  EXPECT_EQ(DescribeRankingMeasure(*ParseRankingMeasure("Success@5")).kind,
            MetricKind::kBinaryMean);
  EXPECT_EQ(DescribeRankingMeasure(*ParseRankingMeasure("Judged@5")).direction, Direction::kNone);
}

}  // namespace
}  // namespace assay
