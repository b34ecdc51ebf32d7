#include "server/run/submission.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "evaluators/registry.h"
#include "server/base/status_macros.h"
#include "server/run/run_inputs.h"
#include "server/run/run_spec.h"
#include "server/run/score_columns.h"

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

const MetricDescriptor* FindMetric(const store::RunRecord& run, const std::string& id) {
  const auto found = std::ranges::find(run.metrics, id, &MetricDescriptor::id);
  return found == run.metrics.end() ? nullptr : &*found;
}

// Metrics that can gate.
std::string GateableMetrics(const store::RunRecord& run) {
  std::vector<std::string> ids;
  for (const MetricDescriptor& metric : run.metrics) {
    if (metric.direction != Direction::kNone && metric.kind != MetricKind::kCorpus) {
      ids.push_back(metric.id);
    }
  }
  return ListColumns(ids);
}

absl::Status CheckGateMetric(const Gate& gate, const store::RunRecord& baseline,
                             const store::RunRecord& candidate) {
  const MetricDescriptor* const before = FindMetric(baseline, gate.metric);
  const MetricDescriptor* const after = FindMetric(candidate, gate.metric);
  if (before == nullptr && after == nullptr) {
    return absl::InvalidArgumentError(absl::StrFormat("gate: unknown metric '%s'; there are %s",
                                                      gate.metric, GateableMetrics(candidate)));
  }
  if (before == nullptr || after == nullptr) {
    return absl::FailedPreconditionError(
        absl::StrFormat("gate: runs/%d has no metric '%s'; evaluate both runs alike",
                        before == nullptr ? baseline.id : candidate.id, gate.metric));
  }
  if (after->direction == Direction::kNone || after->kind == MetricKind::kCorpus) {
    return absl::InvalidArgumentError(
        absl::StrFormat("gate: metric '%s' has no %s; those that can gate are %s", gate.metric,
                        after->direction == Direction::kNone ? "direction" : "row scores",
                        GateableMetrics(candidate)));
  }
  return absl::OkStatus();
}

absl::Status CheckGates(store::Store& store, store::Id project, const ComparisonRequest& request,
                        const store::RunRecord& baseline, const store::RunRecord& candidate) {
  std::set<std::string> cohorts = {""};
  for (const store::Id run : {baseline.id, candidate.id}) {
    ASSAY_ASSIGN_OR_RETURN(const std::vector<store::SummaryRecord> summaries,
                           store.runs().ListSummaries(project, run));
    for (const store::SummaryRecord& summary : summaries) {
      cohorts.insert(summary.cohort);
    }
  }
  for (const Gate& gate : request.gates) {
    if (!std::isfinite(gate.max_drop) || gate.max_drop < 0) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "gate on '%s': max_drop must be a number >= 0, not %g", gate.metric, gate.max_drop));
    }
    ASSAY_RETURN_IF_ERROR(CheckGateMetric(gate, baseline, candidate));
    if (!cohorts.contains(gate.cohort)) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "gate on '%s': unknown cohort '%s', want COLUMN=VALUE", gate.metric, gate.cohort));
    }
    if (request.allow_confounded && FindMetric(baseline, gate.metric)->definition_id !=
                                        FindMetric(candidate, gate.metric)->definition_id) {
      return absl::FailedPreconditionError(absl::StrFormat(
          "gate on '%s': the runs define it differently; evaluate both again", gate.metric));
    }
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
  if (!(request.alpha > 0 && request.alpha < 0.5)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("alpha: must be above 0 and below 0.5, not %g", request.alpha));
  }
  ASSAY_ASSIGN_OR_RETURN(const store::RunRecord baseline,
                         GetSucceeded(store, project, request.baseline_run_id));
  ASSAY_ASSIGN_OR_RETURN(const store::RunRecord candidate,
                         GetSucceeded(store, project, request.candidate_run_id));
  ASSAY_RETURN_IF_ERROR(CheckGates(store, project, request, baseline, candidate));
  store::ComparisonRecord comparison;
  comparison.baseline_run_id = baseline.id;
  comparison.candidate_run_id = candidate.id;
  comparison.gates = request.gates;
  comparison.alpha = request.alpha;
  comparison.allow_confounded = request.allow_confounded;
  comparison.spec_digest = ComparisonSpecDigest(comparison);
  comparison.request_id = request.request_id;
  return comparison;
}

}  // namespace assay::run
