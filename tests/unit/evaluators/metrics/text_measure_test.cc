#include "evaluators/metrics/text_measure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "evaluators/registry.h"
#include "tests/unit/evaluators/column_makers.h"

namespace assay {
namespace {

using ::testing::DoubleEq;
using ::testing::HasSubstr;
using ::testing::Optional;

// The score of one answer; `option` is `METRIC` or `METRIC,SETTING...`.
std::optional<double> ScoreOf(const std::string& option, const std::string& answer,
                              const std::vector<std::string>& references) {
  const Rows rows = {.examples = {{"references", TextListColumn({references})}},
                     .outputs = {{"text", TextColumn({answer})}}};
  const auto evaluator = MakeEvaluator("ground_truth_match:" + option);
  EXPECT_TRUE(evaluator.ok()) << evaluator.status().ToString();
  return rows.Score(**evaluator).begin()->second.at(0);
}

std::string ErrorOf(const std::string& options) {
  const auto evaluator = MakeEvaluator("ground_truth_match:" + options);
  return evaluator.ok() ? "" : std::string(evaluator.status().message());
}

TEST(ContainsTest, FindsAReferenceInTheAnswer) {
  EXPECT_THAT(ScoreOf("contains", "it is Paris.", {"Rome", "Paris"}), Optional(1.0));
  EXPECT_THAT(ScoreOf("contains", "it is paris.", {"Rome", "Paris"}), Optional(0.0));
}

TEST(RegexMatchTest, TakesReferencesAsPatterns) {
  EXPECT_THAT(ScoreOf("regex_match", "call 555-1234", {R"(\d{3}-\d{4}$)"}), Optional(1.0));
  EXPECT_THAT(ScoreOf("regex_match", "call me", {R"(\d{3}-\d{4}$)"}), Optional(0.0));
}

TEST(RegexMatchTest, AReferenceThatIsNoPatternDoesNotCount) {
  EXPECT_EQ(ScoreOf("regex_match", "(", {"("}), std::nullopt);
  EXPECT_THAT(ScoreOf("regex_match", "b", {"(", "b"}), Optional(1.0));
}

TEST(RegexMatchTest, TakesOnePatternForAllRows) {
  EXPECT_THAT(ScoreOf("regex_match,pattern=^[a-c]{1\\,2}$", "ab", {}), Optional(1.0));
  EXPECT_THAT(ScoreOf("regex_match,pattern=^[a-c]{1\\,2}$", "abc", {}), Optional(0.0));
  EXPECT_THAT(ErrorOf("regex_match,pattern=("), HasSubstr("missing )"));
}

TEST(NumericMatchTest, ComparesNumbersNotTexts) {
  EXPECT_THAT(ScoreOf("numeric_match", " 1.50\n", {"15e-1"}), Optional(1.0));
  EXPECT_THAT(ScoreOf("numeric_match", "+2", {"2"}), Optional(1.0));
  EXPECT_THAT(ScoreOf("numeric_match", "2.0000001", {"2"}), Optional(0.0));
}

TEST(NumericMatchTest, ToleratesWhatItIsTold) {
  EXPECT_THAT(ScoreOf("numeric_match,atol=0.5", "2.5", {"2"}), Optional(1.0));
  EXPECT_THAT(ScoreOf("numeric_match,atol=0.5", "2.6", {"2"}), Optional(0.0));
  EXPECT_THAT(ScoreOf("numeric_match,rtol=0.1", "110", {"100"}), Optional(1.0));
  EXPECT_THAT(ScoreOf("numeric_match,rtol=0.1", "100", {"-100"}), Optional(0.0));
}

// Rows `score "abc"` and `score nan` of the corner cases: never a number by accident.
TEST(NumericMatchTest, AnAnswerThatIsNoNumberIsWrong) {
  for (const std::string answer : {"abc", "", "nan", "1,000", "2 apples", "0x10", "1e999"}) {
    EXPECT_THAT(ScoreOf("numeric_match,atol=1e9", answer, {"16"}), Optional(0.0)) << answer;
  }
  EXPECT_EQ(ScoreOf("numeric_match", "16", {"sixteen"}), std::nullopt);
}

TEST(NumericMatchTest, InfinityEqualsOnlyItself) {
  EXPECT_THAT(ScoreOf("numeric_match,rtol=1", "inf", {"inf"}), Optional(1.0));
  EXPECT_THAT(ScoreOf("numeric_match,rtol=1", "5", {"inf"}), Optional(0.0));
}

TEST(JsonMatchTest, ComparesValues) {
  EXPECT_THAT(
      ScoreOf("json_match", R"({"b": [1, 2.0], "a": "\u00e9"})", {R"({"a":"é","b":[1.0,2]})"}),
      Optional(1.0));
  EXPECT_THAT(ScoreOf("json_match", "[1, 2]", {"[2, 1]"}), Optional(0.0));
  EXPECT_THAT(ScoreOf("json_match", "[1]", {"[1, 2]"}), Optional(0.0));
  EXPECT_THAT(ScoreOf("json_match", R"({"a": 1})", {R"({"a": 1, "b": null})"}), Optional(0.0));
  EXPECT_THAT(ScoreOf("json_match", "0", {"false"}), Optional(0.0));
  EXPECT_THAT(ScoreOf("json_match", "null", {"null"}), Optional(1.0));
}

TEST(JsonMatchTest, LargeIntegersAreNotRounded) {
  EXPECT_THAT(ScoreOf("json_match", "9007199254740993", {"9007199254740992"}), Optional(0.0));
  EXPECT_THAT(ScoreOf("json_match", "9007199254740993", {"9007199254740992.0"}), Optional(0.0));
  EXPECT_THAT(ScoreOf("json_match", "18446744073709551615", {"18446744073709551615"}),
              Optional(1.0));
}

TEST(JsonMatchTest, AnAnswerThatIsNoJsonIsWrong) {
  EXPECT_THAT(ScoreOf("json_match", "{", {"{}"}), Optional(0.0));
  EXPECT_THAT(ScoreOf("json_match", R"({"a": 1, "a": 1})", {R"({"a": 1})"}), Optional(0.0));
  EXPECT_EQ(ScoreOf("json_match", "{}", {"{"}), std::nullopt);
}

TEST(LevenshteinRatioTest, CountsCodePoints) {
  EXPECT_THAT(ScoreOf("levenshtein_ratio", "kitten", {"sitting"}),
              Optional(DoubleEq(1.0 - 3.0 / 7)));
  EXPECT_THAT(ScoreOf("levenshtein_ratio", "é", {"e"}), Optional(0.0));
  EXPECT_THAT(ScoreOf("levenshtein_ratio", "日本語", {"日本"}), Optional(DoubleEq(2.0 / 3)));
}

TEST(LevenshteinRatioTest, OfTwoEmptyTextsIsOne) {
  EXPECT_THAT(ScoreOf("levenshtein_ratio", "", {""}), Optional(1.0));
  EXPECT_THAT(ScoreOf("levenshtein_ratio", "", {"a"}), Optional(0.0));
}

// Row "SQuAD match": token F1 of two empty strings is 1 as in version 2, 0 in version 1.
TEST(SquadF1Test, OfTwoEmptyAnswersIsOne) {
  EXPECT_THAT(ScoreOf("squad_f1", "the", {"a"}), Optional(1.0));
}

TEST(SquadF1Test, AnEmptyListOfReferencesAcceptsOnlyTheEmptyAnswer) {
  EXPECT_THAT(ScoreOf("squad_f1", "", {}), Optional(1.0));
  EXPECT_THAT(ScoreOf("squad_exact_match", "Paris", {}), Optional(0.0));
}

// Row "SQuAD match": punctuation goes before articles; marks beyond ASCII stay.
TEST(SquadExactMatchTest, CutsPunctuationBeforeArticles) {
  EXPECT_THAT(ScoreOf("squad_exact_match", "th.e cat", {"cat"}), Optional(1.0));
  EXPECT_THAT(ScoreOf("squad_exact_match", "“cat”", {"cat"}), Optional(0.0));
}

TEST(NormalizedMatchStepsTest, DoesOnlyTheNamedSteps) {
  EXPECT_THAT(ScoreOf("normalized_match,steps=lower", " YES", {" yes"}), Optional(1.0));
  EXPECT_THAT(ScoreOf("normalized_match,steps=lower", " YES", {"yes"}), Optional(0.0));
  EXPECT_THAT(ScoreOf("normalized_match,steps=punctuation+articles+trim", "the yes!", {"yes"}),
              Optional(1.0));
  EXPECT_THAT(ErrorOf("normalized_match,steps=stem"), HasSubstr("'stem' is no step"));
}

}  // namespace
}  // namespace assay
