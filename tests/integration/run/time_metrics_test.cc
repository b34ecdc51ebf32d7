#include "server/run/time_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "server/run/scheduler.h"
#include "server/run/warm_up.h"
#include "tests/integration/run/workbench.h"
#include "tests/support/columns_builder.h"

namespace assay::test {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::DoubleNear;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Optional;

constexpr double kTolerance = 1e-9;
// A process that has just started, against one that runs.
constexpr double kColdUs = 50'000;
constexpr double kSteadyUs = 100;

class TimeMetricsTest : public ::testing::Test {
 protected:
  static std::string Key(std::int64_t row) { return absl::StrFormat("k%06d", row); }

  store::Id PushExamples(std::int64_t num_rows) {
    Rows<std::string> keys;
    for (std::int64_t row = 0; row < num_rows; ++row) {
      keys.emplace_back(Key(row));
    }
    return bench_.PushDataset("d", {TextColumn("key", keys)});
  }

  // A run over outputs in the order of `rows`, the first `num_cold` of which took kColdUs, all
  // others `steady_us` and up to 6 us more, which depend on `jitter`; 0: nothing more.
  store::Id Evaluate(store::Id dataset, const std::vector<std::int64_t>& rows,
                     std::int64_t num_cold, double steady_us, std::int64_t jitter = 0) {
    Rows<std::string> keys;
    Rows<double> times;
    for (const std::int64_t row : rows) {
      times.emplace_back(std::ssize(keys) < num_cold
                             ? kColdUs
                             : steady_us + static_cast<double>(row * jitter % 7));
      keys.emplace_back(Key(row));
    }
    const store::Id model = bench_.PushModel(absl::StrFormat("m%d", ++num_models_), {});
    const store::Id outputs = bench_.PushOutputs(
        dataset, model, {TextColumn("key", keys), Float64Column("latency_us", times)});
    const store::RunRecord run = bench_.Evaluate(
        *scheduler_, {.output_set_id = outputs, .evaluators = {"latency"}, .row_filter = {}});
    EXPECT_EQ(run.state, store::RunState::kSucceeded) << run.error;
    return run.id;
  }

  store::ComparisonResult Compare(store::Id baseline, store::Id candidate,
                                  const Policy& policy = {}) {
    const store::ComparisonRecord comparison = bench_.Compare(
        *scheduler_,
        {.baseline_run_id = baseline, .candidate_run_id = candidate, .policy = policy});
    EXPECT_EQ(comparison.state, store::RunState::kSucceeded) << comparison.error;
    EXPECT_EQ(comparison.policy.warmup_rows, policy.warmup_rows);
    return comparison.result;
  }

  static std::vector<std::int64_t> Ascending(std::int64_t num_rows) {
    std::vector<std::int64_t> rows;
    for (std::int64_t row = 0; row < num_rows; ++row) {
      rows.push_back(row);
    }
    return rows;
  }

  static Cell CellOf(const store::ComparisonResult& result, const std::string& id) {
    const auto found = std::ranges::find_if(
        result.metrics, [&](const MetricComparison& metric) { return metric.metric.id == id; });
    EXPECT_NE(found, result.metrics.end()) << id;
    return found == result.metrics.end() ? Cell{} : found->overall;
  }

  TemporaryDirectory directory_;
  Workbench bench_{directory_.path()};
  std::unique_ptr<run::Scheduler> scheduler_ = bench_.StartScheduler();
  int num_models_ = 0;
};

TEST(DefaultWarmUpTest, IsOnePercentAndAtMostTen) {
  EXPECT_EQ(run::DefaultWarmUp(99), 0);
  EXPECT_EQ(run::DefaultWarmUp(100), 1);
  EXPECT_EQ(run::DefaultWarmUp(597), 5);
  EXPECT_EQ(run::DefaultWarmUp(1'000'000), 10);
}

TEST_F(TimeMetricsTest, TheFirstOutputsOfEachSideAreLeftOutOnBothSides) {
  const store::Id dataset = PushExamples(300);
  std::vector<std::int64_t> descending = Ascending(300);
  std::ranges::reverse(descending);
  const store::Id baseline = Evaluate(dataset, Ascending(300), 3, kSteadyUs);
  const store::Id candidate = Evaluate(dataset, descending, 3, kSteadyUs + 1);
  const store::ComparisonResult result = Compare(baseline, candidate);
  // Rows 0 to 2 for the baseline's sake, 297 to 299 for the candidate's.
  const Cell mean = CellOf(result, "latency_us");
  EXPECT_EQ(mean.num_rows, 294);
  EXPECT_THAT(mean.baseline, Optional(DoubleNear(kSteadyUs, kTolerance)));
  EXPECT_THAT(mean.candidate, Optional(DoubleNear(kSteadyUs + 1, kTolerance)));
  EXPECT_EQ(CellOf(result, "latency_us.p99").num_rows, 294);
  EXPECT_THAT(CellOf(result, "latency_us.p99").baseline, Optional(kSteadyUs));
  EXPECT_EQ(result.num_paired, 300);
  EXPECT_THAT(result.warnings,
              Contains(HasSubstr("times leave out 6 examples as warm-up: the first "
                                 "3 outputs of each side")));
}

TEST_F(TimeMetricsTest, APolicyChoosesHowManyAreLeftOut) {
  const store::Id dataset = PushExamples(300);
  const store::Id baseline = Evaluate(dataset, Ascending(300), 20, kSteadyUs);
  const store::Id candidate = Evaluate(dataset, Ascending(300), 1, kSteadyUs);
  const store::ComparisonResult all = Compare(baseline, candidate, {.warmup_rows = 0});
  EXPECT_EQ(CellOf(all, "latency_us").num_rows, 300);
  EXPECT_THAT(all.warnings, Each(Not(HasSubstr("warm-up"))));
  const store::ComparisonResult fewer = Compare(baseline, candidate, {.warmup_rows = 20});
  EXPECT_EQ(CellOf(fewer, "latency_us").num_rows, 280);
  EXPECT_THAT(CellOf(fewer, "latency_us").baseline, Optional(DoubleNear(kSteadyUs, kTolerance)));
}

TEST_F(TimeMetricsTest, WarmUpDoesNotCountInAGate) {
  const store::Id dataset = PushExamples(400);
  const store::Id baseline = Evaluate(dataset, Ascending(400), 0, kSteadyUs, 1);
  const store::Id candidate = Evaluate(dataset, Ascending(400), 4, kSteadyUs, 3);
  const auto gate = [&](std::optional<std::int64_t> warmup_rows) {
    const store::ComparisonRecord comparison =
        bench_.Compare(*scheduler_, {.baseline_run_id = baseline,
                                     .candidate_run_id = candidate,
                                     .policy = {.gates = {{.metric = "latency_us",
                                                           .cohort = "",
                                                           .limit = 10,
                                                           .kind = LimitKind::kMaxIncrease}},
                                                .warmup_rows = warmup_rows},
                                     .allow_confounded = true});
    EXPECT_EQ(comparison.result.gates.size(), 1U) << comparison.error;
    return comparison.result.gates.at(0).verdict;
  };
  EXPECT_EQ(gate(std::nullopt), Verdict::kPass);
  EXPECT_NE(gate(0), Verdict::kPass);
}

TEST_F(TimeMetricsTest, AGateWithoutAMachineIsRefusedAndNamesTheWaysOn) {
  const store::Id dataset = PushExamples(60);
  const store::ComparisonResult result = Compare(
      Evaluate(dataset, Ascending(60), 0, kSteadyUs, 1),
      Evaluate(dataset, Ascending(60), 0, kSteadyUs, 3),
      {.gates = {
           {.metric = "latency_us", .cohort = "", .limit = 10, .kind = LimitKind::kMaxIncrease}}});
  ASSERT_EQ(result.gates.size(), 1U);
  EXPECT_EQ(result.gates[0].verdict, Verdict::kRefused);
  EXPECT_THAT(result.gates[0].reason, AllOf(HasSubstr("do not say which machine"),
                                            HasSubstr("assay outputs push --machine NAME"),
                                            HasSubstr("--allow-confounded")));
}

TEST_F(TimeMetricsTest, ReportsTheRatioAndThreeQuantilesBesideTheMean) {
  const store::Id dataset = PushExamples(60);
  const store::ComparisonResult result =
      Compare(Evaluate(dataset, Ascending(60), 0, kSteadyUs),
              Evaluate(dataset, Ascending(60), 0, 1.5 * kSteadyUs));
  std::vector<std::string> ids;
  for (const MetricComparison& metric : result.metrics) {
    ids.push_back(metric.metric.id);
    EXPECT_THAT(metric.overall.note, HasSubstr("UNPROVEN: the outputs do not say which machine"));
  }
  EXPECT_THAT(ids, ElementsAre("latency_us", "latency_us.ratio", "latency_us.p50", "latency_us.p95",
                               "latency_us.p99"));
  EXPECT_THAT(CellOf(result, "latency_us.ratio").candidate, Optional(DoubleNear(1.5, kTolerance)));
  EXPECT_THAT(result.warnings,
              Contains("times and costs are UNPROVEN: the outputs do not say which "
                       "machine measured them"));
}

TEST_F(TimeMetricsTest, OfManyRowsUnaskedQuantilesAreOfASample) {
  const std::int64_t num_rows = run::kMaxResampledRows + 500;
  const store::Id dataset = PushExamples(num_rows);
  const store::Id baseline = Evaluate(dataset, Ascending(num_rows), 0, kSteadyUs);
  const store::Id candidate = Evaluate(dataset, Ascending(num_rows), 0, 2 * kSteadyUs);
  const store::ComparisonResult result = Compare(baseline, candidate,
                                                 {.gates = {{.metric = "latency_us.p95",
                                                             .cohort = "",
                                                             .limit = 1,
                                                             .kind = LimitKind::kMaxIncrease}},
                                                  .warmup_rows = 0});
  EXPECT_EQ(CellOf(result, "latency_us").num_rows, num_rows);
  EXPECT_EQ(CellOf(result, "latency_us.p50").num_rows, run::kMaxResampledRows);
  EXPECT_EQ(CellOf(result, "latency_us.p95").num_rows, num_rows);
  EXPECT_THAT(result.warnings, Contains(HasSubstr("latency_us are of 5000 rows, a sample")));
}

}  // namespace
}  // namespace assay::test
