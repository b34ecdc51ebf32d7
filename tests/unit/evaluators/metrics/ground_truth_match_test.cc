#include "evaluators/metrics/ground_truth_match.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <numeric>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "evaluators/metrics/normalized_text.h"
#include "evaluators/registry.h"
#include "tests/unit/evaluators/column_makers.h"

namespace assay {
namespace {

using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Optional;

std::unique_ptr<const Evaluator> Make(const std::string& spec) {
  absl::StatusOr<std::unique_ptr<const Evaluator>> evaluator = MakeEvaluator(spec);
  EXPECT_TRUE(evaluator.ok()) << evaluator.status().ToString();
  return *std::move(evaluator);
}

std::vector<std::optional<double>> ScoresOf(const std::string& metric, const Rows& rows) {
  return rows.Score(*Make("ground_truth_match:" + metric)).at(metric);
}

std::string Normalized(const std::string& text) {
  std::string normalized;
  NormalizeText(text, kDefaultSteps, normalized);
  return normalized;
}

std::vector<std::int64_t> Range(std::int64_t begin, std::int64_t end) {
  std::vector<std::int64_t> rows(static_cast<std::size_t>(end - begin));
  std::iota(rows.begin(), rows.end(), begin);
  return rows;
}

std::optional<double> MacroF1(const Texts& gold, const Texts& predicted) {
  const Rows rows = {.examples = {{"label", CodedTextColumn(gold)}},
                     .outputs = {{"label", CodedTextColumn(predicted)}}};
  const auto evaluator = Make("ground_truth_match:macro_f1");
  const std::unique_ptr<CorpusState> state = evaluator->NewCorpusState();
  state->Add(rows.Batch(), Range(0, static_cast<std::int64_t>(gold.size())));
  return state->Values().at(0);
}

TEST(AccuracyTest, ComparesLabelsThroughDifferentDictionaries) {
  const Rows rows = {
      .examples = {{"label", CodedTextColumn({"cat", "dog", "cat"}, {"dog", "cat"})}},
      .outputs = {{"label", CodedTextColumn({"cat", "cat", "cow"}, {"cow", "cat", "dog"})}}};
  EXPECT_THAT(ScoresOf("accuracy", rows), ElementsAre(1.0, 0.0, 0.0));
}

TEST(AccuracyTest, ComparesPlainWithCodedLabels) {
  const Rows rows = {.examples = {{"label", TextColumn({"3", "4"})}},
                     .outputs = {{"label", CodedTextColumn({"3", "3"})}}};
  EXPECT_THAT(ScoresOf("accuracy", rows), ElementsAre(1.0, 0.0));
}

TEST(AccuracyTest, IsUndefinedWithoutALabelOnEitherSide) {
  const Rows rows = {.examples = {{"label", CodedTextColumn({"a", std::nullopt, "a"})}},
                     .outputs = {{"label", CodedTextColumn({"a", "a", std::nullopt})}}};
  EXPECT_THAT(ScoresOf("accuracy", rows), ElementsAre(1.0, std::nullopt, std::nullopt));
}

TEST(AccuracyTest, TwoMissingLabelsAreNoMatch) {
  const Rows rows = {.examples = {{"label", CodedTextColumn({std::nullopt})}},
                     .outputs = {{"label", CodedTextColumn({std::nullopt})}}};
  EXPECT_THAT(ScoresOf("accuracy", rows), ElementsAre(std::nullopt));
}

TEST(AccuracyTest, IgnoresReferencesAndText) {
  const Rows rows = {
      .examples = {{"label", TextColumn({"a"})}, {"references", TextListColumn({{{"b"}}})}},
      .outputs = {{"label", TextColumn({"a"})}, {"text", TextColumn({"b"})}}};
  EXPECT_THAT(ScoresOf("accuracy", rows), ElementsAre(1.0));
}

TEST(AccuracyTest, CodedAndPlainLabelsScoreAlike) {
  std::mt19937 random(1);
  Texts gold;
  Texts predicted;
  for (int i = 0; i < 500; ++i) {
    const auto label = [&] {
      return random() % 7 == 0 ? std::nullopt : std::optional(std::to_string(random() % 4));
    };
    gold.push_back(label());
    predicted.push_back(label());
  }
  const Rows coded = {.examples = {{"label", CodedTextColumn(gold)}},
                      .outputs = {{"label", CodedTextColumn(predicted, {"3", "9", "1"})}}};
  const Rows plain = {.examples = {{"label", TextColumn(gold)}},
                      .outputs = {{"label", TextColumn(predicted)}}};
  EXPECT_EQ(ScoresOf("accuracy", coded), ScoresOf("accuracy", plain));
  EXPECT_EQ(ScoresOf("normalized_match", coded), ScoresOf("normalized_match", plain));
}

TEST(ExactMatchTest, DoesNotTrim) {
  const Rows rows = {.examples = {{"label", TextColumn({"yes", "yes"})}},
                     .outputs = {{"text", TextColumn({"yes", "yes "})}}};
  EXPECT_THAT(ScoresOf("exact_match", rows), ElementsAre(1.0, 0.0));
}

TEST(ExactMatchTest, AcceptsAnyReference) {
  const Rows rows = {
      .examples = {{"references", TextListColumn({{{"NYC", "New York"}}, {{"NYC", "New York"}}})}},
      .outputs = {{"text", TextColumn({"New York", "York"})}}};
  EXPECT_THAT(ScoresOf("exact_match", rows), ElementsAre(1.0, 0.0));
}

TEST(ExactMatchTest, TakesTheLabelWhereARowHasNoReferences) {
  const Rows rows = {
      .examples = {{"label", TextColumn({"a", "a", "a"})},
                   {"references",
                    TextListColumn({{{"b"}}, std::nullopt, std::vector<std::string>()})}},
      .outputs = {{"text", TextColumn({"a", "a", "a"})}}};
  EXPECT_THAT(ScoresOf("exact_match", rows), ElementsAre(0.0, 1.0, 1.0));
}

TEST(ExactMatchTest, IsUndefinedWithoutAnyAcceptedAnswer) {
  const Rows rows = {.examples = {{"references", TextListColumn({std::nullopt})}},
                     .outputs = {{"text", TextColumn({"a"})}}};
  EXPECT_THAT(ScoresOf("exact_match", rows), ElementsAre(std::nullopt));
}

TEST(ExactMatchTest, TakesTheLabelOfOutputsWithoutText) {
  const Rows rows = {.examples = {{"references", TextListColumn({{{"a", "b"}}})}},
                     .outputs = {{"label", CodedTextColumn({"b"})}}};
  EXPECT_THAT(ScoresOf("exact_match", rows), ElementsAre(1.0));
}

TEST(ExactMatchTest, AnEmptyAnswerMatchesAnEmptyLabel) {
  const Rows rows = {.examples = {{"label", TextColumn({""})}},
                     .outputs = {{"text", TextColumn({""})}}};
  EXPECT_THAT(ScoresOf("exact_match", rows), ElementsAre(1.0));
}

TEST(NormalizedMatchTest, TrimsLowersAndCollapses) {
  const Rows rows = {.examples = {{"label", TextColumn({"New York", "New York"})}},
                     .outputs = {{"text", TextColumn({"\xC2\xA0new \t YORK\n", "newyork"})}}};
  EXPECT_THAT(ScoresOf("normalized_match", rows), ElementsAre(1.0, 0.0));
}

TEST(NormalizedMatchTest, NormalisesReferencesToo) {
  const Rows rows = {.examples = {{"references", TextListColumn({{{"x", " YES "}}})}},
                     .outputs = {{"text", TextColumn({"yes"})}}};
  EXPECT_THAT(ScoresOf("normalized_match", rows), ElementsAre(1.0));
}

TEST(NormalizeTextTest, KnowsEveryWhiteSpaceCharacter) {
  const std::string all =
      "\t\n\v\f\r \xC2\x85\xC2\xA0\xE1\x9A\x80\xE2\x80\x80\xE2\x80\x81\xE2\x80\x82\xE2\x80\x83"
      "\xE2\x80\x84\xE2\x80\x85\xE2\x80\x86\xE2\x80\x87\xE2\x80\x88\xE2\x80\x89\xE2\x80\x8A"
      "\xE2\x80\xA8\xE2\x80\xA9\xE2\x80\xAF\xE2\x81\x9F\xE3\x80\x80";
  EXPECT_EQ(Normalized(all + "a" + all + "b" + all), "a b");
}

TEST(NormalizeTextTest, KeepsTheZeroWidthSpaceWhichIsNoWhiteSpace) {
  EXPECT_EQ(Normalized("a\xE2\x80\x8B"), "a\xE2\x80\x8B");
}

TEST(NormalizeTextTest, LowersBeyondAscii) { EXPECT_EQ(Normalized("\xC3\x84Z[@"), "\xC3\xA4z[@"); }

TEST(NormalizeTextTest, OfOnlyWhiteSpaceIsEmpty) { EXPECT_EQ(Normalized(" \t\n"), ""); }

// a: 2 hits, 3 gold, 2 predicted: 4/5. b: 1 hit, 2 gold, 3 predicted: 2/5. c: 0.
TEST(MacroF1Test, IsTheMeanOfTheClasses) {
  EXPECT_THAT(MacroF1({"a", "a", "a", "b", "b", "c"}, {"a", "a", "b", "b", "c", "b"}),
              Optional(DoubleEq((0.8 + 0.4 + 0.0) / 3)));
}

TEST(MacroF1Test, AStrayPredictedLabelAddsNoClass) {
  EXPECT_THAT(MacroF1({"a", "a", "b", "b"}, {"a", "stray", "b", "b"}),
              Optional(DoubleEq((2.0 / 3 + 1.0) / 2)));
}

TEST(MacroF1Test, AnUnusedDictionaryEntryAddsNoClass) {
  const Rows rows = {.examples = {{"label", CodedTextColumn({"a"}, {"a", "unused"})}},
                     .outputs = {{"label", CodedTextColumn({"a"})}}};
  const auto evaluator = Make("ground_truth_match:macro_f1");
  const std::unique_ptr<CorpusState> state = evaluator->NewCorpusState();
  state->Add(rows.Batch(), Range(0, 1));
  EXPECT_THAT(state->Values(), ElementsAre(1.0));
}

TEST(MacroF1Test, SkipsRowsWithoutALabelOnEitherSide) {
  EXPECT_THAT(MacroF1({"a", std::nullopt, "a"}, {"a", "a", std::nullopt}), Optional(DoubleEq(1.0)));
}

TEST(MacroF1Test, IsAbsentWithoutRows) { EXPECT_EQ(MacroF1({}, {}), std::nullopt); }

TEST(GroundTruthMatchTest, ListsRowMetricsBeforeCorpusMetrics) {
  const auto evaluator = Make("ground_truth_match:macro_f1,normalized,accuracy");
  std::vector<std::string> ids;
  for (const MetricDescriptor& metric : evaluator->metrics()) {
    ids.push_back(metric.id);
  }
  EXPECT_THAT(ids, ElementsAre("accuracy", "normalized_match", "macro_f1"));
}

TEST(GroundTruthMatchTest, HasNoCorpusStateWithoutCorpusMetrics) {
  EXPECT_EQ(Make("ground_truth_match:accuracy")->NewCorpusState(), nullptr);
}

TEST(GroundTruthMatchTest, RefusesLogitsWithoutLabelOrder) {
  const Rows rows = {.examples = {{"label", TextColumn({"a"})}},
                     .outputs = {{"logits", DoubleVectorColumn(2, {0.1, 0.9})}}};
  const absl::Status status = Make("ground_truth_match")->Check(rows.Types());
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(status.message(), HasSubstr("'logits' does not say which label"));
}

TEST(GroundTruthMatchTest, NamesAMissingExampleLabel) {
  const Rows rows = {.examples = {}, .outputs = {{"label", TextColumn({"a"})}}};
  EXPECT_EQ(Make("ground_truth_match")->Check(rows.Types()).message(),
            "example column 'label': missing");
}

TEST(GroundTruthMatchTest, NamesAWrongType) {
  const Rows rows = {.examples = {{"label", TextColumn({"1"})}},
                     .outputs = {{"label", DoubleColumn({1.0})}}};
  EXPECT_EQ(Make("ground_truth_match")->Check(rows.Types()).message(),
            "output column 'label': is float64, must be text");
}

TEST(GroundTruthMatchTest, PointsToTheMetricsForText) {
  const Rows rows = {.examples = {{"label", TextColumn({"1"})}},
                     .outputs = {{"text", TextColumn({"1"})}}};
  EXPECT_THAT(Make("ground_truth_match:accuracy")->Check(rows.Types()).message(),
              HasSubstr("ground_truth_match:exact_match,normalized_match"));
}

TEST(GroundTruthMatchTest, AcceptsReferencesAlone) {
  const Rows rows = {.examples = {{"references", TextListColumn({{{"a"}}})}},
                     .outputs = {{"text", TextColumn({"a"})}}};
  EXPECT_TRUE(Make("ground_truth_match:exact")->Check(rows.Types()).ok());
}

}  // namespace
}  // namespace assay
