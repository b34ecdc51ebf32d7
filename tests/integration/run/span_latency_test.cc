#include "server/run/span_latency.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "server/run/scheduler.h"
#include "tests/integration/run/workbench.h"
#include "tests/support/columns_builder.h"

namespace assay::test {
namespace {

using ::testing::Contains;
using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Optional;

constexpr double kTolerance = 1e-9;
constexpr std::int64_t kNsPerUs = 1'000;

// A trace named by a row: side 1 before, 2 after.
store::TraceId TraceIdOf(std::uint8_t side, std::int64_t row) {
  store::TraceId id{};
  id[0] = side;
  id[14] = static_cast<std::uint8_t>(row / 256);
  id[15] = static_cast<std::uint8_t>(row % 256);
  return id;
}

std::string TraceText(std::uint8_t side, std::int64_t row) {
  return absl::StrFormat("%02x%026x%04x", side, 0, row);
}

class SpanLatencyTest : public ::testing::Test {
 protected:
  static std::string Key(std::int64_t row) { return absl::StrFormat("k%06d", row); }

  store::Id PushExamples(std::int64_t num_rows) {
    Rows<std::string> keys;
    Rows<std::string> labels;
    for (std::int64_t row = 0; row < num_rows; ++row) {
      keys.emplace_back(Key(row));
      labels.emplace_back("x");
    }
    return bench_.PushDataset("d", {TextColumn("key", keys), TextColumn("label", labels)});
  }

  // A run whose row i names the trace `traces[i]`.
  store::Id Evaluate(store::Id dataset, const std::vector<std::string>& traces) {
    Rows<std::string> keys;
    Rows<std::string> ids;
    for (std::size_t row = 0; row < traces.size(); ++row) {
      keys.emplace_back(Key(static_cast<std::int64_t>(row)));
      ids.emplace_back(traces[row]);
    }
    const store::Id model = bench_.PushModel(absl::StrFormat("m%d", ++num_models_), {});
    const store::Id outputs =
        bench_.PushOutputs(dataset, model,
                           {TextColumn("key", keys),
                            TextColumn("label", Rows<std::string>(keys.size(), std::string("x"))),
                            TextColumn("trace_id", ids)});
    const store::RunRecord run =
        bench_.Evaluate(*scheduler_, {.output_set_id = outputs,
                                      .evaluators = {"ground_truth_match:accuracy"},
                                      .row_filter = {}});
    EXPECT_EQ(run.state, store::RunState::kSucceeded) << run.error;
    return run.id;
  }

  // Stores a trace with spans of these names and durations, one after the other.
  void PutTrace(const store::TraceId& trace,
                const std::vector<std::pair<std::string, std::int64_t>>& spans_us) {
    std::vector<store::SpanRecord> spans;
    std::int64_t start_ns = 1'700'000'000'000'000'000;
    for (const auto& [name, duration_us] : spans_us) {
      store::SpanRecord& span = spans.emplace_back();
      span.trace_id = trace;
      span.span_id[6] = static_cast<std::uint8_t>(spans.size() / 256);
      span.span_id[7] = static_cast<std::uint8_t>(spans.size() % 256);
      span.name = name;
      span.start_ns = start_ns;
      span.duration_ns = duration_us * kNsPerUs;
      start_ns += span.duration_ns;
    }
    ASSERT_TRUE(bench_.store().traces().Append(store::kDefaultProject, std::move(spans)).ok());
  }

  store::ComparisonResult Compare(store::Id baseline, store::Id candidate,
                                  const Policy& policy = {.warmup_rows = 0},
                                  bool allow_confounded = false) {
    const store::ComparisonRecord comparison =
        bench_.Compare(*scheduler_, {.baseline_run_id = baseline,
                                     .candidate_run_id = candidate,
                                     .policy = policy,
                                     .allow_confounded = allow_confounded});
    EXPECT_EQ(comparison.state, store::RunState::kSucceeded) << comparison.error;
    return comparison.result;
  }

  // Runs over `num_rows` rows whose traces have a span `forward`, twice as long after, of which the
  // candidate's last `num_lost` never came.
  std::pair<store::Id, store::Id> EvaluateSlowed(std::int64_t num_rows, std::int64_t num_lost) {
    const store::Id dataset = PushExamples(num_rows);
    std::vector<std::string> before;
    std::vector<std::string> after;
    for (std::int64_t row = 0; row < num_rows; ++row) {
      before.push_back(TraceText(1, row));
      after.push_back(TraceText(2, row));
      PutTrace(TraceIdOf(1, row), {{"forward", 1'000 + row}});
      if (row < num_rows - num_lost) {
        PutTrace(TraceIdOf(2, row), {{"forward", 2'000 + 2 * row}});
      }
    }
    const store::Id baseline = Evaluate(dataset, before);
    return {baseline, Evaluate(dataset, after)};
  }

  static Gate AtMostTenPercent(const std::string& metric) {
    return {.metric = metric, .limit = 0.1, .kind = LimitKind::kMaxRelativeIncrease};
  }

  // The metrics of spans, by position.
  static std::vector<std::string> SpanMetrics(const store::ComparisonResult& result) {
    std::vector<std::string> ids;
    for (const MetricComparison& metric : result.metrics) {
      if (metric.metric.id.starts_with("span:")) {
        ids.push_back(metric.metric.id);
      }
    }
    return ids;
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

TEST_F(SpanLatencyTest, ComparisonsAreSharedUntilSpansCome) {
  const store::Id dataset = PushExamples(2);
  const store::Id baseline = Evaluate(dataset, {TraceText(1, 0), TraceText(1, 1)});
  const store::Id candidate = Evaluate(dataset, {TraceText(2, 0), TraceText(2, 1)});
  const run::ComparisonRequest request = {.baseline_run_id = baseline,
                                          .candidate_run_id = candidate};
  const store::Id without_spans = bench_.Compare(*scheduler_, request).id;
  EXPECT_EQ(bench_.Compare(*scheduler_, request).id, without_spans);
  for (const std::uint8_t side : {1, 2}) {
    for (const std::int64_t row : {0, 1}) {
      PutTrace(TraceIdOf(side, row), {{"forward", 1'000 * side}});
    }
  }
  const store::ComparisonRecord with_spans = bench_.Compare(*scheduler_, request);
  EXPECT_NE(with_spans.id, without_spans);
  EXPECT_THAT(SpanMetrics(with_spans.result), Contains("span:forward.p50"));
  PutTrace(TraceIdOf(3, 0), {{"forward", 1'000}});  // Nobody names it.
  EXPECT_EQ(bench_.Compare(*scheduler_, request).id, with_spans.id);
}

TEST_F(SpanLatencyTest, PairsTheTimesOfEachNameByRow) {
  constexpr std::int64_t kRows = 120;
  const store::Id dataset = PushExamples(kRows);
  std::vector<std::string> before;
  std::vector<std::string> after;
  for (std::int64_t row = 0; row < kRows; ++row) {
    before.push_back(TraceText(1, row));
    after.push_back(TraceText(2, row));
    // Row i takes 1,000 + i us before and twice as long after, in two spans; `load` does not
    // change.
    PutTrace(TraceIdOf(1, row), {{"forward", 1'000 + row}, {"load", 100}, {"old", 5}});
    PutTrace(TraceIdOf(2, row), {{"forward", 1'500 + row}, {"forward", 500 + row}, {"load", 100}});
  }
  const store::ComparisonResult result =
      Compare(Evaluate(dataset, before), Evaluate(dataset, after));
  EXPECT_THAT(
      SpanMetrics(result),
      ElementsAre("span:forward.ratio", "span:forward.p50", "span:forward.p95", "span:forward.p99",
                  "span:load.ratio", "span:load.p50", "span:load.p95", "span:load.p99"));
  const Cell ratio = CellOf(result, "span:forward.ratio");
  EXPECT_EQ(ratio.num_rows, kRows);
  EXPECT_THAT(ratio.candidate, Optional(DoubleNear(2, kTolerance)));
  EXPECT_THAT(ratio.lower, Optional(DoubleNear(1, kTolerance)));
  EXPECT_THAT(ratio.upper, Optional(DoubleNear(1, kTolerance)));
  EXPECT_THAT(ratio.note, HasSubstr("UNPROVEN: the outputs do not say which machine"));
  // The smallest value that so many rows do not exceed: the 60th, 114th and 119th of 120.
  for (const auto& [id, rank] :
       {std::pair("span:forward.p50", 60), std::pair("span:forward.p95", 114),
        std::pair("span:forward.p99", 119)}) {
    const Cell quantile = CellOf(result, id);
    EXPECT_THAT(quantile.baseline, Optional(DoubleNear(999 + rank, kTolerance))) << id;
    EXPECT_THAT(quantile.candidate, Optional(DoubleNear(2 * (999 + rank), kTolerance))) << id;
    ASSERT_TRUE(quantile.lower.has_value() && quantile.upper.has_value()) << id;
    EXPECT_LE(*quantile.lower, *quantile.delta) << id;
    EXPECT_GE(*quantile.upper, *quantile.delta) << id;
  }
  EXPECT_THAT(CellOf(result, "span:load.ratio").candidate, Optional(1.0));
  EXPECT_THAT(result.warnings, ElementsAre(HasSubstr("times and costs are UNPROVEN")));
}

TEST_F(SpanLatencyTest, AQuantileOfSpansCanGate) {
  const auto [baseline, candidate] = EvaluateSlowed(120, 0);
  const Policy policy = {
      .gates = {AtMostTenPercent("span:forward.p95"), AtMostTenPercent("span:forward.p99.5")},
      .warmup_rows = 0};
  const store::ComparisonResult unproven = Compare(baseline, candidate, policy);
  ASSERT_EQ(unproven.gates.size(), 2U);
  EXPECT_EQ(unproven.gates[0].verdict, Verdict::kRefused);
  EXPECT_THAT(unproven.gates[0].reason, HasSubstr("which machine measured them"));
  const store::ComparisonResult judged =
      Compare(baseline, candidate, policy, /*allow_confounded=*/true);
  ASSERT_EQ(judged.gates.size(), 2U);
  EXPECT_EQ(judged.gates[0].verdict, Verdict::kRegressed) << judged.gates[0].reason;
  EXPECT_EQ(judged.gates[0].num_rows, 120);
  EXPECT_THAT(judged.gates[0].baseline, Optional(DoubleNear(1'113, kTolerance)));
  EXPECT_EQ(judged.gates[1].verdict, Verdict::kRegressed) << judged.gates[1].reason;
  EXPECT_THAT(SpanMetrics(judged), Contains("span:forward.p99.5"));
}

TEST_F(SpanLatencyTest, AGateOnSpansThatNoTraceHasIsRefused) {
  const auto [baseline, candidate] = EvaluateSlowed(40, 0);
  const store::ComparisonResult result =
      Compare(baseline, candidate, {.gates = {AtMostTenPercent("span:load.p50")}},
              /*allow_confounded=*/true);
  ASSERT_EQ(result.gates.size(), 1U);
  EXPECT_EQ(result.gates[0].verdict, Verdict::kRefused);
  EXPECT_THAT(result.gates[0].reason, HasSubstr("no row has spans of this name"));
}

TEST_F(SpanLatencyTest, AGateIsRefusedWhenACandidateLostItsTraces) {
  const auto [baseline, candidate] = EvaluateSlowed(100, 10);
  Policy policy = {
      .gates = {AtMostTenPercent("span:forward.p50")}, .min_coverage = 0.95, .warmup_rows = 0};
  const store::ComparisonResult refused =
      Compare(baseline, candidate, policy, /*allow_confounded=*/true);
  ASSERT_EQ(refused.gates.size(), 1U);
  EXPECT_EQ(refused.gates[0].verdict, Verdict::kRefused);
  EXPECT_THAT(refused.gates[0].reason, HasSubstr("90 % have the traces of both sides"));
  policy.min_coverage = 0.9;
  EXPECT_EQ(Compare(baseline, candidate, policy, /*allow_confounded=*/true).gates[0].verdict,
            Verdict::kRegressed);
}

TEST_F(SpanLatencyTest, AGateJudgesTheTracesThatAreThereNow) {
  const auto [baseline, candidate] = EvaluateSlowed(60, 60);
  const Policy policy = {.gates = {AtMostTenPercent("span:forward.p50")}, .warmup_rows = 0};
  EXPECT_EQ(Compare(baseline, candidate, policy, /*allow_confounded=*/true).gates[0].verdict,
            Verdict::kRefused);
  for (std::int64_t row = 0; row < 60; ++row) {
    PutTrace(TraceIdOf(2, row), {{"forward", 500}});
  }
  EXPECT_EQ(Compare(baseline, candidate, policy, /*allow_confounded=*/true).gates[0].verdict,
            Verdict::kPass);
}

TEST_F(SpanLatencyTest, AGateThatCannotBeIsRefusedAtOnce) {
  const auto [baseline, candidate] = EvaluateSlowed(4, 0);
  const auto complaint = [&, runs = std::pair(baseline, candidate)](const Gate& gate) {
    const auto comparison = scheduler_->Compare(store::kDefaultProject,
                                                {.baseline_run_id = runs.first,
                                                 .candidate_run_id = runs.second,
                                                 .policy = {.gates = {gate}}},
                                                {});
    EXPECT_EQ(comparison.status().code(), absl::StatusCode::kInvalidArgument);
    return std::string(comparison.status().message());
  };
  EXPECT_THAT(complaint(AtMostTenPercent("span:forward.ratio")),
              HasSubstr("gates[0].metric: 'span:forward.ratio': of span times quantiles gate"));
  EXPECT_THAT(complaint({.metric = "span:forward.p50",
                         .cohort = "",
                         .limit = 0.1,
                         .kind = LimitKind::kMaxRelativeDrop}),
              HasSubstr("gates[0]"));
  Gate of_cohort = AtMostTenPercent("span:forward.p50");
  of_cohort.cohort = "a=b";
  EXPECT_THAT(complaint(of_cohort), HasSubstr("gates[0].cohort"));
}

TEST_F(SpanLatencyTest, WarmUpLeavesOutTheRowsOfTheFirstOutputs) {
  const auto [baseline, candidate] = EvaluateSlowed(200, 0);
  const store::ComparisonResult result = Compare(baseline, candidate, {});
  EXPECT_EQ(CellOf(result, "span:forward.p50").num_rows, 198);
  EXPECT_THAT(result.warnings, Contains(HasSubstr("times leave out 2 examples as warm-up")));
}

TEST_F(SpanLatencyTest, SaysWhatIsLeftOut) {
  const store::Id dataset = PushExamples(4);
  std::vector<std::pair<std::string, std::int64_t>> spans;
  for (int i = 0; i < 7; ++i) {
    spans.emplace_back(absl::StrFormat("step %d", i), 10 * (i + 1));
  }
  for (const std::uint8_t side : {1, 2}) {
    PutTrace(TraceIdOf(side, 0), spans);
  }
  // Rows 0 and 1 name one trace, row 2 names one that never came, row 3 none that is an id.
  const store::ComparisonResult result =
      Compare(Evaluate(dataset, {TraceText(1, 0), TraceText(1, 0), TraceText(1, 2), "abcd"}),
              Evaluate(dataset, {TraceText(2, 0), TraceText(2, 1), TraceText(2, 2), "abcd"}));
  EXPECT_EQ(SpanMetrics(result).size(), 4 * run::kMaxSpanNames);
  EXPECT_EQ(SpanMetrics(result).front(), "span:step 6.ratio");
  EXPECT_EQ(CellOf(result, "span:step 6.ratio").num_rows, 1);
  EXPECT_THAT(result.warnings, Contains(HasSubstr("the 5 names with the most time, of 7")));
  EXPECT_THAT(result.warnings,
              Contains(HasSubstr("leave out 1 rows whose trace another row names")));
  EXPECT_THAT(result.warnings, Contains(HasSubstr("lack 2 traces that are not in the store")));
}

TEST_F(SpanLatencyTest, TracesThatLieElsewhereChangeNothing) {
  const store::Id dataset = PushExamples(2);
  const store::ComparisonResult result =
      Compare(Evaluate(dataset, {TraceText(1, 0), TraceText(1, 1)}),
              Evaluate(dataset, {TraceText(2, 0), TraceText(2, 1)}));
  EXPECT_THAT(SpanMetrics(result), IsEmpty());
  EXPECT_THAT(result.warnings, IsEmpty());
}

TEST_F(SpanLatencyTest, ReadsASampleOfManyTraces) {
  constexpr std::int64_t kRows = 2'500;
  const store::Id dataset = PushExamples(kRows);
  std::vector<std::string> before;
  std::vector<std::string> after;
  std::vector<store::SpanRecord> spans;
  for (std::int64_t row = 0; row < kRows; ++row) {
    before.push_back(TraceText(1, row));
    after.push_back(TraceText(2, row));
    for (const std::uint8_t side : {1, 2}) {
      store::SpanRecord& span = spans.emplace_back();
      span.trace_id = TraceIdOf(side, row);
      span.span_id[7] = 1;
      span.name = "predict";
      span.start_ns = 1'700'000'000'000'000'000;
      span.duration_ns = 1'000'000 * side;
    }
  }
  ASSERT_TRUE(bench_.store().traces().Append(store::kDefaultProject, std::move(spans)).ok());
  const store::ComparisonResult result =
      Compare(Evaluate(dataset, before), Evaluate(dataset, after));
  const Cell ratio = CellOf(result, "span:predict.ratio");
  EXPECT_EQ(ratio.num_rows, 2'000);
  EXPECT_THAT(ratio.candidate, Optional(DoubleNear(2, kTolerance)));
  EXPECT_THAT(result.warnings, Contains(HasSubstr("of 2000 rows, a sample at even distances")));
}

}  // namespace
}  // namespace assay::test
