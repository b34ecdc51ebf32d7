#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "server/run/scheduler.h"
#include "tests/integration/run/workbench.h"
#include "tests/support/columns_builder.h"

namespace assay::test {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::Gt;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Le;
using ::testing::Optional;
using ::testing::SizeIs;
using ::testing::StartsWith;

class ComparisonTest : public ::testing::Test {
 protected:
  store::Id Evaluate(store::Id outputs, std::vector<std::string> evaluators = {},
                     std::string row_filter = "") {
    const store::RunRecord run =
        bench_.Evaluate(*scheduler_, {.output_set_id = outputs,
                                      .evaluators = std::move(evaluators),
                                      .row_filter = std::move(row_filter)});
    EXPECT_EQ(run.state, store::RunState::kSucceeded) << run.error;
    return run.id;
  }

  // A run of outputs with these labels for the examples a, b, c, ... whose label is always `x`.
  store::Id EvaluateLabels(store::Id dataset, store::Id model, const Rows<std::string>& labels) {
    return Evaluate(
        bench_.PushOutputs(dataset, model,
                           {TextColumn("key", Keys(labels.size())), TextColumn("label", labels)}),
        {"ground_truth_match:accuracy"});
  }

  static Rows<std::string> Keys(std::size_t count) {
    Rows<std::string> keys;
    for (std::size_t i = 0; i < count; ++i) {
      keys.push_back(std::string(1, static_cast<char>('a' + i)));
    }
    return keys;
  }

  store::Id PushLetters(std::size_t count) {
    return bench_.PushDataset("letters",
                              {TextColumn("key", Keys(count)),
                               TextColumn("label", Rows<std::string>(count, std::string("x")))});
  }

  TemporaryDirectory directory_;
  Workbench bench_{directory_.path()};
  std::unique_ptr<run::Scheduler> scheduler_ = bench_.StartScheduler();
  store::Id old_model_ = bench_.PushModel("m", {{"rate", "1"}, {"seed", "7"}}, "relu");
  store::Id new_model_ = bench_.PushModel("m", {{"rate", "2"}, {"seed", "7"}}, "silu");
};

TEST_F(ComparisonTest, CountsPairsFlipsAndModelDifferences) {
  const store::Id dataset = PushLetters(5);
  const store::Id baseline = EvaluateLabels(dataset, old_model_, {"x", "x", "y", "y", "x"});
  const store::Id candidate = EvaluateLabels(dataset, new_model_, {"x", "y", "x", "y", "y"});
  const store::ComparisonRecord comparison =
      bench_.Compare(*scheduler_, {.baseline_run_id = baseline, .candidate_run_id = candidate});
  ASSERT_EQ(comparison.state, store::RunState::kSucceeded) << comparison.error;
  const store::ComparisonResult& result = comparison.result;
  EXPECT_EQ(result.fairness, store::Fairness::kClean);
  EXPECT_EQ(result.num_paired, 5);
  EXPECT_EQ(result.flip_metric, "accuracy");
  EXPECT_EQ(result.num_both_right, 1);
  EXPECT_EQ(result.num_broken, 2);
  EXPECT_EQ(result.num_fixed, 1);
  EXPECT_EQ(result.num_both_wrong, 1);
  ASSERT_THAT(result.metrics, SizeIs(1));
  EXPECT_THAT(result.metrics[0].overall.baseline, Optional(DoubleEq(0.6)));
  EXPECT_THAT(result.metrics[0].overall.candidate, Optional(DoubleEq(0.4)));
  ASSERT_THAT(result.model_differences, SizeIs(2));
  EXPECT_EQ(result.model_differences[0].field, "activation");
  EXPECT_EQ(result.model_differences[0].candidate, "silu");
  EXPECT_EQ(result.model_differences[1].field, "config.rate");
  EXPECT_EQ(result.verdict, Verdict::kNone);
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.summary,
            "No verdict: accuracy fell by 0.2 on 5 paired examples; 2 broken, 1 fixed.");
}

TEST_F(ComparisonTest, RowsOfOneSideOnlyAndErrorsAreCounted) {
  const store::Id dataset = PushLetters(4);
  const store::Id baseline = Evaluate(
      bench_.PushOutputs(dataset, old_model_,
                         {TextColumn("key", {"a", "b", "c"}), TextColumn("label", {"x", "x", "x"}),
                          TextColumn("error", {std::nullopt, std::nullopt, "broke"})}),
      {"ground_truth_match:accuracy"});
  const store::Id candidate = Evaluate(bench_.PushOutputs(dataset, new_model_,
                                                          {TextColumn("key", {"b", "c", "d"}),
                                                           TextColumn("label", {"x", "x", "x"})}),
                                       {"ground_truth_match:accuracy"});
  const store::ComparisonRecord comparison =
      bench_.Compare(*scheduler_, {.baseline_run_id = baseline, .candidate_run_id = candidate});
  const store::ComparisonResult& result = comparison.result;
  EXPECT_EQ(result.num_paired, 1);
  EXPECT_EQ(result.num_only_baseline, 1);
  EXPECT_EQ(result.num_only_candidate, 2);
  EXPECT_EQ(result.num_baseline_errors, 1);
  EXPECT_EQ(result.num_candidate_errors, 0);
}

TEST_F(ComparisonTest, MissingRankingsPairAsZeros) {
  const store::Id dataset =
      bench_.PushDataset("q", {TextColumn("key", {"q1", "q2"}),
                               RelevanceColumn("relevance", {{{{"d1", 1}}}, {{{"d1", 1}}}})});
  const auto rank = [&](store::Id model, const Rows<std::string>& keys,
                        const Rows<std::vector<std::pair<std::string, double>>>& rankings) {
    return Evaluate(bench_.PushOutputs(
        dataset, model, {TextColumn("key", keys), RankingColumn("ranking", rankings)}));
  };
  const store::Id baseline = rank(old_model_, {"q1", "q2"}, {{{{"d1", 1.0}}}, {{{"d1", 1.0}}}});
  const store::Id candidate = rank(new_model_, {"q1"}, {{{{"d1", 1.0}}}});
  const store::ComparisonRecord comparison =
      bench_.Compare(*scheduler_, {.baseline_run_id = baseline, .candidate_run_id = candidate});
  EXPECT_EQ(comparison.result.num_paired, 2);
  EXPECT_EQ(comparison.result.num_only_baseline, 0);
  ASSERT_FALSE(comparison.result.metrics.empty());
  EXPECT_THAT(comparison.result.metrics[0].overall.candidate, Optional(DoubleEq(0.5)));
}

TEST_F(ComparisonTest, GatesDecideByTheData) {
  constexpr std::int64_t kRows = 6000;
  const store::Id dataset = bench_.PushDataset("d", LabelledExamples(kRows));
  const store::Id good =
      Evaluate(bench_.PushOutputs(dataset, old_model_, LabelledOutputs(kRows, 50, 1)));
  const store::Id same =
      Evaluate(bench_.PushOutputs(dataset, new_model_, LabelledOutputs(kRows, 48, 2)));
  const store::Id bad =
      Evaluate(bench_.PushOutputs(dataset, new_model_, LabelledOutputs(kRows, 5, 3)));
  const std::vector<Gate> gates = {{.metric = "accuracy", .cohort = "", .limit = 0.02},
                                   {.metric = "accuracy", .cohort = "length=long", .limit = 0.03}};
  const store::ComparisonRecord passed = bench_.Compare(
      *scheduler_, {.baseline_run_id = good, .candidate_run_id = same, .policy = {.gates = gates}});
  EXPECT_EQ(passed.result.verdict, Verdict::kPass) << passed.result.summary;
  EXPECT_EQ(passed.result.exit_code, 0);
  const store::ComparisonRecord regressed = bench_.Compare(
      *scheduler_, {.baseline_run_id = good, .candidate_run_id = bad, .policy = {.gates = gates}});
  EXPECT_EQ(regressed.result.verdict, Verdict::kRegressed);
  EXPECT_EQ(regressed.result.exit_code, 1);
  EXPECT_THAT(regressed.result.summary, StartsWith("Regressed: accuracy fell by 0.1"));
  EXPECT_THAT(regressed.result.summary, HasSubstr("and 1 more"));
  ASSERT_THAT(regressed.result.gates, SizeIs(2));
  EXPECT_LT(regressed.result.gates[1].delta.value(), -0.1);
  EXPECT_EQ(regressed.result.gates[1].num_rows, kRows / 3);
  const store::ComparisonRecord unclear = bench_.Compare(
      *scheduler_, {.baseline_run_id = good,
                    .candidate_run_id = same,
                    .policy = {.gates = {{.metric = "accuracy", .cohort = "", .limit = 0.0001}}}});
  EXPECT_EQ(unclear.result.verdict, Verdict::kInconclusive) << unclear.result.summary;
  EXPECT_EQ(unclear.result.exit_code, 4);
}

TEST_F(ComparisonTest, ResultIsTheSameForAnyNumberOfWorkers) {
  constexpr std::int64_t kRows = 9000;
  const store::Id dataset = bench_.PushDataset("d", LabelledExamples(kRows));
  const store::Id baseline =
      Evaluate(bench_.PushOutputs(dataset, old_model_, LabelledOutputs(kRows, 20, 1)),
               {"ground_truth_match:accuracy,macro_f1", "latency"});
  const store::Id candidate =
      Evaluate(bench_.PushOutputs(dataset, new_model_, LabelledOutputs(kRows, 15, 2)),
               {"ground_truth_match:accuracy,macro_f1", "latency"});
  std::vector<double> deltas;
  std::vector<double> bounds;
  double alpha = 0.05;
  for (const int num_workers : {1, 2, 4}) {
    scheduler_->Stop(std::chrono::seconds(10));
    scheduler_ = bench_.StartScheduler(num_workers);
    // Another alpha makes another comparison, which would otherwise be found instead of computed.
    alpha -= 0.01;
    const store::ComparisonRecord comparison = bench_.Compare(
        *scheduler_,
        {.baseline_run_id = baseline, .candidate_run_id = candidate, .policy = {.alpha = alpha}});
    // accuracy, macro_f1, latency_us with its ratio and three quantiles
    ASSERT_THAT(comparison.result.metrics, SizeIs(7));
    for (const MetricComparison& metric : comparison.result.metrics) {
      deltas.push_back(metric.overall.delta.value());
      if (!metric.cohorts.empty()) {  // ratios and quantiles of every report have none
        deltas.push_back(metric.cohorts.at(2).delta.value());
      }
    }
    bounds.push_back(comparison.result.metrics[2].overall.lower.value());
  }
  ASSERT_THAT(deltas, SizeIs(3 * 10));
  for (std::size_t i = 0; i < 10; ++i) {
    EXPECT_EQ(deltas[i], deltas[i + 10]);
    EXPECT_EQ(deltas[i], deltas[i + 20]);
  }
  EXPECT_EQ(bounds[0], bounds[1]);
  EXPECT_EQ(bounds[0], bounds[2]);
}

TEST_F(ComparisonTest, CorpusMetricsCompareOverPairedRows) {
  const store::Id dataset = bench_.PushDataset(
      "d", {TextColumn("key", {"a", "b", "c", "d"}), TextColumn("label", {"x", "x", "y", "y"})});
  const std::vector<std::string> evaluators = {"ground_truth_match:macro_f1"};
  const store::Id baseline = Evaluate(
      bench_.PushOutputs(
          dataset, old_model_,
          {TextColumn("key", {"a", "b", "c", "d"}), TextColumn("label", {"x", "x", "y", "x"})}),
      evaluators);
  const store::Id candidate = Evaluate(bench_.PushOutputs(dataset, new_model_,
                                                          {TextColumn("key", {"a", "b", "c"}),
                                                           TextColumn("label", {"x", "y", "y"})}),
                                       evaluators);
  const store::ComparisonRecord comparison =
      bench_.Compare(*scheduler_, {.baseline_run_id = baseline, .candidate_run_id = candidate});
  ASSERT_THAT(comparison.result.metrics, SizeIs(1));
  const Cell& cell = comparison.result.metrics[0].overall;
  EXPECT_EQ(cell.num_rows, 3);
  // d, which only the baseline answered, is left out: the baseline has everything right.
  EXPECT_THAT(cell.baseline, Optional(DoubleEq(1.0)));
  EXPECT_THAT(cell.candidate, Optional(DoubleEq(2.0 / 3)));
  EXPECT_THAT(cell.p, Optional(AllOf(Gt(0), Le(1))));
}

TEST_F(ComparisonTest, RunsOnDifferentVersionsAreRefused) {
  const store::Id first = PushLetters(4);
  const store::Id second = PushLetters(5);
  const store::Id baseline = EvaluateLabels(first, old_model_, {"x", "x", "x", "x"});
  const store::Id candidate = EvaluateLabels(second, new_model_, {"x", "x", "x", "y", "x"});
  const store::ComparisonRecord comparison = bench_.Compare(
      *scheduler_, {.baseline_run_id = baseline,
                    .candidate_run_id = candidate,
                    .policy = {.gates = {{.metric = "accuracy", .cohort = "", .limit = 0.01}}}});
  EXPECT_EQ(comparison.state, store::RunState::kSucceeded);
  const store::ComparisonResult& result = comparison.result;
  EXPECT_EQ(result.verdict, Verdict::kRefused);
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_EQ(result.fairness, store::Fairness::kConfounded);
  ASSERT_THAT(result.confounds, SizeIs(1));
  EXPECT_EQ(result.confounds[0].field, "dataset");
  EXPECT_THAT(result.confounds[0].baseline, StartsWith("letters@1 sha256:"));
  EXPECT_THAT(result.confounds[0].candidate, StartsWith("letters@2 sha256:"));
  EXPECT_THAT(result.metrics, IsEmpty());
  EXPECT_EQ(result.summary, "Refused: the runs differ in dataset.");
}

TEST_F(ComparisonTest, AllowedVersionsPairByKey) {
  const store::Id first = bench_.PushDataset(
      "d", {TextColumn("key", {"a", "b", "c"}), TextColumn("label", {"x", "x", "x"})});
  const store::Id second = bench_.PushDataset(
      "d", {TextColumn("key", {"c", "z", "a"}), TextColumn("label", {"x", "x", "x"}),
            TextColumn("cohort.side", {"left", "left", "right"})});
  const std::vector<std::string> evaluators = {"ground_truth_match:accuracy,macro_f1"};
  const store::Id baseline = Evaluate(bench_.PushOutputs(first, old_model_,
                                                         {TextColumn("key", {"a", "b", "c"}),
                                                          TextColumn("label", {"y", "x", "x"})}),
                                      evaluators);
  const store::Id candidate = Evaluate(bench_.PushOutputs(second, new_model_,
                                                          {TextColumn("key", {"c", "z", "a"}),
                                                           TextColumn("label", {"y", "x", "x"})}),
                                       evaluators);
  const store::ComparisonRecord comparison = bench_.Compare(
      *scheduler_,
      {.baseline_run_id = baseline, .candidate_run_id = candidate, .allow_confounded = true});
  ASSERT_EQ(comparison.state, store::RunState::kSucceeded) << comparison.error;
  const store::ComparisonResult& result = comparison.result;
  EXPECT_EQ(result.num_paired, 2);
  EXPECT_EQ(result.num_only_baseline, 1);
  EXPECT_EQ(result.num_only_candidate, 1);
  EXPECT_EQ(result.num_broken, 1);
  EXPECT_EQ(result.num_fixed, 1);
  ASSERT_THAT(result.metrics, SizeIs(2));
  EXPECT_THAT(result.metrics[1].overall.baseline, result.metrics[1].overall.candidate);
  ASSERT_THAT(result.metrics[1].cohorts, SizeIs(2));
  EXPECT_THAT(result.metrics[1].cohorts[0].baseline, Optional(DoubleEq(1.0)));
  ASSERT_THAT(result.confounds, SizeIs(1));
  EXPECT_EQ(result.confounds[0].field, "dataset");
  EXPECT_THAT(result.summary, HasSubstr("(although the runs differ in dataset)"));
}

TEST_F(ComparisonTest, OtherFiltersAndEvaluatorsAreRefusedAndNamed) {
  const store::Id dataset = bench_.PushDataset("d", LabelledExamples(60));
  const store::Id outputs = bench_.PushOutputs(dataset, old_model_, LabelledOutputs(60, 5, 1));
  const store::Id baseline = Evaluate(outputs, {"ground_truth_match:accuracy"});
  const store::Id candidate =
      Evaluate(outputs, {"ground_truth_match:accuracy", "latency"}, "cohort.length=long");
  const store::ComparisonRecord comparison =
      bench_.Compare(*scheduler_, {.baseline_run_id = baseline, .candidate_run_id = candidate});
  EXPECT_EQ(comparison.result.verdict, Verdict::kRefused);
  EXPECT_EQ(comparison.result.summary, "Refused: the runs differ in row_filter, evaluators.");
  ASSERT_THAT(comparison.result.confounds, SizeIs(2));
  EXPECT_EQ(comparison.result.confounds[0].candidate, "cohort.length=long");
}

TEST_F(ComparisonTest, OrderOfEvaluatorsIsNoDifference) {
  const store::Id dataset = bench_.PushDataset("d", LabelledExamples(60));
  const store::Id outputs = bench_.PushOutputs(dataset, old_model_, LabelledOutputs(60, 5, 1));
  const store::Id baseline = Evaluate(outputs, {"ground_truth_match:accuracy", "latency"});
  const store::Id candidate = Evaluate(outputs, {"latency", "ground_truth_match:accuracy"});
  const store::ComparisonRecord comparison =
      bench_.Compare(*scheduler_, {.baseline_run_id = baseline, .candidate_run_id = candidate});
  EXPECT_EQ(comparison.result.fairness, store::Fairness::kClean);
  ASSERT_THAT(comparison.result.metrics, SizeIs(6));  // with the ratio and three quantiles
  EXPECT_EQ(comparison.result.metrics[0].metric.id, "latency_us");
  EXPECT_EQ(comparison.result.metrics[1].metric.id, "accuracy");
}

TEST_F(ComparisonTest, IdenticalOutputsPassEveryGate) {
  const store::Id dataset = PushLetters(3);
  const store::Id baseline = EvaluateLabels(dataset, old_model_, {"x", "y", "x"});
  const store::Id candidate = EvaluateLabels(dataset, new_model_, {"x", "y", "x"});
  const store::ComparisonRecord comparison = bench_.Compare(
      *scheduler_, {.baseline_run_id = baseline,
                    .candidate_run_id = candidate,
                    .policy = {.gates = {{.metric = "accuracy", .cohort = "", .limit = 0}}}});
  EXPECT_TRUE(comparison.result.identical_outputs);
  EXPECT_EQ(comparison.result.verdict, Verdict::kPass);
  EXPECT_EQ(comparison.result.summary, "Passed: the outputs are identical.");
}

TEST_F(ComparisonTest, AveragedRepetitionsCompareAsMeansAndFlipByMajority) {
  const store::Id dataset = PushLetters(3);
  const store::Id baseline = EvaluateLabels(dataset, old_model_, {"x", "x", "x"});
  const store::Id candidate =
      Evaluate(bench_.PushOutputs(dataset, new_model_,
                                  {TextColumn("key", {"a", "a", "a", "b", "b", "c"}),
                                   Int64Column("repetition", {0, 1, 2, 0, 1, 0}),
                                   TextColumn("label", {"x", "y", "y", "x", "y", "x"})}),
               {"ground_truth_match:accuracy"});
  const store::ComparisonRecord comparison =
      bench_.Compare(*scheduler_, {.baseline_run_id = baseline, .candidate_run_id = candidate});
  const store::ComparisonResult& result = comparison.result;
  EXPECT_EQ(result.num_paired, 3);
  EXPECT_EQ(result.num_broken, 1);      // a: one of three
  EXPECT_EQ(result.num_both_right, 1);  // c; b is a tie
  EXPECT_EQ(result.metrics[0].overall.method, "paired t");
  EXPECT_THAT(result.metrics[0].overall.candidate, Optional(DoubleEq((1.0 / 3 + 0.5 + 1) / 3)));
}

TEST_F(ComparisonTest, EqualRequestsShareOneComparison) {
  const store::Id dataset = PushLetters(3);
  const store::Id baseline = EvaluateLabels(dataset, old_model_, {"x", "y", "x"});
  const store::Id candidate = EvaluateLabels(dataset, new_model_, {"x", "x", "x"});
  const run::ComparisonRequest request = {.baseline_run_id = baseline,
                                          .candidate_run_id = candidate};
  const store::Id first = bench_.Compare(*scheduler_, request).id;
  EXPECT_EQ(bench_.Compare(*scheduler_, request).id, first);
  run::ComparisonRequest other = request;
  other.policy.alpha = 0.01;
  EXPECT_NE(bench_.Compare(*scheduler_, other).id, first);
}

TEST_F(ComparisonTest, GatesThatCannotBeJudgedAreRefusedAtOnce) {
  const store::Id dataset = bench_.PushDataset("d", LabelledExamples(60));
  const store::Id outputs = bench_.PushOutputs(dataset, old_model_, LabelledOutputs(60, 5, 1));
  const store::Id run = Evaluate(outputs, {"ground_truth_match:accuracy,macro_f1"});
  const store::Id wider = Evaluate(outputs, {"ground_truth_match:accuracy,macro_f1", "latency"});
  const auto compare = [&](const Gate& gate) {
    return scheduler_
        ->Compare(store::kDefaultProject,
                  {.baseline_run_id = run, .candidate_run_id = wider, .policy = {.gates = {gate}}},
                  {})
        .status();
  };
  const absl::Status unknown = compare({.metric = "acuracy", .cohort = ""});
  EXPECT_EQ(unknown.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(unknown.message()),
              AllOf(HasSubstr("'acuracy'"), HasSubstr("accuracy, macro_f1, latency_us")));
  EXPECT_TRUE(compare({.metric = "macro_f1", .cohort = ""}).ok());
  EXPECT_EQ(compare({.metric = "latency_us", .cohort = ""}).code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(compare({.metric = "accuracy", .cohort = "length=tall"}).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(compare({.metric = "accuracy", .cohort = "", .limit = -1}).code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(ComparisonTest, UnendedRunsCannotBeCompared) {
  scheduler_->Stop(std::chrono::seconds(10));
  const store::Id dataset = PushLetters(1);
  const store::Id outputs = bench_.PushOutputs(
      dataset, old_model_, {TextColumn("key", {"a"}), TextColumn("label", {"x"})});
  const auto run = scheduler_->Submit(store::kDefaultProject, {.output_set_id = outputs}, {});
  ASSERT_TRUE(run.ok()) << run.status();
  const auto comparison = scheduler_->Compare(
      store::kDefaultProject, {.baseline_run_id = run->id, .candidate_run_id = run->id}, {});
  EXPECT_EQ(comparison.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(comparison.status().message()), HasSubstr("QUEUED"));
}

}  // namespace
}  // namespace assay::test
