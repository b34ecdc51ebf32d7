#include "server/run/submission.h"

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "evaluators/compare/gate.h"
#include "evaluators/compare/quantile_metric.h"
#include "evaluators/registry.h"
#include "server/base/clock.h"
#include "server/base/status_macros.h"
#include "server/run/answers.h"
#include "server/run/cohorts.h"
#include "server/run/named_spans.h"
#include "server/run/run_inputs.h"
#include "server/run/run_spec.h"
#include "server/run/score_columns.h"
#include "server/run/span_latency.h"

namespace assay::run {
namespace {

std::string_view StateName(store::RunState state) {
  switch (state) {
    case store::RunState::kQueued:
      return "QUEUED";
    case store::RunState::kRunning:
      return "RUNNING";
    case store::RunState::kSucceeded:
      return "SUCCEEDED";
    case store::RunState::kFailed:
      return "FAILED";
    case store::RunState::kCancelled:
      return "CANCELLED";
  }
  return "unknown";
}

std::string ListColumns(const std::vector<std::string>& names) {
  return names.empty() ? "none" : absl::StrJoin(names, ", ");
}

// The evaluators asked for, or those that fit, in canonical form.
absl::StatusOr<std::vector<std::string>> ChooseEvaluators(const RunRequest& request,
                                                          const ColumnTypes& types) {
  if (request.evaluators.empty()) {
    std::vector<std::string> specs = DefaultEvaluators(types);
    if (specs.empty()) {
      return absl::FailedPreconditionError(absl::StrFormat(
          "no evaluator fits the columns; the examples have: %s; the outputs have: %s",
          ListColumns(types.example_names), ListColumns(types.output_names)));
    }
    return specs;
  }
  std::vector<std::string> specs;
  for (const std::string& spec : request.evaluators) {
    ASSAY_ASSIGN_OR_RETURN(std::string complete, CompleteSpec(spec, types));
    if (std::ranges::find(specs, complete) == specs.end()) {
      specs.push_back(std::move(complete));
    }
  }
  return specs;
}

absl::StatusOr<std::vector<MetricDescriptor>> CheckedMetrics(const std::vector<std::string>& specs,
                                                             const ColumnTypes& types) {
  using Evaluators = std::vector<std::unique_ptr<const Evaluator>>;
  ASSAY_ASSIGN_OR_RETURN(const Evaluators evaluators, MakeEvaluators(specs));
  std::vector<MetricDescriptor> metrics;
  for (const auto& evaluator : evaluators) {
    ASSAY_RETURN_IF_ERROR(evaluator->Check(types));
    for (const MetricDescriptor& metric : evaluator->metrics()) {
      if (metric.id == kStatusColumn || metric.id.starts_with('$')) {
        return absl::InvalidArgumentError(
            absl::StrFormat("evaluator '%s': '%s' is no name for a metric; give it an instance",
                            evaluator->spec(), metric.id));
      }
      metrics.push_back(metric);
    }
  }
  return metrics;
}

// Metrics that can gate.
std::string GateableMetrics(const store::RunRecord& run) {
  std::vector<std::string> ids;
  for (const MetricDescriptor& metric : run.metrics) {
    if (metric.direction != Direction::kNone) {
      ids.push_back(metric.id);
    }
  }
  return ListColumns(ids);
}

std::optional<MetricDescriptor> FindMetric(std::span<const MetricDescriptor> metrics,
                                           const std::string& id) {
  const auto found = std::ranges::find(metrics, id, &MetricDescriptor::id);
  return found == metrics.end() ? std::nullopt : std::optional(*found);
}

// A metric that some evaluator computes.
std::optional<MetricDescriptor> FindKnownMetric(const std::string& id) {
  for (const std::string& name : EvaluatorNames()) {
    for (const std::string& spec : {name, absl::StrFormat("%s:%s", name, id)}) {
      const absl::StatusOr<std::unique_ptr<const Evaluator>> evaluator = MakeEvaluator(spec);
      if (!evaluator.ok()) {
        continue;
      }
      if (std::optional<MetricDescriptor> metric = FindMetric((*evaluator)->metrics(), id)) {
        return metric;
      }
    }
  }
  return std::nullopt;
}

// The metric whose quantile a gate names: of a run, else of some evaluator.
std::optional<MetricDescriptor> MetricOfQuantile(const QuantileName& quantile,
                                                 const store::RunRecord& baseline,
                                                 const store::RunRecord& candidate) {
  for (const store::RunRecord* const run : {&candidate, &baseline}) {
    if (std::optional<MetricDescriptor> metric = FindMetric(run->metrics, quantile.metric)) {
      return metric;
    }
  }
  return FindKnownMetric(quantile.metric);
}

// Why neither run has what a gate names.
absl::Status AbsentMetric(const Gate& gate, std::size_t index, const store::RunRecord& baseline,
                          const store::RunRecord& candidate) {
  constexpr std::string_view kRatio = ".ratio";
  if (gate.metric.ends_with(kRatio)) {
    const std::string base = gate.metric.substr(0, gate.metric.size() - kRatio.size());
    if (FindMetric(candidate.metrics, base).has_value()) {
      return absl::InvalidArgumentError(
          absl::StrFormat("gates[%d].metric: '%s' is only shown; gate on '%s' or '%s.p95' with "
                          "max_relative_increase",
                          index, gate.metric, base, base));
    }
  }
  std::optional<MetricDescriptor> known = FindKnownMetric(gate.metric);
  const std::optional<QuantileName> quantile = ParseQuantileName(gate.metric);
  if (!known.has_value() && quantile.has_value()) {
    known = MetricOfQuantile(*quantile, baseline, candidate);
    if (known.has_value() && known->kind != MetricKind::kMean) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "gates[%d].metric: '%s': %s metric has no quantile; gate on '%s' itself", index,
          gate.metric, known->kind == MetricKind::kBinaryMean ? "a binary" : "a corpus",
          quantile->metric));
    }
  }
  const std::string message =
      absl::StrFormat("gates[%d].metric: %s '%s'; there are %s", index,
                      known.has_value() ? "neither run has the metric" : "unknown metric",
                      gate.metric, GateableMetrics(candidate));
  return known.has_value() ? absl::FailedPreconditionError(message)
                           : absl::InvalidArgumentError(message);
}

// The descriptor that both runs have of a gate's metric. Which of two errors it is decides between
// a policy to mend and a run to make.
absl::StatusOr<MetricDescriptor> GateMetric(const Gate& gate, std::size_t index,
                                            const store::RunRecord& baseline,
                                            const store::RunRecord& candidate) {
  const std::optional<MetricDescriptor> before = FindGateMetric(baseline.metrics, gate.metric);
  const std::optional<MetricDescriptor> after = FindGateMetric(candidate.metrics, gate.metric);
  if (!before.has_value() && !after.has_value()) {
    return AbsentMetric(gate, index, baseline, candidate);
  }
  if (!before.has_value() || !after.has_value()) {
    return absl::FailedPreconditionError(
        absl::StrFormat("gates[%d].metric: runs/%d has no metric '%s'; evaluate both runs alike",
                        index, before.has_value() ? candidate.id : baseline.id, gate.metric));
  }
  if (before->definition_id != after->definition_id) {
    return absl::FailedPreconditionError(
        absl::StrFormat("gates[%d].metric: the runs define '%s' differently; evaluate both again",
                        index, gate.metric));
  }
  return *after;
}

absl::Status CheckBehaviorGate(store::Store& store, store::Id project, const Gate& gate,
                               std::size_t index, const store::RunRecord& baseline,
                               const store::RunRecord& candidate) {
  MetricDescriptor metric;
  metric.id = kBehaviorMetric;
  metric.direction = Direction::kLower;
  metric.kind = MetricKind::kBinaryMean;
  ASSAY_RETURN_IF_ERROR(CheckGate(gate, index, metric, /*is_averaged=*/false));
  ASSAY_ASSIGN_OR_RETURN(const RunInputs before,
                         OpenRunInputs(store, project, baseline.output_set_id));
  ASSAY_ASSIGN_OR_RETURN(const RunInputs after,
                         OpenRunInputs(store, project, candidate.output_set_id));
  return AnswerColumn(before, after).empty()
             ? absl::FailedPreconditionError(absl::StrFormat(
                   "gates[%d].metric: the outputs have no label, ranking or text in common", index))
             : absl::OkStatus();
}

// Times of spans need outputs that name traces.
absl::Status CheckTraceIds(store::Store& store, store::Id project, std::size_t index,
                           std::initializer_list<const store::RunRecord*> runs) {
  for (const store::RunRecord* const run : runs) {
    ASSAY_ASSIGN_OR_RETURN(const RunInputs inputs,
                           OpenRunInputs(store, project, run->output_set_id));
    if (FindColumn(inputs.output_columns, "trace_id") == nullptr) {
      return absl::FailedPreconditionError(absl::StrFormat(
          "gates[%d].metric: the outputs of runs/%d name no traces; push them with a column "
          "'trace_id'",
          index, run->id));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckGateMetric(store::Store& store, store::Id project, const Gate& gate,
                             std::size_t index, const store::RunRecord& baseline,
                             const store::RunRecord& candidate) {
  if (gate.metric == kBehaviorMetric) {
    return CheckBehaviorGate(store, project, gate, index, baseline, candidate);
  }
  if (IsSpanMetric(gate.metric)) {
    ASSAY_RETURN_IF_ERROR(CheckSpanGate(gate, index));
    return CheckTraceIds(store, project, index, {&baseline, &candidate});
  }
  ASSAY_ASSIGN_OR_RETURN(const MetricDescriptor metric,
                         GateMetric(gate, index, baseline, candidate));
  return CheckGate(gate, index, metric, metric.kind == MetricKind::kBinaryMean);
}

// Cohorts of both runs, and of the pairs asked for.
absl::StatusOr<std::set<std::string>> CohortNames(store::Store& store, store::Id project,
                                                  const store::RunRecord& baseline,
                                                  const store::RunRecord& candidate) {
  std::set<std::string> cohorts = {""};
  for (const store::Id run : {baseline.id, candidate.id}) {
    ASSAY_ASSIGN_OR_RETURN(const std::vector<store::SummaryRecord> summaries,
                           store.runs().ListSummaries(project, run));
    for (const store::SummaryRecord& summary : summaries) {
      cohorts.insert(summary.cohort);
    }
  }
  return cohorts;
}

absl::Status CheckCohortPairs(const ComparisonRequest& request, const RunInputs& inputs) {
  constexpr std::size_t kMaxPairs = 8;
  if (request.cohort_pairs.size() > kMaxPairs) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "cohort_pairs: %d of them, at most %d are taken", request.cohort_pairs.size(), kMaxPairs));
  }
  for (const std::string& text : request.cohort_pairs) {
    ASSAY_ASSIGN_OR_RETURN(const CohortPair pair, ParseCohortPair(text));
    for (const std::string& name : {pair.first, pair.second}) {
      if (FindColumn(inputs.example_columns, absl::StrFormat("cohort.%s", name)) == nullptr) {
        return absl::InvalidArgumentError(
            absl::StrFormat("cohort_pairs: no such cohort column: '%s'", name));
      }
    }
  }
  return absl::OkStatus();
}

// A gate may name a cohort, or a pair of cohorts whose columns were asked for.
absl::Status CheckGateCohort(const Gate& gate, std::size_t index,
                             const std::set<std::string>& cohorts,
                             const std::vector<std::string>& cohort_pairs) {
  if (cohorts.contains(gate.cohort)) {
    return absl::OkStatus();
  }
  for (const std::string& text : cohort_pairs) {
    ASSAY_ASSIGN_OR_RETURN(const CohortPair pair, ParseCohortPair(text));
    const std::size_t second = gate.cohort.find(absl::StrFormat(",%s=", pair.second));
    if (gate.cohort.starts_with(pair.first + "=") && second != std::string::npos &&
        cohorts.contains(gate.cohort.substr(0, second)) &&
        cohorts.contains(gate.cohort.substr(second + 1))) {
      return absl::OkStatus();
    }
  }
  return absl::InvalidArgumentError(absl::StrFormat(
      "gates[%d].cohort: no example belongs to '%s'; want COLUMN=VALUE, or a pair of a column pair "
      "that is compared",
      index, gate.cohort));
}

absl::Status CheckGates(store::Store& store, store::Id project, const ComparisonRequest& request,
                        const store::RunRecord& baseline, const store::RunRecord& candidate) {
  ASSAY_ASSIGN_OR_RETURN(const std::set<std::string> cohorts,
                         CohortNames(store, project, baseline, candidate));
  const std::vector<Gate>& gates = request.policy.gates;
  for (std::size_t i = 0; i < gates.size(); ++i) {
    ASSAY_RETURN_IF_ERROR(CheckGateMetric(store, project, gates[i], i, baseline, candidate));
    ASSAY_RETURN_IF_ERROR(CheckGateCohort(gates[i], i, cohorts, request.cohort_pairs));
  }
  return absl::OkStatus();
}

absl::StatusOr<store::RunRecord> GetSucceeded(store::Store& store, store::Id project,
                                              store::Id run) {
  ASSAY_ASSIGN_OR_RETURN(store::RunRecord record, store.runs().GetRun(project, run));
  if (record.state != store::RunState::kSucceeded) {
    return absl::FailedPreconditionError(
        absl::StrFormat("runs/%d has not succeeded: it is %s", run, StateName(record.state)));
  }
  return record;
}

// Days since the baseline was set, or -1 once it has expired: what a report says of a baseline
// changes with time, so an older comparison must not stand in for it. 0 without a baseline.
absl::StatusOr<std::int64_t> BaselineAge(store::Store& store, store::Id project,
                                         const ComparisonRequest& request) {
  constexpr std::int64_t kUsPerDay = std::int64_t{24} * 3600 * 1'000'000;
  if (request.baseline_id == 0) {
    return 0;
  }
  ASSAY_ASSIGN_OR_RETURN(const store::BaselineRecord baseline,
                         store.baselines().Get(project, request.baseline_id));
  const std::int64_t now_us = SystemClock().NowUs();
  return baseline.expires_us.has_value() && *baseline.expires_us <= now_us
             ? -1
             : (now_us - baseline.created_us) / kUsPerDay;
}

// A gate on span times judges what traces the store has now, so an older comparison must not stand
// in for a new one. 0 without such a gate.
std::int64_t TimeOfTraces(const Policy& policy) {
  const bool needs_traces =
      std::ranges::any_of(policy.gates, [](const Gate& gate) { return IsSpanMetric(gate.metric); });
  return needs_traces ? SystemClock().NowUs() : 0;
}

}  // namespace

absl::StatusOr<store::RunRecord> MakeRun(store::Store& store, store::Id project,
                                         const RunRequest& request) {
  ASSAY_ASSIGN_OR_RETURN(const RunInputs inputs,
                         OpenRunInputs(store, project, request.output_set_id));
  ASSAY_ASSIGN_OR_RETURN(const RowFilter filter, ParseRowFilter(request.row_filter));
  ASSAY_RETURN_IF_ERROR(CheckRowFilter(filter, inputs));
  const ColumnTypes types = TypesOf(inputs);
  store::RunRecord run;
  run.dataset_version_id = inputs.dataset.id;
  run.output_set_id = inputs.outputs.id;
  run.model_version_id = inputs.outputs.model_version_id;
  run.row_filter = RowFilterText(filter);
  ASSAY_ASSIGN_OR_RETURN(run.evaluators, ChooseEvaluators(request, types));
  ASSAY_ASSIGN_OR_RETURN(run.metrics, CheckedMetrics(run.evaluators, types));
  run.spec_digest = RunSpecDigest(inputs.dataset.digest, inputs.outputs.digest, run.row_filter,
                                  run.evaluators, run.metrics);
  run.num_rows = inputs.dataset.num_rows;
  run.request_id = request.request_id;
  return run;
}

absl::StatusOr<store::ComparisonRecord> MakeComparison(store::Store& store, store::Id project,
                                                       const ComparisonRequest& request) {
  if (!(request.policy.alpha > 0 && request.policy.alpha < 0.5)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("alpha: must be above 0 and below 0.5, not %g", request.policy.alpha));
  }
  ASSAY_ASSIGN_OR_RETURN(const store::RunRecord baseline,
                         GetSucceeded(store, project, request.baseline_run_id));
  ASSAY_ASSIGN_OR_RETURN(const store::RunRecord candidate,
                         GetSucceeded(store, project, request.candidate_run_id));
  ASSAY_RETURN_IF_ERROR(CheckGates(store, project, request, baseline, candidate));
  ASSAY_ASSIGN_OR_RETURN(const RunInputs inputs,
                         OpenRunInputs(store, project, candidate.output_set_id));
  ASSAY_RETURN_IF_ERROR(CheckCohortPairs(request, inputs));
  store::ComparisonRecord comparison;
  comparison.baseline_run_id = baseline.id;
  comparison.candidate_run_id = candidate.id;
  comparison.policy = request.policy;
  comparison.allow_confounded = request.allow_confounded;
  comparison.cohort_pairs = request.cohort_pairs;
  comparison.find_slices = request.find_slices;
  comparison.baseline_id = request.baseline_id;
  ASSAY_ASSIGN_OR_RETURN(const RunInputs baseline_inputs,
                         OpenRunInputs(store, project, baseline.output_set_id));
  ComparisonFacts facts{.baseline_days = 0,
                        .traces_us = TimeOfTraces(request.policy),
                        .num_spans = 0,
                        .baseline_machine = baseline_inputs.outputs.machine,
                        .candidate_machine = inputs.outputs.machine};
  ASSAY_ASSIGN_OR_RETURN(facts.num_spans, CountNamedSpans(store, baseline_inputs, inputs));
  ASSAY_ASSIGN_OR_RETURN(facts.baseline_days, BaselineAge(store, project, request));
  comparison.spec_digest = ComparisonSpecDigest(comparison, facts);
  comparison.request_id = request.request_id;
  return comparison;
}

}  // namespace assay::run
