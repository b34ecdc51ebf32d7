#include "evaluators/metrics/trec_eval_measures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace assay {
namespace {

using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Optional;

using Summary = TrecEvalMeasure::Summary;

// Names as printed, with our spelling where that is another.
std::vector<std::string> Parse(const std::vector<std::string>& names, int minimum_grade = 1) {
  const absl::StatusOr<std::vector<TrecEvalMeasure>> measures =
      ParseTrecEvalMeasures(names, minimum_grade);
  if (!measures.ok()) {
    return {std::string(measures.status().message())};
  }
  std::vector<std::string> printed;
  for (const TrecEvalMeasure& measure : *measures) {
    const std::string ours = FormatRankingMeasure(measure.measure);
    printed.push_back(measure.content != TrecEvalMeasure::Content::kScores || ours == measure.name
                          ? measure.name
                          : measure.name + "=" + ours);
  }
  return printed;
}

TEST(TrecEvalMeasuresTest, PrintsInTheOrderOfTrecEvalWhateverWasAskedFirst) {
  EXPECT_THAT(Parse({"ndcg_cut.10,5", "map", "num_q,runid"}),
              ElementsAre("runid", "num_q", "map=AP", "ndcg_cut_5=nDCG@5", "ndcg_cut_10=nDCG@10"));
}

TEST(TrecEvalMeasuresTest, NumbersBetweenCommasAreParametersOfTheNameBefore) {
  EXPECT_THAT(Parse({"P.5,10,map,nDCG@20"}),
              ElementsAre("map=AP", "P_5=P@5", "P_10=P@10", "nDCG@20"));
}

TEST(TrecEvalMeasuresTest, TheNameThatIsPrintedIsTakenToo) {
  EXPECT_THAT(Parse({"ndcg_cut_10,iprec_at_recall_0.10"}),
              ElementsAre("iprec_at_recall_0.10=IPrec@0.1", "ndcg_cut_10=nDCG@10"));
}

TEST(TrecEvalMeasuresTest, AMeasureAskedForTwiceIsPrintedOnce) {
  EXPECT_THAT(Parse({"P.5", "P.5,10", "AP,AP", "map", "official"}).size(), 31U);
}

TEST(TrecEvalMeasuresTest, TheMinimumGradeHoldsWhereANameSaysNothing) {
  EXPECT_THAT(Parse({"map,ndcg,P@5,P(rel=3)@5,nDCG@5"}, 2),
              ElementsAre("map=AP(rel=2)", "ndcg=nDCG", "P@5(rel=2)", "P@5(rel=3)", "nDCG@5"));
}

TEST(TrecEvalMeasuresTest, AnUnknownNameIsRefusedWithThoseThatThereAre) {
  EXPECT_THAT(Parse({"infAP"}), ElementsAre(AllOf(HasSubstr("metric 'infAP': unknown"),
                                                  HasSubstr("iprec_at_recall"))));
}

TEST(TrecEvalMeasuresTest, ParametersAreChecked) {
  EXPECT_THAT(Parse({"map.5"}), ElementsAre(HasSubstr("'map.5': map takes no parameters")));
  EXPECT_THAT(Parse({"P."}), ElementsAre(HasSubstr("whole number")));
  EXPECT_THAT(Parse({"ndcg.1=3"}), ElementsAre(HasSubstr("ndcg takes no parameters")));
}

TEST(SummarizeTest, UndefinedValuesAreLeftOut) {
  const double undefined = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(Summarize(Summary::kMean, std::vector<double>{0.25, undefined, 0.75}),
              Optional(DoubleEq(0.5)));
  EXPECT_EQ(Summarize(Summary::kMean, std::vector<double>{undefined}), std::nullopt);
}

TEST(SummarizeTest, TheGeometricMeanHasAFloor) {
  EXPECT_THAT(Summarize(Summary::kGeometricMean, std::vector<double>{0.0, 0.1}),
              Optional(DoubleEq(std::exp((std::log(0.00001) + std::log(0.1)) / 2))));
}

TEST(SummarizeTest, CountsAreAddedUp) {
  EXPECT_THAT(Summarize(Summary::kSum, std::vector<double>{3, 4}), Optional(7.0));
}

}  // namespace
}  // namespace assay
