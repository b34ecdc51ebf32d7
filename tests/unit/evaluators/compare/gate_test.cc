#include "evaluators/compare/gate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "absl/strings/str_format.h"
#include "evaluators/statistics/interval.h"
#include "evaluators/statistics/paired_binary.h"
#include "tests/unit/evaluators/compare/paired_data.h"

namespace assay {
namespace {

using testing::AllOf;
using testing::DoubleNear;
using testing::HasSubstr;
using testing::Optional;

constexpr double kAlpha = 0.05;

Gate MaxDrop(double margin, std::string cohort = "") {
  return {.metric = "accuracy", .cohort = std::move(cohort), .limit = margin};
}

absl::StatusOr<std::vector<GateResult>> JudgeAll(std::vector<Gate> gates,
                                                 std::span<const PairedScores> scores,
                                                 std::span<const CohortColumn> cohorts = {},
                                                 double alpha = kAlpha,
                                                 bool identical_outputs = false) {
  Policy policy;
  policy.gates = std::move(gates);
  policy.alpha = alpha;
  return JudgeGates(policy,
                    {.scores = scores,
                     .cohorts = cohorts,
                     .draws = {},
                     .refusals = {},
                     .identical_outputs = identical_outputs},
                    Serial);
}

// Judges one gate on the metric of `data`.
GateResult Judge(const PairedData& data, double margin, double alpha = kAlpha,
                 std::int64_t min_rows = kDefaultMinRows) {
  Gate gate = MaxDrop(margin);
  const PairedScores scores = data.Scores();
  gate.metric = scores.metric.id;
  gate.kind =
      scores.metric.direction == Direction::kLower ? LimitKind::kMaxIncrease : LimitKind::kMaxDrop;
  gate.min_rows = min_rows;
  absl::StatusOr<std::vector<GateResult>> results = JudgeAll({gate}, {&scores, 1}, {}, alpha);
  EXPECT_TRUE(results.ok()) << results.status();
  return results->at(0);
}

GateResult WithVerdict(Verdict verdict, Tier tier) {
  GateResult result;
  result.verdict = verdict;
  result.gate.tier = tier;
  return result;
}

TEST(GateTest, PassesWhenTheLowerBoundIsWithinTheMargin) {
  const GateResult result = Judge(Answers(10'000, 48, 52), 0.005);
  EXPECT_EQ(result.verdict, Verdict::kPass);
  EXPECT_THAT(result.lower, Optional(DoubleNear(-0.0021, 0.0001)));
  EXPECT_EQ(result.reason,
            "at most 0.002072 worse (95 % bound, 10000 rows), within the margin of 0.005");
  EXPECT_EQ(result.rows_needed, std::nullopt);
}

TEST(GateTest, RegressesWhenTheUpperBoundIsBeyondTheMargin) {
  const GateResult result = Judge(Answers(1'000, 14, 63), 0.01);
  EXPECT_EQ(result.verdict, Verdict::kRegressed);
  EXPECT_LT(*result.upper, -0.01);
  EXPECT_LE(*result.p_adjusted, kAlpha);
  EXPECT_THAT(result.reason, AllOf(HasSubstr("worse"), HasSubstr("beyond the margin of 0.01")));
}

TEST(GateTest, IsInconclusiveWhenTheMarginIsInside) {
  const GateResult result = Judge(Answers(1'000, 20, 30), 0.01);
  EXPECT_EQ(result.verdict, Verdict::kInconclusive);
  EXPECT_THAT(result.reason, AllOf(HasSubstr("90 % interval"), HasSubstr("1000 rows")));
}

// The estimate is beyond the margin, yet nothing is proven.
TEST(GateTest, TheEstimateAloneDecidesNothing) {
  const GateResult result = Judge(Answers(200, 2, 8), 0.01);
  EXPECT_LT(*result.delta, -0.01);
  EXPECT_EQ(result.verdict, Verdict::kInconclusive);
}

TEST(GateTest, TenUnchangedRowsDoNotPass) {
  EXPECT_EQ(Judge(Answers(10, 0, 0), 0.01).verdict, Verdict::kInconclusive);
  EXPECT_EQ(Judge(Answers(10, 0, 0), 0.01, kAlpha, 0).verdict, Verdict::kInconclusive);
}

TEST(GateTest, FewerThanThirtyRowsAreNeverDecided) {
  const GateResult result = Judge(Answers(29, 0, 29), 0.01);
  EXPECT_EQ(result.verdict, Verdict::kInconclusive);
  EXPECT_EQ(result.p_adjusted, std::nullopt);
  EXPECT_EQ(result.reason,
            "29 rows are fewer than the 30 that a verdict needs; about 30 rows would decide");
}

TEST(GateTest, ThirtyRowsMayBeDecided) {
  EXPECT_EQ(Judge(Answers(30, 0, 30), 0.01).verdict, Verdict::kRegressed);
}

// 0 of 270 may hide 1.1 % broken rows although the score bound is 0.99 %.
TEST(GateTest, FewChangedAnswersNeedTheExactBoundToPass) {
  const PairedData data = Answers(270, 0, 0);
  EXPECT_GT(TangoInterval({.num_rows = 270}, kAlpha).lower, -0.01);
  EXPECT_GT(ClopperPearsonUpper(0, 270, kAlpha), 0.01);
  const GateResult result = Judge(data, 0.01);
  EXPECT_EQ(result.verdict, Verdict::kInconclusive);
  EXPECT_THAT(result.rows_needed, Optional(299));
  EXPECT_THAT(result.reason,
              HasSubstr("0 of 270 rows got worse, so up to 1.1 % may (exact 95 % bound)"));
}

TEST(GateTest, FewChangedAnswersPassWithTheExactBound) {
  EXPECT_EQ(Judge(Answers(299, 0, 0), 0.01).verdict, Verdict::kPass);
}

TEST(GateTest, TenChangedAnswersPassByTheScoreBoundAlone) {
  const PairedData data = Answers(1'000, 5, 5);
  EXPECT_GT(ClopperPearsonUpper(5, 1'000, kAlpha), 0.008);
  EXPECT_EQ(Judge(data, 0.008).verdict, Verdict::kPass);
}

TEST(GateTest, ZeroMarginNeedsProofOfNoLoss) {
  EXPECT_EQ(Judge(Answers(1'000, 0, 0), 0).verdict, Verdict::kInconclusive);
  EXPECT_EQ(Judge(Answers(1'000, 0, 0), 0).rows_needed, std::nullopt);
  EXPECT_EQ(Judge(Answers(1'000, 40, 10), 0).verdict, Verdict::kPass);
}

TEST(GateTest, MarginOfOneAlwaysPasses) {
  EXPECT_EQ(Judge(Answers(50, 0, 50), 1).verdict, Verdict::kPass);
}

TEST(GateTest, LowerIsBetterTurnsTheSign) {
  PairedData data("latency_us", MetricKind::kMean, Direction::kLower);
  data.metric().highest = std::numeric_limits<double>::infinity();
  data.Add(50, 100, 130).Add(50, 100, 150);
  const GateResult result = Judge(data, 10);
  EXPECT_EQ(result.verdict, Verdict::kRegressed);
  EXPECT_THAT(result.delta, Optional(40.0));
  EXPECT_GT(*result.lower, 10);
  EXPECT_GT(*result.upper, *result.lower);
  EXPECT_THAT(result.reason, HasSubstr("worse"));
}

TEST(GateTest, ImprovementOfALowerIsBetterMetricPasses) {
  PairedData data("latency_us", MetricKind::kMean, Direction::kLower);
  data.Add(50, 100, 80).Add(50, 100, 90);
  const GateResult result = Judge(data, 0);
  EXPECT_EQ(result.verdict, Verdict::kPass);
  EXPECT_THAT(result.reason, HasSubstr("at least 14.17 better"));
}

TEST(GateTest, MeanGateUsesTheOneSidedTBound) {
  PairedData data("score", MetricKind::kMean);
  for (int row = 0; row < 40; ++row) {
    data.Add(1, 0.5, row % 2 == 0 ? 0.5 : 0.4);
  }
  // Mean -0.05, standard deviation 0.05064, t(39) at 0.95: 1.684875.
  const GateResult result = Judge(data, 0.02);
  EXPECT_THAT(result.lower, Optional(DoubleNear(-0.05 - 1.684875 * 0.0506370 / 6.3245553, 1e-7)));
  EXPECT_EQ(result.verdict, Verdict::kRegressed);
}

TEST(GateTest, UnchangedScoresPassOnlyWithEnoughRows) {
  PairedData few("score", MetricKind::kMean);
  few.Add(100, 0.5, 0.5);
  const GateResult result = Judge(few, 0.01);
  EXPECT_EQ(result.verdict, Verdict::kInconclusive);
  EXPECT_THAT(result.lower, Optional(DoubleNear(-0.02951, 0.00001)));
  EXPECT_THAT(result.rows_needed, Optional(299));
  PairedData enough("score", MetricKind::kMean);
  enough.Add(299, 0.5, 0.5);
  EXPECT_EQ(Judge(enough, 0.01).verdict, Verdict::kPass);
}

TEST(GateTest, EqualDifferencesBeyondTheMarginRegressWithEnoughRows) {
  PairedData data("score", MetricKind::kMean);
  data.Add(30, 0.9, 0.4);
  const GateResult result = Judge(data, 0.01);
  EXPECT_EQ(result.verdict, Verdict::kRegressed);
  EXPECT_LT(*result.lower, *result.delta);
  EXPECT_GT(*result.upper, *result.delta);
}

TEST(GateTest, EqualDifferencesOnFewRowsAreInconclusive) {
  PairedData data("latency_us", MetricKind::kMean, Direction::kLower);
  data.metric().highest = std::numeric_limits<double>::infinity();
  data.Add(4, 100, 105);
  const GateResult result = Judge(data, 1, kAlpha, 0);
  EXPECT_EQ(result.verdict, Verdict::kInconclusive);
  EXPECT_EQ(result.lower, std::nullopt);
  EXPECT_EQ(result.p, std::nullopt);
  EXPECT_THAT(result.reason, HasSubstr("too few rows"));
}

TEST(GateTest, UnchangedCostOfAMetricWithoutRangePasses) {
  PairedData data("cost", MetricKind::kMean, Direction::kLower);
  data.metric().highest = std::numeric_limits<double>::infinity();
  data.Add(50, 0.01, 0.01);
  EXPECT_EQ(Judge(data, 0).verdict, Verdict::kPass);
}

TEST(GateTest, InfiniteScoreIsInconclusive) {
  PairedData data("log_loss", MetricKind::kMean, Direction::kLower);
  data.Add(50, 1, 1).Add(1, 1, std::numeric_limits<double>::infinity());
  const GateResult result = Judge(data, 0.1);
  EXPECT_EQ(result.verdict, Verdict::kInconclusive);
  EXPECT_EQ(result.delta, std::nullopt);
}

TEST(GateTest, NoPairedRowIsInconclusive) {
  const GateResult result = Judge(PairedData("score", MetricKind::kMean), 0.1);
  EXPECT_EQ(result.verdict, Verdict::kInconclusive);
  EXPECT_EQ(result.reason, "no row has a score on both sides");
}

TEST(GateTest, IdenticalOutputsPassAtAnyNumberOfRows) {
  const PairedData data = Answers(3, 0, 0);
  const PairedScores scores = data.Scores();
  const Gate gate = MaxDrop(0);
  const auto results = JudgeAll({gate}, {&scores, 1}, {}, kAlpha, true);
  ASSERT_TRUE(results.ok());
  EXPECT_EQ(results->at(0).verdict, Verdict::kPass);
  EXPECT_EQ(results->at(0).reason, "identical outputs");
  EXPECT_EQ(results->at(0).p_adjusted, std::nullopt);
}

TEST(GateTest, JudgesACohortOnItsOwnRows) {
  PairedData data("accuracy", MetricKind::kBinaryMean);
  data.Add(1'000, 1, 1).Add(40, 1, 0).Add(60, 1, 1);
  CohortColumn cohort{.name = "domain", .values = {"a=b", "oos"}, .value_of = {}};
  cohort.value_of.assign(1'000, 0);
  cohort.value_of.resize(1'100, 1);
  const PairedScores scores = data.Scores();
  const std::vector<Gate> gates = {MaxDrop(0.01, "domain=oos"), MaxDrop(0.01, "domain=a=b"),
                                   MaxDrop(0.10)};
  const auto results = JudgeAll(gates, {&scores, 1}, {&cohort, 1});
  ASSERT_TRUE(results.ok());
  EXPECT_EQ(results->at(0).verdict, Verdict::kRegressed);
  EXPECT_EQ(results->at(0).num_rows, 100);
  EXPECT_EQ(results->at(1).verdict, Verdict::kPass);
  EXPECT_EQ(results->at(1).num_rows, 1'000);
  EXPECT_EQ(results->at(2).verdict, Verdict::kPass);
  EXPECT_EQ(results->at(2).num_rows, 1'100);
}

// One gate alone would regress; among twenty the same evidence does not suffice.
TEST(GateTest, HolmWithholdsAVerdictThatOneOfManyWouldGet) {
  const PairedData data = Answers(1'000, 10, 24);
  const PairedScores scores = data.Scores();
  EXPECT_EQ(Judge(data, 0).verdict, Verdict::kRegressed);
  std::vector<Gate> gates(20, MaxDrop(0.5));
  gates[0].limit = 0;
  const auto results = JudgeAll(gates, {&scores, 1});
  ASSERT_TRUE(results.ok());
  const GateResult& result = results->at(0);
  EXPECT_EQ(result.verdict, Verdict::kInconclusive);
  EXPECT_LT(*result.p, kAlpha);
  EXPECT_THAT(result.p_adjusted, Optional(20 * *result.p));
  EXPECT_THAT(result.reason, HasSubstr("after Holm over 20 gates"));
  EXPECT_GT(*result.rows_needed, 1'000);
}

TEST(GateTest, GateWithoutATestStillCountsInTheFamily) {
  const PairedData many = Answers(1'000, 0, 40);
  PairedData few("recall", MetricKind::kBinaryMean);
  few.Add(3, 1, 0);
  const std::vector<PairedScores> scores = {many.Scores(), few.Scores()};
  std::vector<Gate> gates = {MaxDrop(0.01), MaxDrop(0.01)};
  gates[1].metric = "recall";
  const auto results = JudgeAll(gates, scores);
  ASSERT_TRUE(results.ok());
  EXPECT_THAT(results->at(0).p_adjusted, Optional(2 * *results->at(0).p));
}

// Over many tables: REGRESSED exactly where the adjusted p is at most alpha, PASS only where the
// lower bound is within the margin, and never both ways.
TEST(GateTest, VerdictNeverContradictsItsP) {
  std::mt19937_64 random(3);
  int num_regressed = 0;
  for (int trial = 0; trial < 3'000; ++trial) {
    const auto worse = static_cast<std::int64_t>(random() % 60);
    const auto better = static_cast<std::int64_t>(random() % 40);
    const double margin = static_cast<double>(random() % 50) / 1000;
    const double alpha = trial % 2 == 0 ? 0.05 : 0.01;
    const GateResult result = Judge(
        Answers(200 + static_cast<std::int64_t>(random() % 800), better, worse), margin, alpha);
    EXPECT_EQ(result.verdict == Verdict::kRegressed, *result.p_adjusted <= alpha);
    EXPECT_EQ(result.verdict == Verdict::kRegressed, *result.upper < -margin);
    if (result.verdict == Verdict::kPass) {
      EXPECT_GE(*result.lower, -margin);
    }
    num_regressed += result.verdict == Verdict::kRegressed ? 1 : 0;
  }
  EXPECT_GT(num_regressed, 300);
}

// Planned rows decide when the same rates go on, and a tenth fewer do not.
TEST(GateTest, AsManyRowsAsAskedForDecide) {
  const std::vector<std::pair<int, int>> changes = {{20, 24}, {12, 26}, {0, 6}};
  for (const std::pair<int, int>& changed : changes) {
    const int better = changed.first;
    const int worse = changed.second;
    const GateResult result = Judge(Answers(1'000, better, worse), 0.01);
    ASSERT_EQ(result.verdict, Verdict::kInconclusive);
    ASSERT_TRUE(result.rows_needed.has_value());
    const double scale = static_cast<double>(*result.rows_needed) / 1'000;
    const auto scaled = [&](double share) {
      const auto rows = static_cast<std::int64_t>(1'000 * scale * share);
      return Judge(Answers(rows, std::llround(better * scale * share),
                           std::llround(worse * scale * share)),
                   0.01)
          .verdict;
    };
    EXPECT_NE(scaled(1.1), Verdict::kInconclusive) << better << "/" << worse;
    EXPECT_EQ(scaled(0.9), Verdict::kInconclusive) << better << "/" << worse;
  }
}

// Two runs of one model whose answers flicker: false alarms stay at the level, for one gate and,
// thanks to Holm, for ten at once.
TEST(GateTest, EqualModelsRegressNoMoreOftenThanAlpha) {
  std::mt19937_64 random(5);
  constexpr int kTrials = 1'500;
  constexpr int kGates = 10;
  int num_single = 0;
  int num_any = 0;
  for (int trial = 0; trial < kTrials; ++trial) {
    std::vector<PairedData> data;
    std::vector<PairedScores> scores;
    std::vector<Gate> gates;
    for (int gate = 0; gate < kGates; ++gate) {
      data.emplace_back("metric" + std::to_string(gate), MetricKind::kBinaryMean);
      for (int row = 0; row < 200; ++row) {
        const std::uint64_t draw = random();
        const bool flickers = draw % 10 == 0;
        const double baseline = static_cast<double>((draw >> 32) & 1);
        data.back().Add(1, baseline, flickers ? 1 - baseline : baseline);
      }
      gates.push_back(MaxDrop(0));
      gates.back().metric = data.back().Scores().metric.id;
    }
    for (const PairedData& each : data) {
      scores.push_back(each.Scores());
    }
    num_single += Judge(data[0], 0).verdict == Verdict::kRegressed ? 1 : 0;
    const auto results = JudgeAll(gates, scores);
    num_any += OverallVerdict(*results) == Verdict::kRegressed ? 1 : 0;
  }
  EXPECT_LT(num_single, kTrials * 0.065);
  EXPECT_GT(num_single, kTrials * 0.03);
  EXPECT_LT(num_any, kTrials * 0.065);
  EXPECT_GT(num_any, kTrials * 0.02);
}

TEST(GateErrorTest, NamesAnUnknownMetric) {
  const PairedData data = Answers(100, 0, 0);
  const PairedScores scores = data.Scores();
  Gate gate = MaxDrop(0.01);
  gate.metric = "acuracy";
  const auto results = JudgeAll({gate}, {&scores, 1});
  EXPECT_EQ(results.status(),
            absl::InvalidArgumentError("gates[0].metric: no such metric: 'acuracy'"));
}

TEST(GateErrorTest, RefusesAMetricWithoutDirection) {
  PairedData data("length", MetricKind::kMean, Direction::kNone);
  const PairedScores scores = data.Scores();
  Gate gate = MaxDrop(0.01);
  gate.metric = "length";
  EXPECT_THAT(JudgeAll({gate}, {&scores, 1}).status().message(), HasSubstr("no better or worse"));
}

TEST(GateErrorTest, RefusesAMetricWithoutRowScores) {
  PairedData data("macro_f1", MetricKind::kCorpus);
  const PairedScores scores = data.Scores();
  Gate gate = MaxDrop(0.01);
  gate.metric = "macro_f1";
  EXPECT_THAT(JudgeAll({gate}, {&scores, 1}).status().message(), HasSubstr("no row scores"));
}

TEST(GateErrorTest, NamesAnUnknownCohort) {
  const PairedData data = Answers(2, 0, 0);
  const PairedScores scores = data.Scores();
  const CohortColumn cohort{.name = "domain", .values = {"in"}, .value_of = {0, 0}};
  const auto message = [&](std::string name) {
    const Gate gate = MaxDrop(0.01, std::move(name));
    return std::string(JudgeAll({gate}, {&scores, 1}, {&cohort, 1}).status().message());
  };
  for (const char* const name : {"domain=out", "language=de", "domain"}) {
    EXPECT_EQ(message(name),
              absl::StrFormat("gates[0].cohort: no such cohort, want COLUMN=VALUE: '%s'", name));
  }
}

TEST(GateErrorTest, RefusesANegativeOrInfiniteMargin) {
  const PairedData data = Answers(100, 0, 0);
  const PairedScores scores = data.Scores();
  for (const double margin :
       {-0.01, std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
    const Gate gate = MaxDrop(margin);
    EXPECT_THAT(JudgeAll({gate}, {&scores, 1}).status().message(), HasSubstr("gates[0].max_drop"));
  }
}

TEST(GateErrorTest, RefusesAnAlphaOutsideItsRange) {
  for (const double alpha : {0.0, 0.5, -1.0, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_THAT(JudgeAll({}, {}, {}, alpha).status().message(), HasSubstr("alpha"));
  }
}

TEST(OverallVerdictTest, IsNoneWithoutGates) { EXPECT_EQ(OverallVerdict({}), Verdict::kNone); }

TEST(OverallVerdictTest, TakesTheWorstOfCriticalGates) {
  std::vector<GateResult> gates = {WithVerdict(Verdict::kPass, Tier::kCritical)};
  EXPECT_EQ(OverallVerdict(gates), Verdict::kPass);
  gates.push_back(WithVerdict(Verdict::kInconclusive, Tier::kCritical));
  EXPECT_EQ(OverallVerdict(gates), Verdict::kInconclusive);
  gates.push_back(WithVerdict(Verdict::kRegressed, Tier::kCritical));
  EXPECT_EQ(OverallVerdict(gates), Verdict::kRegressed);
  gates.push_back(WithVerdict(Verdict::kRefused, Tier::kCritical));
  EXPECT_EQ(OverallVerdict(gates), Verdict::kRefused);
}

TEST(OverallVerdictTest, SupportingGateStopsOnlyWhenItRegressed) {
  const std::vector<GateResult> undecided = {
      WithVerdict(Verdict::kPass, Tier::kCritical),
      WithVerdict(Verdict::kInconclusive, Tier::kSupporting)};
  EXPECT_EQ(OverallVerdict(undecided), Verdict::kPass);
  const std::vector<GateResult> regressed = {WithVerdict(Verdict::kPass, Tier::kCritical),
                                             WithVerdict(Verdict::kRegressed, Tier::kSupporting)};
  EXPECT_EQ(OverallVerdict(regressed), Verdict::kRegressed);
}

TEST(OverallVerdictTest, AdvisoryGateIsOnlyShown) {
  const std::vector<GateResult> gates = {WithVerdict(Verdict::kPass, Tier::kCritical),
                                         WithVerdict(Verdict::kRegressed, Tier::kAdvisory),
                                         WithVerdict(Verdict::kInconclusive, Tier::kAdvisory)};
  EXPECT_EQ(OverallVerdict(gates), Verdict::kPass);
}

TEST(OverallVerdictTest, NothingPassedIsNotAPass) {
  const std::vector<GateResult> gates = {WithVerdict(Verdict::kInconclusive, Tier::kSupporting),
                                         WithVerdict(Verdict::kPass, Tier::kAdvisory)};
  EXPECT_EQ(OverallVerdict(gates), Verdict::kNone);
}

TEST(ExitCodeTest, IsTheDocumentedOne) {
  EXPECT_EQ(ExitCode(Verdict::kNone), 0);
  EXPECT_EQ(ExitCode(Verdict::kPass), 0);
  EXPECT_EQ(ExitCode(Verdict::kRegressed), 1);
  EXPECT_EQ(ExitCode(Verdict::kRefused), 3);
  EXPECT_EQ(ExitCode(Verdict::kInconclusive), 4);
}

}  // namespace
}  // namespace assay
