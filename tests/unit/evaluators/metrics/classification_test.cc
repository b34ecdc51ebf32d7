#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "evaluators/metrics/calibration.h"
#include "evaluators/metrics/class_counts.h"
#include "evaluators/metrics/rank_area.h"
#include "evaluators/registry.h"
#include "tests/unit/evaluators/column_makers.h"

namespace assay {
namespace {

using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Optional;

std::unique_ptr<const Evaluator> Make(const std::string& options) {
  auto evaluator = MakeEvaluator("ground_truth_match:" + options);
  EXPECT_TRUE(evaluator.ok()) << evaluator.status().ToString();
  return *std::move(evaluator);
}

std::string ErrorOf(const std::string& options) {
  const auto evaluator = MakeEvaluator("ground_truth_match:" + options);
  return evaluator.ok() ? "" : std::string(evaluator.status().message());
}

std::vector<std::optional<double>> CorpusValues(const std::string& options, const Rows& rows) {
  const auto evaluator = Make(options);
  const auto state = evaluator->NewCorpusState();
  std::vector<std::int64_t> all(static_cast<std::size_t>(rows.Batch().num_rows));
  std::iota(all.begin(), all.end(), 0);
  state->Add(rows.Batch(), all);
  return state->Values();
}

Rows LabelRows(const Texts& gold, const Texts& predicted) {
  return {.examples = {{"label", CodedTextColumn(gold)}},
          .outputs = {{"label", CodedTextColumn(predicted)}}};
}

Rows ProbabilityRows(const Texts& gold, std::int32_t num_labels, std::vector<double> numbers,
                     const std::string& column = "probabilities") {
  return {.examples = {{"label", CodedTextColumn(gold)}},
          .outputs = {{column, DoubleVectorColumn(num_labels, std::move(numbers))}}};
}

std::vector<std::optional<double>> ScoresOf(const std::string& metric, const std::string& settings,
                                            const Rows& rows) {
  return rows.Score(*Make(metric + settings)).at(metric);
}

// Row "macro F1" of the reference's table of classification and text: 0.667 became 0.333.
TEST(MacroF1CornerCaseTest, AStrayPredictedLabelDoesNotHalveIt) {
  const Rows rows = LabelRows({"a", "a"}, {"a", "stray"});
  EXPECT_THAT(CorpusValues("macro_f1,labels=a|b", rows), ElementsAre(Optional(DoubleEq(2.0 / 3))));
  EXPECT_THAT(CorpusValues("macro_f1", rows), ElementsAre(Optional(DoubleEq(2.0 / 3))));
}

// Row "micro F1": equals accuracy for single-label.
TEST(MicroF1CornerCaseTest, EqualsAccuracy) {
  EXPECT_THAT(CorpusValues("micro_f1", LabelRows({"a", "b", "b"}, {"a", "b", "stray"})),
              ElementsAre(Optional(DoubleEq(2.0 / 3))));
}

// Row "log loss": state the clip.
TEST(LogLossCornerCaseTest, AProbabilityOfZeroCostsTheStatedClip) {
  const Rows rows = ProbabilityRows({"a"}, 2, {0, 1});
  EXPECT_THAT(ScoresOf("nll", ",labels=a|b", rows),
              ElementsAre(Optional(DoubleEq(-std::log(1e-15)))));
  EXPECT_THAT(ScoresOf("nll", ",labels=a|b,clip=0.01", rows),
              ElementsAre(Optional(DoubleEq(-std::log(0.01)))));
  EXPECT_EQ(Make("nll,labels=a|b")->metrics()[0].definition_id, "assay/nll(clip=1e-15)/1");
}

// Row "ECE": both edge rules; a confidence of exactly 1 has no bin of its own.
TEST(CalibrationCornerCaseTest, AConfidenceOnAnEdgeFollowsTheRule) {
  EqualWidthBins right(4, BinEdges::kRightClosed);
  EqualWidthBins left(4, BinEdges::kLeftClosed);
  for (const double confidence : {0.0, 0.5, 1.0}) {
    right.Add(confidence, true);
    left.Add(confidence, true);
  }
  const auto counts = [](const EqualWidthBins& bins) {
    std::vector<std::int64_t> numbers;
    for (const ReliabilityBin& bin : bins.bins()) {
      numbers.push_back(bin.num_rows);
    }
    return numbers;
  };
  EXPECT_THAT(counts(right), ElementsAre(1, 1, 0, 1));
  EXPECT_THAT(counts(left), ElementsAre(1, 0, 1, 1));
}

TEST(CalibrationTest, RowsOfEqualConfidenceShareABin) {
  const std::vector<ReliabilityBin> bins =
      EqualMassBins({{0.5, true}, {0.5, false}, {0.5, true}, {0.9, true}}, 2);
  ASSERT_EQ(bins.size(), 2);
  EXPECT_EQ(bins[0].num_rows, 3);
  EXPECT_EQ(bins[1].num_rows, 1);
}

TEST(CalibrationTest, PerfectCalibrationHasNoError) {
  EqualWidthBins bins(2, BinEdges::kRightClosed);
  bins.Add(0.75, true);
  bins.Add(0.75, true);
  bins.Add(0.75, true);
  bins.Add(0.75, false);
  EXPECT_THAT(CalibrationError(bins.bins()), Optional(0.0));
}

TEST(RankAreaTest, CountsTiesAsHalf) {
  EXPECT_THAT(RankArea({{0.5, true}, {0.5, false}}), Optional(0.5));
  EXPECT_THAT(RankArea({{0.9, true}, {0.5, false}, {0.5, true}}), Optional(0.75));
}

TEST(RankAreaTest, IsAbsentWithOneKindOnly) {
  EXPECT_EQ(RankArea({{0.5, true}}), std::nullopt);
  EXPECT_EQ(RankArea({}), std::nullopt);
}

// Row "score <= 0": never mask on score.
TEST(RankAreaTest, TakesNegativeScores) {
  EXPECT_THAT(RankArea({{-1.0, true}, {-2.0, false}}), Optional(1.0));
}

TEST(MccTest, IsAbsentWhenOneSideHasOneLabel) {
  EXPECT_THAT(CorpusValues("mcc", LabelRows({"a", "b"}, {"a", "a"})), ElementsAre(std::nullopt));
}

TEST(PerClassTest, IsAbsentWhereNothingCanBeCounted) {
  EXPECT_THAT(
      CorpusValues("precision[c],recall[c],f1[c],support[c]", LabelRows({"a", "c"}, {"a", "a"})),
      ElementsAre(std::nullopt, Optional(0.0), Optional(0.0), Optional(1.0)));
}

TEST(AccuracyAtKTest, OfEqualProbabilitiesTheFirstDeclaredCome) {
  const Rows rows = ProbabilityRows(
      {"a", "b", "c"}, 3,
      {1.0 / 3, 1.0 / 3, 1.0 / 3, 1.0 / 3, 1.0 / 3, 1.0 / 3, 1.0 / 3, 1.0 / 3, 1.0 / 3});
  EXPECT_THAT(ScoresOf("accuracy@2", ",labels=a|b|c", rows), ElementsAre(1.0, 1.0, 0.0));
}

// A constant scorer is right as often as the first label occurs, and no more.
TEST(AccuracyAtKTest, AConstantScorerGainsNothing) {
  const Rows rows = ProbabilityRows({"b", "a", "b", "b"}, 2, {.5, .5, .5, .5, .5, .5, .5, .5});
  EXPECT_THAT(ScoresOf("accuracy@1", ",labels=a|b", rows), ElementsAre(0.0, 1.0, 0.0, 0.0));
  EXPECT_THAT(CorpusValues("auc,labels=a|b", rows), ElementsAre(Optional(0.5)));
}

TEST(ProbabilitiesTest, RowsThatCannotBeUsedAreUndefined) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Rows rows = ProbabilityRows({"a", "a", "a", "a", "other", std::nullopt}, 2,
                                    {nan, 1, -0.1, 1.1, 0.5, 0.6, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5});
  EXPECT_THAT(ScoresOf("brier", ",labels=a|b", rows),
              ElementsAre(std::nullopt, std::nullopt, std::nullopt, Optional(DoubleEq(0.5)),
                          std::nullopt, std::nullopt));
}

TEST(ProbabilitiesTest, LogitsGoThroughSoftmax) {
  const Rows rows = ProbabilityRows({"a"}, 2, {1000.0, 1000.0 + std::log(3.0)}, "logits");
  EXPECT_THAT(ScoresOf("nll", ",labels=a|b", rows),
              ElementsAre(Optional(testing::DoubleNear(std::log(4.0), 1e-12))));
}

TEST(ProbabilitiesTest, GiveTheLabelWhereOutputsHaveNone) {
  const Rows rows = ProbabilityRows({"a", "b"}, 2, {0.2, 0.8, 0.3, 0.7});
  EXPECT_EQ(Make("accuracy,labels=a|b")->Check(rows.Types()), absl::OkStatus());
  EXPECT_THAT(ScoresOf("accuracy", ",labels=a|b", rows), ElementsAre(0.0, 1.0));
}

TEST(ProbabilitiesTest, NeedOneComponentALabel) {
  const Rows rows = ProbabilityRows({"a"}, 3, {0.2, 0.3, 0.5});
  ColumnTypes types = rows.Types();
  types.output_dimension = [](std::string_view) { return 3; };
  EXPECT_EQ(Make("nll,labels=a|b")->Check(types).message(),
            "output column 'probabilities': has 3 components, labels= names 2");
}

TEST(ClassificationOptionsTest, NameWhatIsWrong) {
  EXPECT_THAT(ErrorOf("nll"), HasSubstr("needs labels=A|B"));
  EXPECT_THAT(ErrorOf("accuracy@3,labels=a|b"), HasSubstr("there are only 2 labels"));
  EXPECT_THAT(ErrorOf("f1[c],labels=a|b"), HasSubstr("not among labels="));
  EXPECT_THAT(ErrorOf("auc,labels=a|b|c"), HasSubstr("needs positive=LABEL"));
  EXPECT_THAT(ErrorOf("accuracy,bins=3"), HasSubstr("'bins': no metric that is asked for uses it"));
  EXPECT_THAT(ErrorOf("macro_f1,labels=a|a"), HasSubstr("'a' is named twice"));
  EXPECT_THAT(ErrorOf("ece,labels=a|b,bins=0"), HasSubstr("no number from 1 to 1000"));
  EXPECT_THAT(ErrorOf("macro_f1,color=red"), HasSubstr("no such setting"));
}

TEST(ClassificationTest, NotesExampleLabelsThatAreNotDeclared) {
  const auto evaluator = Make("macro_f1,labels=a|b");
  EXPECT_THAT(evaluator->Counts(LabelRows({"a", "x", "y"}, {"a", "a", "a"}).Batch()),
              ElementsAre(testing::Pair("rows with an example label that is not declared", 2)));
}

TEST(ConfusionTableTest, ListsCellsLargestFirst) {
  ClassCounts counts({});
  const std::int32_t a = counts.labels().Number("a");
  const std::int32_t b = counts.labels().Number("b");
  counts.Count(a, b);
  counts.Count(b, b);
  counts.Count(b, b);
  const ResultTable table = counts.ConfusionTable();
  ASSERT_EQ(table.columns.size(), 3);
  EXPECT_EQ(table.columns[0].Text(0), "b");
  EXPECT_EQ(table.columns[1].Text(1), "b");
  EXPECT_THAT(table.columns[2].int64s, ElementsAre(2, 1));
}

TEST(ConfusionTableTest, CountsMoreLabelsThanTheSquareHolds) {
  Texts gold;
  Texts predicted;
  for (int i = 0; i < 1000; ++i) {
    gold.push_back("label" + std::to_string(i % 300));
    predicted.push_back("label" + std::to_string(i % 2 == 0 ? i % 300 : 0));
  }
  const Rows rows = LabelRows(gold, predicted);
  std::int64_t hits = 0;
  for (std::size_t i = 0; i < gold.size(); ++i) {
    hits += gold[i] == predicted[i] ? 1 : 0;
  }
  EXPECT_THAT(CorpusValues("micro_f1", rows),
              ElementsAre(Optional(DoubleEq(static_cast<double>(hits) / 1000))));
}

}  // namespace
}  // namespace assay
