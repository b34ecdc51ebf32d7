#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <vector>

#include "absl/strings/str_format.h"
#include "evaluators/compare/gate.h"
#include "evaluators/statistics/interval.h"
#include "tests/unit/evaluators/compare/paired_data.h"

namespace assay {
namespace {

using testing::DoubleNear;
using testing::HasSubstr;
using testing::Optional;
using testing::StartsWith;

GateResult JudgeOne(const Gate& gate, const GateInputs& inputs, const Policy& rest = {}) {
  Policy policy = rest;
  policy.gates = {gate};
  const absl::StatusOr<std::vector<GateResult>> results = JudgeGates(policy, inputs, Serial);
  EXPECT_TRUE(results.ok()) << results.status();
  return results.ok() ? results->at(0) : GateResult();
}

GateResult JudgeOne(const Gate& gate, const PairedScores& scores, const Policy& rest = {}) {
  return JudgeOne(gate, {.scores = {&scores, 1}, .cohorts = {}, .draws = {}, .refusals = {}}, rest);
}

std::string Complaint(const Gate& gate, const PairedScores& scores) {
  Policy policy;
  policy.gates = {gate};
  return std::string(
      JudgeGates(policy, {.scores = {&scores, 1}, .cohorts = {}, .draws = {}, .refusals = {}},
                 Serial)
          .status()
          .message());
}

PairedData Latencies() {
  PairedData data("latency_us", MetricKind::kMean, Direction::kLower);
  data.metric().highest = std::numeric_limits<double>::infinity();
  return data;
}

// The margin has the unit of the scores, whatever their spread: judging in other units changes
// nothing.
TEST(GateLimitTest, TheMarginIsOnTheScaleOfTheScores) {
  for (const double unit : {1.0, 1e-3, 1e6}) {
    PairedData data = Latencies();
    for (int row = 0; row < 400; ++row) {
      data.Add(1, 100 * unit, (101 + row % 3) * unit);
    }
    const PairedScores scores = data.Scores();
    const Gate wide{.metric = "latency_us", .limit = 2.5 * unit, .kind = LimitKind::kMaxIncrease};
    EXPECT_EQ(JudgeOne(wide, scores).verdict, Verdict::kPass) << unit;
    const Gate narrow{.metric = "latency_us", .limit = 1.5 * unit, .kind = LimitKind::kMaxIncrease};
    EXPECT_EQ(JudgeOne(narrow, scores).verdict, Verdict::kRegressed) << unit;
  }
}

TEST(GateLimitTest, ARelativeDropIsAShareOfTheBaselinesValue) {
  // 0.8 before, 0.78 after: 2.5 % less.
  PairedData data("accuracy", MetricKind::kBinaryMean);
  data.Add(7'700, 1, 1).Add(300, 1, 0).Add(100, 0, 1).Add(1'900, 0, 0);
  const Gate within{.metric = "accuracy", .limit = 0.04, .kind = LimitKind::kMaxRelativeDrop};
  const GateResult passed = JudgeOne(within, data.Scores());
  EXPECT_EQ(passed.verdict, Verdict::kPass);
  EXPECT_THAT(passed.margin, Optional(DoubleNear(0.032, 1e-12)));
  EXPECT_THAT(passed.delta, Optional(DoubleNear(-0.02, 1e-12)));
  EXPECT_THAT(passed.baseline, Optional(DoubleNear(0.8, 1e-12)));
  EXPECT_LT(*passed.lower, *passed.delta);
  EXPECT_GT(*passed.upper, *passed.delta);
  EXPECT_THAT(passed.reason, HasSubstr("4 % of the baseline"));
  Gate beyond = within;
  beyond.limit = 0.01;
  EXPECT_EQ(JudgeOne(beyond, data.Scores()).verdict, Verdict::kRegressed);
}

// The bounds of a relative limit are those of candidate - (1 + limit) baseline, so that the
// uncertainty of the baseline counts too.
TEST(GateLimitTest, ARelativeIncreaseKnowsThatTheBaselineIsUncertain) {
  PairedData data = Latencies();
  for (int row = 0; row < 200; ++row) {
    const double before = 100 + 40 * (row % 2);
    data.Add(1, before, before * 1.05);
  }
  Gate gate{.metric = "latency_us", .limit = 0.0501, .kind = LimitKind::kMaxRelativeIncrease};
  EXPECT_EQ(JudgeOne(gate, data.Scores()).verdict, Verdict::kPass);
  gate.limit = 0.0499;
  EXPECT_EQ(JudgeOne(gate, data.Scores()).verdict, Verdict::kRegressed);
}

// Unchanged rows say nothing of how rows may change: the spread of the baseline is no evidence.
TEST(GateLimitTest, UnchangedRowsDoNotPassARelativeLimitEither) {
  const Gate gate{.metric = "accuracy", .limit = 0.01, .kind = LimitKind::kMaxRelativeDrop};
  PairedData few("accuracy", MetricKind::kBinaryMean);
  few.Add(36, 1, 1).Add(4, 0, 0);
  const GateResult open = JudgeOne(gate, few.Scores());
  EXPECT_EQ(open.verdict, Verdict::kInconclusive);
  EXPECT_THAT(open.margin, Optional(DoubleNear(0.009, 1e-12)));
  // 1 - 0.05 ** (1 / 40) = 0.0722; 0.991 ** 332 <= 0.05.
  EXPECT_EQ(
      open.reason,
      "0 of 40 rows got worse, so up to 7.22 % may (exact 95 % bound), more than the margin of "
      "0.009 (1 % of the baseline); about 332 rows would decide");
  PairedData enough("accuracy", MetricKind::kBinaryMean);
  enough.Add(360, 1, 1).Add(40, 0, 0);
  EXPECT_EQ(JudgeOne(gate, enough.Scores()).verdict, Verdict::kPass);

  PairedData scores("score", MetricKind::kMean);
  scores.Add(50, 0.9, 0.9).Add(50, 0.7, 0.7);
  const Gate mean{.metric = "score", .limit = 0.01, .kind = LimitKind::kMaxRelativeDrop};
  EXPECT_EQ(JudgeOne(mean, scores.Scores()).verdict, Verdict::kInconclusive);
}

TEST(GateLimitTest, FewChangedRowsNeedTheExactBoundOfARelativeLimitToo) {
  const Gate gate{.metric = "accuracy", .limit = 0.01, .kind = LimitKind::kMaxRelativeDrop};
  const GateResult open = JudgeOne(gate, Answers(200, 1, 1).Scores());
  EXPECT_EQ(open.verdict, Verdict::kInconclusive);
  EXPECT_EQ(JudgeOne(gate, Answers(1'000, 1, 1).Scores()).verdict, Verdict::kPass);
}

// A relative gate on a metric that is no mean, where no row differs.
TEST(GateLimitTest, DrawsThatAreAllEqualDoNotPassARelativeLimit) {
  CorpusDraws draws;
  draws.metric.id = "macro_f1";
  draws.metric.kind = MetricKind::kCorpus;
  draws.num_rows = 40;
  draws.baseline = 0.9;
  draws.candidate = 0.9;
  draws.differences = {0.009};
  const Gate gate{.metric = "macro_f1", .limit = 0.01, .kind = LimitKind::kMaxRelativeDrop};
  draws.factor = FactorOf(gate);
  const GateInputs inputs{.scores = {}, .cohorts = {}, .draws = {&draws, 1}, .refusals = {}};
  const GateResult open = JudgeOne(gate, inputs);
  EXPECT_EQ(open.verdict, Verdict::kInconclusive);
  EXPECT_THAT(open.lower, Optional(DoubleNear(-0.0722, 0.0001)));
  EXPECT_THAT(open.delta, Optional(0.0));
}

// 200 rows in 50 groups. One row that broke must not bring a PASS that none would not.
TEST(GateLimitTest, FewChangedRowsInGroupsNeedTheExactBoundOfTheGroups) {
  std::vector<std::int32_t> cluster_of;
  for (std::int32_t row = 0; row < 200; ++row) {
    cluster_of.push_back(row / 4);
  }
  for (const std::int64_t num_worse : {0, 1}) {
    const PairedData data = Answers(200, 0, num_worse);
    const PairedScores scores = data.Scores();
    const GateInputs inputs{.scores = {&scores, 1},
                            .cohorts = {},
                            .draws = {},
                            .refusals = {},
                            .cluster_of = cluster_of};
    const GateResult result = JudgeOne({.metric = "accuracy", .limit = 0.05}, inputs);
    EXPECT_EQ(result.verdict, Verdict::kInconclusive) << num_worse;
    EXPECT_EQ(result.num_rows, 200);
    EXPECT_THAT(result.reason, StartsWith(absl::StrFormat(
                                   "%d of 200 rows in 50 groups got worse, so up to %.3g %% "
                                   "may (exact 95 %% bound)",
                                   num_worse, 100 * ClopperPearsonUpper(num_worse, 50, 0.05))));
    EXPECT_EQ(*result.rows_needed % 4, 0);
    const GateResult wide = JudgeOne({.metric = "accuracy", .limit = 0.1}, inputs);
    EXPECT_EQ(wide.verdict, Verdict::kPass) << num_worse;
  }
}

TEST(GateLimitTest, TooFewGroupsAreCalledGroups) {
  std::vector<std::int32_t> cluster_of;
  for (std::int32_t row = 0; row < 400; ++row) {
    cluster_of.push_back(row / 20);
  }
  const PairedData data = Answers(400, 0, 48);
  const PairedScores scores = data.Scores();
  const GateResult result =
      JudgeOne({.metric = "accuracy", .limit = 0.01}, GateInputs{.scores = {&scores, 1},
                                                                 .cohorts = {},
                                                                 .draws = {},
                                                                 .refusals = {},
                                                                 .cluster_of = cluster_of});
  EXPECT_EQ(result.verdict, Verdict::kInconclusive);
  EXPECT_EQ(result.num_rows, 400);
  EXPECT_THAT(result.reason,
              StartsWith("20 groups are fewer than the 30 that a verdict needs; about "));
  EXPECT_THAT(result.reason, testing::EndsWith(" groups would decide"));
}

TEST(GateLimitTest, FlipsAreGatedByTheirExactBound) {
  // 20 of 1,000 broke and 20 were fixed: accuracy is as it was.
  const PairedData data = Answers(1'000, 20, 20);
  const Gate tight{.metric = "accuracy", .limit = 0.01, .kind = LimitKind::kMaxFlips};
  const GateResult regressed = JudgeOne(tight, data.Scores());
  EXPECT_EQ(regressed.verdict, Verdict::kRegressed);
  EXPECT_THAT(regressed.delta, Optional(0.02));
  EXPECT_THAT(regressed.lower, Optional(ClopperPearsonLower(20, 1'000, 0.05)));
  EXPECT_THAT(regressed.upper, Optional(ClopperPearsonUpper(20, 1'000, 0.05)));
  Gate wide = tight;
  wide.limit = 0.03;
  EXPECT_EQ(JudgeOne(wide, data.Scores()).verdict, Verdict::kPass);
  Gate between = tight;
  between.limit = 0.025;
  const GateResult open = JudgeOne(between, data.Scores());
  EXPECT_EQ(open.verdict, Verdict::kInconclusive);
  EXPECT_GT(*open.rows_needed, 1'000);
  // scipy: beta.ppf(0.05, 20, 981) and beta.ppf(0.95, 21, 980)
  EXPECT_THAT(open.reason,
              StartsWith("between 1.329 % of rows and 2.893 % of rows (90 % interval"));
}

// The bounds are Tango's, found by maximising the likelihood and bisection.
TEST(GateLimitTest, AnIntervalThatIsWorseThroughoutIsNamedFromLittleToMuch) {
  EXPECT_THAT(
      JudgeOne({.metric = "accuracy", .limit = 0.04}, Answers(1'000, 20, 60).Scores()).reason,
      StartsWith("between 0.02577 worse and 0.05524 worse (90 % interval, 1000 rows)"));
  EXPECT_THAT(
      JudgeOne({.metric = "accuracy", .limit = 0.01}, Answers(1'000, 40, 41).Scores()).reason,
      StartsWith("between 0.01602 worse and 0.014 better (90 % interval, 1000 rows)"));
}

TEST(GateLimitTest, FlipsOfAveragedAnswersGoByTheMajorityAndATieIsNone) {
  PairedData data("accuracy", MetricKind::kMean);
  data.Add(100, 2.0 / 3, 1.0 / 3).Add(100, 0.5, 0).Add(100, 1, 0.5).Add(700, 1, 2.0 / 3);
  PairedScores scores = data.Scores();
  scores.is_averaged = true;
  const Gate gate{.metric = "accuracy", .limit = 0.2, .kind = LimitKind::kMaxFlips};
  const GateResult result = JudgeOne(gate, scores);
  EXPECT_THAT(result.delta, Optional(0.1));
  EXPECT_EQ(result.num_rows, 1'000);
}

TEST(GateLimitTest, ChangedAnswersAreGatedThoughTheMetricIsEqual) {
  PairedData data(std::string(kBehaviorMetric), MetricKind::kBinaryMean, Direction::kLower);
  data.Add(50, 0, 1).Add(950, 0, 0);
  const Gate gate{
      .metric = std::string(kBehaviorMetric), .limit = 0.02, .kind = LimitKind::kMaxChanged};
  const GateResult result = JudgeOne(gate, data.Scores());
  EXPECT_EQ(result.verdict, Verdict::kRegressed);
  EXPECT_THAT(result.candidate, Optional(0.05));
  EXPECT_THAT(result.reason, HasSubstr("% of rows"));
}

// A metric that is no mean: bounds are percentiles of the draws.
TEST(GateLimitTest, DrawsDecideAMetricThatIsNoMean) {
  CorpusDraws draws;
  draws.metric.id = "macro_f1";
  draws.metric.kind = MetricKind::kCorpus;
  draws.num_rows = 500;
  draws.baseline = 0.9;
  draws.candidate = 0.88;
  for (int i = 0; i <= 1'000; ++i) {
    draws.differences.push_back(-0.03 + 0.00002 * i);
  }
  const GateInputs inputs{.scores = {}, .cohorts = {}, .draws = {&draws, 1}, .refusals = {}};
  const Gate wide{.metric = "macro_f1", .limit = 0.03};
  const GateResult passed = JudgeOne(wide, inputs);
  EXPECT_EQ(passed.verdict, Verdict::kPass);
  EXPECT_THAT(passed.lower, Optional(DoubleNear(-0.029, 1e-12)));
  EXPECT_THAT(passed.upper, Optional(DoubleNear(-0.011, 1e-12)));
  const Gate tight{.metric = "macro_f1", .limit = 0.01};
  const GateResult regressed = JudgeOne(tight, inputs);
  EXPECT_EQ(regressed.verdict, Verdict::kRegressed);
  EXPECT_GT(*regressed.p, 0);
  const Gate between{.metric = "macro_f1", .limit = 0.02};
  EXPECT_EQ(JudgeOne(between, inputs).verdict, Verdict::kInconclusive);
}

TEST(GateLimitTest, AGateMayHaveAlphaAndRowsOfItsOwn) {
  const PairedData data = Answers(1'000, 14, 34);
  Gate gate{.metric = "accuracy", .limit = 0.006};
  EXPECT_EQ(JudgeOne(gate, data.Scores()).verdict, Verdict::kRegressed);
  gate.alpha = 0.0001;
  EXPECT_EQ(JudgeOne(gate, data.Scores()).verdict, Verdict::kInconclusive);
  gate.alpha = std::nullopt;
  gate.min_rows = 1'001;
  EXPECT_THAT(JudgeOne(gate, data.Scores()).reason, HasSubstr("fewer than the 1001"));
}

TEST(GateLimitTest, WithoutCorrectionEveryGateStandsAlone) {
  const PairedData data = Answers(1'000, 10, 24);
  const PairedScores scores = data.Scores();
  Policy policy;
  policy.correction = Correction::kNone;
  policy.gates.assign(20, {.metric = "accuracy", .limit = 0.5});
  policy.gates[0].limit = 0;
  const auto results = JudgeGates(
      policy, {.scores = {&scores, 1}, .cohorts = {}, .draws = {}, .refusals = {}}, Serial);
  ASSERT_TRUE(results.ok());
  EXPECT_EQ(results->at(0).verdict, Verdict::kRegressed);
  EXPECT_EQ(results->at(0).p_adjusted, results->at(0).p);
}

TEST(GateLimitTest, ARefusedGateIsNotJudged) {
  const std::string refusals[] = {"other machine"};
  const GateResult result =
      JudgeOne({.metric = "latency_us", .limit = 1, .kind = LimitKind::kMaxIncrease},
               GateInputs{.scores = {}, .cohorts = {}, .draws = {}, .refusals = refusals});
  EXPECT_EQ(result.verdict, Verdict::kRefused);
  EXPECT_EQ(result.reason, "other machine");
}

TEST(GateLimitErrorTest, LimitsThatDoNotGoWithTheMetricAreNamed) {
  const PairedData accuracy = Answers(100, 0, 0);
  const PairedData latency = Latencies().Add(100, 1, 1);
  PairedData cosine("cosine", MetricKind::kMean);
  cosine.metric().lowest = -1;
  cosine.Add(100, 0.5, 0.5);
  const auto gate = [](const char* metric, LimitKind kind, double limit = 0.1) {
    return Gate{.metric = metric, .limit = limit, .kind = kind};
  };
  EXPECT_THAT(Complaint(gate("accuracy", LimitKind::kMaxIncrease), accuracy.Scores()),
              HasSubstr("gates[0].max_increase: 'accuracy' gets worse when it falls"));
  EXPECT_THAT(Complaint(gate("accuracy", LimitKind::kMaxRelativeIncrease), accuracy.Scores()),
              HasSubstr("use max_relative_drop"));
  EXPECT_THAT(Complaint(gate("accuracy", LimitKind::kMaxChanged), accuracy.Scores()),
              HasSubstr("behaviour"));
  EXPECT_THAT(Complaint(gate("accuracy", LimitKind::kMaxFlips, 1.1), accuracy.Scores()),
              HasSubstr("at most 1"));
  EXPECT_THAT(Complaint(gate("accuracy", LimitKind::kMaxRelativeDrop, 1), accuracy.Scores()),
              HasSubstr("below 1"));
  EXPECT_THAT(Complaint(gate("latency_us", LimitKind::kMaxDrop), latency.Scores()),
              HasSubstr("use max_increase"));
  EXPECT_THAT(Complaint(gate("latency_us", LimitKind::kMaxRelativeDrop), latency.Scores()),
              HasSubstr("use max_relative_increase"));
  EXPECT_THAT(Complaint(gate("latency_us", LimitKind::kMaxFlips), latency.Scores()),
              HasSubstr("no right and wrong rows"));
  // Percent where a share is meant.
  EXPECT_THAT(Complaint(gate("accuracy", LimitKind::kMaxDrop, 2), accuracy.Scores()),
              HasSubstr("'accuracy' lies between 0 and 1, so nothing could break a limit of 2"));
  EXPECT_THAT(Complaint(gate("cosine", LimitKind::kMaxRelativeDrop), cosine.Scores()),
              HasSubstr("may be negative"));
}

TEST(OverallVerdictTest, BudgetsCountBeforeGates) {
  GateResult gate;
  gate.verdict = Verdict::kPass;
  BudgetResult budget;
  budget.verdict = Verdict::kRefused;
  EXPECT_EQ(OverallVerdict({&gate, 1}, {&budget, 1}), Verdict::kRefused);
  budget.verdict = Verdict::kRegressed;
  EXPECT_EQ(OverallVerdict({&gate, 1}, {&budget, 1}), Verdict::kRegressed);
  budget.verdict = Verdict::kPass;
  gate.verdict = Verdict::kInconclusive;
  EXPECT_EQ(OverallVerdict({&gate, 1}, {&budget, 1}), Verdict::kInconclusive);
  EXPECT_EQ(OverallVerdict({}, {&budget, 1}), Verdict::kPass);
}

}  // namespace
}  // namespace assay
