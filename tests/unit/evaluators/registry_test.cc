#include "evaluators/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "evaluators/metrics/embedding_change.h"
#include "tests/unit/evaluators/column_makers.h"

namespace assay {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string SpecOf(const std::string& spec) {
  const absl::StatusOr<std::unique_ptr<const Evaluator>> evaluator = MakeEvaluator(spec);
  return evaluator.ok() ? (*evaluator)->spec() : std::string(evaluator.status().message());
}

Rows LabelRows() {
  return {.examples = {{"label", TextColumn({"a"})}}, .outputs = {{"label", TextColumn({"a"})}}};
}

Rows TextRows() {
  return {.examples = {{"label", TextColumn({"a"})}}, .outputs = {{"text", TextColumn({"a"})}}};
}

struct CanonicalCase {
  std::string given;
  std::string canonical;
};

class CanonicalSpecTest : public testing::TestWithParam<CanonicalCase> {};

TEST_P(CanonicalSpecTest, ListsItsOptionsInOrder) {
  EXPECT_EQ(SpecOf(GetParam().given), GetParam().canonical);
}

TEST_P(CanonicalSpecTest, IsItsOwnCanonicalForm) {
  EXPECT_EQ(SpecOf(GetParam().canonical), GetParam().canonical);
}

INSTANTIATE_TEST_SUITE_P(
    Specs, CanonicalSpecTest,
    testing::Values(
        CanonicalCase{"ground_truth_match", "ground_truth_match:accuracy,macro_f1"},
        CanonicalCase{"norm=ground_truth_match:normalized,exact,normalized_match",
                      "norm=ground_truth_match:exact_match,normalized_match"},
        CanonicalCase{"ground_truth_match:mcc,bins=10,ece,labels=a\\,b|c\\|d",
                      "ground_truth_match:mcc,ece,labels=a\\,b|c\\|d,bins=10"},
        CanonicalCase{"ground_truth_match:per_class,f1[a],labels=b|a",
                      "ground_truth_match:per_class,labels=b|a"},
        CanonicalCase{"ground_truth_match:auc,labels=no|yes",
                      "ground_truth_match:auc,labels=no|yes,positive=yes"},
        CanonicalCase{"ground_truth_match:steps=trim+lower+whitespace,normalized",
                      "ground_truth_match:normalized_match"},
        CanonicalCase{"ground_truth_match:accuracy@3,rtol=1e-3,numeric_match,labels=a|b|c",
                      "ground_truth_match:accuracy@3,numeric_match,labels=a|b|c,"
                      "rtol=0.001"},
        CanonicalCase{"ranking", "ranking:nDCG@10,nDCG,AP,RR,R@10,R@100,P@10"},
        CanonicalCase{"ranking:R@100,P(rel=2)@5,P@5,R@10,nDCG,P@5(rel=1),nDCG@10,AP@3,AP",
                      "ranking:nDCG@10,nDCG,AP@3,AP,R@10,R@100,P@5,P@5(rel=2)"},
        CanonicalCase{"ranking:Judged@10,Rprec,Success@1,RR(rel=3)",
                      "ranking:RR(rel=3),Success@1,Rprec,Judged@10"},
        CanonicalCase{"embedding_similarity", "embedding_similarity:cosine,l2,norm_ratio"},
        CanonicalCase{"latency", "latency:latency_us"}, CanonicalCase{"cost", "cost:cost"},
        CanonicalCase{"score:b:higher,a:lower", "score:a:lower,b"}));

TEST(MakeEvaluatorTest, AnInstanceLeadsTheMetricIds) {
  const auto evaluator = MakeEvaluator("deep=ranking:R@1000");
  ASSERT_TRUE(evaluator.ok());
  EXPECT_EQ((*evaluator)->metrics()[0].id, "deep/R@1000");
}

TEST(MakeEvaluatorTest, NamesAnUnknownEvaluatorAndThoseThereAre) {
  EXPECT_EQ(SpecOf("rankng:AP"),
            "unknown evaluator 'rankng'; there are ground_truth_match, ranking, "
            "embedding_similarity, latency, cost, score, embedding_norm");
}

TEST(MakeEvaluatorTest, NamesAnUnknownMetricAndThoseThereAre) {
  EXPECT_THAT(SpecOf("ground_truth_match:f2"),
              HasSubstr("ground_truth_match: unknown metric 'f2'; there are accuracy, accuracy@k, "
                        "exact_match, normalized_match,"));
}

TEST(MakeEvaluatorTest, RefusesMalformedSpecifications) {
  EXPECT_THAT(SpecOf(""), HasSubstr("name missing"));
  EXPECT_THAT(SpecOf("x="), HasSubstr("name missing"));
  EXPECT_THAT(SpecOf("=ranking"), HasSubstr("an instance name is made of"));
  EXPECT_THAT(SpecOf("a/b=ranking"), HasSubstr("an instance name is made of"));
  EXPECT_THAT(SpecOf("ranking:"), HasSubstr("empty option"));
  EXPECT_THAT(SpecOf("ranking:AP,,RR"), HasSubstr("empty option"));
}

TEST(MakeEvaluatorsTest, RefusesTheSameMetricTwice) {
  const auto evaluators = MakeEvaluators({"ranking:AP,RR", "ranking:AP"});
  EXPECT_EQ(evaluators.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(evaluators.status().message(),
            "metric 'AP' comes from both 'ranking:AP,RR' and 'ranking:AP'; give one an instance, "
            "as in 'mine=ranking:AP'");
}

TEST(MakeEvaluatorsTest, AnInstanceSettlesAClash) {
  EXPECT_TRUE(MakeEvaluators({"ranking:AP", "again=ranking:AP"}).ok());
}

TEST(DefaultEvaluatorsTest, MatchesLabels) {
  const Rows rows = LabelRows();
  EXPECT_THAT(DefaultEvaluators(rows.Types()), ElementsAre("ground_truth_match:accuracy,macro_f1"));
}

TEST(DefaultEvaluatorsTest, MatchesTexts) {
  const Rows rows = TextRows();
  EXPECT_THAT(DefaultEvaluators(rows.Types()),
              ElementsAre("ground_truth_match:exact_match,normalized_match"));
}

TEST(DefaultEvaluatorsTest, TakesAllThatFitInAFixedOrder) {
  const Rows rows = {.examples = {{"relevance", RelevanceColumn({{{{"a", 1}}}})},
                                  {"reference_embedding", FloatVectorColumn(1, {1})}},
                     .outputs = {{"ranking", RankingColumn({{{{"a", 1.0}}}})},
                                 {"embedding", DoubleVectorColumn(1, {1})},
                                 {"cost", DoubleColumn({1.0})},
                                 {"latency_us", DoubleColumn({1.0})},
                                 {"score.b", DoubleColumn({1.0})},
                                 {"score.a", DoubleColumn({1.0})}}};
  EXPECT_THAT(DefaultEvaluators(rows.Types()),
              ElementsAre("ranking:nDCG@10,nDCG,AP,RR,R@10,R@100,P@10",
                          "embedding_similarity:cosine,l2,norm_ratio", "latency:latency_us",
                          "cost:cost", "score:a,b"));
}

TEST(DefaultEvaluatorsTest, TakesTheNormOfEmbeddingsThatNoReferenceJudges) {
  Rows rows = {.examples = {{"input", TextColumn({"a"})}},
               .outputs = {{"embedding", DoubleVectorColumn(2, {3, 4})}}};
  EXPECT_THAT(DefaultEvaluators(rows.Types()), ElementsAre("embedding_norm:embedding_norm"));
  rows.examples.emplace("reference_embedding", FloatVectorColumn(1, {1}));  // of another model
  EXPECT_THAT(DefaultEvaluators(rows.Types()), ElementsAre("embedding_norm:embedding_norm"));
  rows.outputs.emplace("cost", DoubleColumn({1.0}));
  EXPECT_THAT(DefaultEvaluators(rows.Types()), ElementsAre("cost:cost"));
}

TEST(DefaultEvaluatorsTest, LeavesOutScoresThatASpecificationCannotName) {
  const Rows rows = {.examples = {},
                     .outputs = {{"score.a,b", DoubleColumn({1.0})},
                                 {"score.c:d", DoubleColumn({1.0})},
                                 {"score.text", TextColumn({"1"})}}};
  EXPECT_THAT(DefaultEvaluators(rows.Types()), IsEmpty());
}

TEST(DefaultEvaluatorsTest, AreEmptyWhenNothingFits) {
  const Rows rows = {.examples = {{"label", TextColumn({"a"})}},
                     .outputs = {{"logits", DoubleVectorColumn(1, {1})}}};
  EXPECT_THAT(DefaultEvaluators(rows.Types()), IsEmpty());
}

TEST(DefaultEvaluatorsTest, PassTheirOwnCheck) {
  for (const Rows& rows : {LabelRows(), TextRows()}) {
    for (const std::string& spec : DefaultEvaluators(rows.Types())) {
      EXPECT_TRUE((*MakeEvaluator(spec))->Check(rows.Types()).ok()) << spec;
    }
  }
}

TEST(CompleteSpecTest, ChoosesTheMetricsByTheColumns) {
  const Rows labels = LabelRows();
  const Rows texts = TextRows();
  EXPECT_EQ(*CompleteSpec("g=ground_truth_match", labels.Types()),
            "g=ground_truth_match:accuracy,macro_f1");
  EXPECT_EQ(*CompleteSpec("g=ground_truth_match", texts.Types()),
            "g=ground_truth_match:exact_match,normalized_match");
}

TEST(CompleteSpecTest, KeepsOptionsThatAreGiven) {
  const Rows texts = TextRows();
  EXPECT_EQ(*CompleteSpec("ground_truth_match:exact", texts.Types()),
            "ground_truth_match:exact_match");
}

TEST(CompleteSpecTest, TakesEveryOutsideScore) {
  const Rows rows = {.examples = {}, .outputs = {{"score.x", DoubleColumn({1.0})}}};
  EXPECT_EQ(*CompleteSpec("score", rows.Types()), "score:x");
}

void ExpectDescribedInFull(const MetricDescriptor& metric) {
  EXPECT_THAT(metric.definition_id, testing::MatchesRegex("[a-z0-9_]+/.+/[0-9]+")) << metric.id;
  EXPECT_LT(metric.lowest, metric.highest) << metric.id;
  EXPECT_NE(metric.formula, "") << metric.id;
  EXPECT_NE(metric.undefined, "") << metric.id;
  EXPECT_NE(metric.source, "") << metric.id;
}

TEST(DescriptorTest, EveryMetricIsDescribedInFull) {
  for (const std::string& name : EvaluatorNames()) {
    const auto evaluator = MakeEvaluator(FullSpec(name));
    ASSERT_TRUE(evaluator.ok()) << evaluator.status().ToString();
    std::ranges::for_each((*evaluator)->metrics(), ExpectDescribedInFull);
  }
  std::ranges::for_each(EmbeddingChangeMetrics(), ExpectDescribedInFull);
}

TEST(DescriptorTest, ARunHasNoMetricThatTheFullListLacks) {
  const Rows rows = {.examples = {{"label", TextColumn({"a"})},
                                  {"reference_embedding", FloatVectorColumn(1, {1})}},
                     .outputs = {{"label", TextColumn({"a"})},
                                 {"text", TextColumn({"a"})},
                                 {"embedding", FloatVectorColumn(1, {1})}}};
  std::set<std::string> listed;
  for (const std::string& name : EvaluatorNames()) {
    const auto evaluator = MakeEvaluator(FullSpec(name));
    for (const MetricDescriptor& metric : (*evaluator)->metrics()) {
      listed.insert(metric.id);
    }
  }
  for (const std::string& spec : DefaultEvaluators(rows.Types())) {
    const auto evaluator = MakeEvaluator(spec);
    for (const MetricDescriptor& metric : (*evaluator)->metrics()) {
      EXPECT_TRUE(listed.contains(metric.id)) << metric.id;
    }
  }
}

}  // namespace
}  // namespace assay
