#include "server/run/judgement.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "server/base/status_macros.h"
#include "server/run/budgets.h"
#include "server/run/claim.h"
#include "server/run/time_metrics.h"
#include "server/run/verdict_text.h"

namespace assay::run {
namespace {

const MetricComparison* FindMetric(const store::ComparisonResult& result, std::string_view id) {
  const auto found = std::ranges::find_if(
      result.metrics, [id](const MetricComparison& metric) { return metric.metric.id == id; });
  return found == result.metrics.end() ? nullptr : &*found;
}

// Why times and costs of the two sides say nothing about the models; empty when one machine
// measured both.
std::string MachineDoubt(const ComparedRun& baseline, const ComparedRun& candidate) {
  const std::string& before = baseline.outputs.machine;
  const std::string& after = candidate.outputs.machine;
  if (before != after) {
    return absl::StrFormat("measured on different machines: '%s' against '%s'", before, after);
  }
  return before.empty() ? "the outputs do not say which machine measured them" : "";
}

// Why a gate on a corpus metric has no evidence; empty when it has, and for other metrics.
std::string UndrawnReason(const Gate& gate, const Evidence& evidence,
                          const store::ComparisonResult& result) {
  const MetricComparison* const metric = FindMetric(result, gate.metric);
  const bool is_drawn = std::ranges::any_of(evidence.draws, [&](const CorpusDraws& draws) {
    return draws.metric.id == gate.metric && draws.cohort == gate.cohort;
  });
  if (metric == nullptr || metric->metric.kind != MetricKind::kCorpus || is_drawn) {
    return "";
  }
  return metric->overall.note.empty()
             ? "the metric has no value here, or none that resampling could bound"
             : metric->overall.note;
}

// Why a gate cannot be judged, by position; empty text: it can.
std::vector<std::string> RefusedGates(const store::ComparisonRecord& comparison,
                                      const Evidence& evidence,
                                      const store::ComparisonResult& result) {
  std::string reason = MachineDoubt(evidence.baseline, evidence.candidate);
  if (!reason.empty()) {
    reason +=
        ": push outputs of one machine (assay outputs push --machine NAME) or compare with "
        "--allow-confounded";
  }
  std::vector<std::string> refusals;
  for (const Gate& gate : comparison.policy.gates) {
    const MetricComparison* const metric = FindMetric(result, gate.metric);
    const bool is_judged = reason.empty() || comparison.allow_confounded || metric == nullptr ||
                           !DependsOnMachine(metric->metric);
    refusals.push_back(is_judged ? UndrawnReason(gate, evidence, result) : reason);
  }
  return refusals;
}

void SayVerdict(Verdict verdict, store::ComparisonResult& result) {
  result.verdict = verdict;
  result.exit_code = ExitCode(result.verdict);
  result.summary = VerdictSentence(result);
}

}  // namespace

void MarkUnproven(const ComparedRun& baseline, const ComparedRun& candidate,
                  store::ComparisonResult& result) {
  const std::string doubt = MachineDoubt(baseline, candidate);
  bool is_any = false;
  for (MetricComparison& metric : result.metrics) {
    if (doubt.empty() || !DependsOnMachine(metric.metric)) {
      continue;
    }
    is_any = true;
    std::string& note = metric.overall.note;
    note = absl::StrFormat("UNPROVEN: %s%s%s", doubt, note.empty() ? "" : "; ", note);
  }
  if (is_any) {
    result.warnings.push_back(absl::StrFormat("times and costs are UNPROVEN: %s", doubt));
  }
}

void JudgeFairness(const store::ComparisonRecord& comparison, const ComparedRun& baseline,
                   const ComparedRun& candidate, bool is_expired, store::ComparisonResult& result) {
  result.confounds = FindConfounds(baseline, candidate);
  const std::vector<std::string>& allow_changed = comparison.policy.allow_changed;
  if (!allow_changed.empty()) {
    ClaimFindings findings = CheckClaim(allow_changed, baseline.model, candidate.model);
    std::ranges::move(findings.broken, std::back_inserter(result.confounds));
    result.unproven = std::move(findings.unproven);
    result.claim = ClaimText(allow_changed);
  }
  result.fairness = !result.confounds.empty()  ? store::Fairness::kConfounded
                    : !result.unproven.empty() ? store::Fairness::kUnproven
                                               : store::Fairness::kClean;
  result.model_differences = FindModelDifferences(baseline.model, candidate.model);
  result.identical_outputs = baseline.outputs.content_digest == candidate.outputs.content_digest &&
                             baseline.dataset.digest == candidate.dataset.digest &&
                             baseline.run.row_filter == candidate.run.row_filter;
  const bool is_unfair = result.fairness != store::Fairness::kClean && !comparison.allow_confounded;
  if (is_unfair || is_expired) {
    SayVerdict(Verdict::kRefused, result);
  }
}

absl::Status JudgeComparison(const store::ComparisonRecord& comparison, const Evidence& evidence,
                             const ParallelFor& parallel_for, store::ComparisonResult& result) {
  const std::vector<std::string> refusals = RefusedGates(comparison, evidence, result);
  const GateInputs inputs{.scores = evidence.scores,
                          .cohorts = evidence.cohorts,
                          .draws = evidence.draws,
                          .refusals = refusals,
                          .cluster_of = evidence.cluster_of,
                          .identical_outputs = result.identical_outputs};
  ASSAY_ASSIGN_OR_RETURN(result.gates, JudgeGates(comparison.policy, inputs, parallel_for));
  result.budgets = JudgeBudgets(comparison.policy, result);
  for (const MetricComparison& metric : result.metrics) {
    result.num_draws = std::max(result.num_draws, metric.overall.num_draws);
  }
  result.seed = result.num_draws > 0 ? kDefaultSeed : 0;
  SayVerdict(OverallVerdict(result.gates, result.budgets), result);
  return absl::OkStatus();
}

}  // namespace assay::run
