#include "server/run/verdict_text.h"

#include <gtest/gtest.h>

namespace assay::run {
namespace {

GateResult Judged(Verdict verdict, double delta) {
  GateResult gate;
  gate.gate = {.metric = "accuracy", .cohort = "", .limit = 0.01};
  gate.verdict = verdict;
  gate.delta = delta;
  gate.num_rows = 597;
  return gate;
}

TEST(VerdictSentenceTest, RegressedNamesTheGateThatDecided) {
  store::ComparisonResult result;
  result.verdict = Verdict::kRegressed;
  result.gates = {Judged(Verdict::kPass, 0), Judged(Verdict::kRegressed, -0.0251)};
  result.gates[1].gate.cohort = "ink=heavy";
  EXPECT_EQ(VerdictSentence(result),
            "Regressed: accuracy in ink=heavy fell by 0.0251 on 597 paired examples; at most 0.01 "
            "is allowed.");
}

TEST(VerdictSentenceTest, AdvisoryGatesDoNotSpeak) {
  store::ComparisonResult result;
  result.verdict = Verdict::kRegressed;
  result.gates = {Judged(Verdict::kRegressed, -0.5), Judged(Verdict::kRegressed, -0.02)};
  result.gates[0].gate.tier = Tier::kAdvisory;
  EXPECT_EQ(VerdictSentence(result),
            "Regressed: accuracy fell by 0.02 on 597 paired examples; at most 0.01 is allowed.");
}

TEST(VerdictSentenceTest, InconclusiveSaysHowManyExamplesWouldDecide) {
  store::ComparisonResult result;
  result.verdict = Verdict::kInconclusive;
  result.gates = {Judged(Verdict::kInconclusive, -0.002)};
  result.gates[0].rows_needed = 4100;
  EXPECT_EQ(VerdictSentence(result),
            "Inconclusive: accuracy fell by 0.002 on 597 paired examples; at most 0.01 is allowed, "
            "about 4100 examples would decide.");
}

TEST(VerdictSentenceTest, RefusedNamesTheFields) {
  store::ComparisonResult result;
  result.verdict = Verdict::kRefused;
  result.confounds = {{"dataset", "a", "b"}, {"row_filter", "", "c"}};
  EXPECT_EQ(VerdictSentence(result), "Refused: the runs differ in dataset, row_filter.");
}

TEST(VerdictSentenceTest, AllowedConfoundsAreSaid) {
  store::ComparisonResult result;
  result.verdict = Verdict::kPass;
  result.gates = {Judged(Verdict::kPass, 0)};
  result.fairness = store::Fairness::kConfounded;
  result.confounds = {{"dataset", "a", "b"}};
  EXPECT_EQ(VerdictSentence(result),
            "Passed: accuracy did not change on 597 paired examples; at most 0.01 is allowed "
            "(although the runs differ in dataset).");
}

TEST(VerdictSentenceTest, WithoutGatesTheFirstMetricIsReported) {
  store::ComparisonResult result;
  result.num_paired = 10;
  MetricComparison metric;
  metric.metric.id = "latency_us";
  metric.overall.num_rows = 9;
  metric.overall.delta = 12.5;
  result.metrics = {metric};
  EXPECT_EQ(VerdictSentence(result), "No verdict: latency_us rose by 12.5 on 9 paired examples.");
}

TEST(VerdictSentenceTest, OnePairIsSingular) {
  store::ComparisonResult result;
  result.num_paired = 1;
  EXPECT_EQ(VerdictSentence(result), "No verdict: 1 paired example and no metric in common.");
}

}  // namespace
}  // namespace assay::run
