#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "evaluators/compare/comparison.h"
#include "evaluators/compare/gate_evidence.h"
#include "evaluators/compare/paired_summary.h"
#include "evaluators/statistics/interval.h"
#include "evaluators/statistics/multiplicity.h"

namespace assay {
namespace {

// Where a gate looks: its metric, and the cohort's column and value, or -1 for all rows.
struct GateTarget {
  std::size_t metric = 0;
  std::ptrdiff_t column = -1;
  std::ptrdiff_t value = -1;
};

absl::Status FindCohort(const Gate& gate, std::size_t index, std::span<const CohortColumn> cohorts,
                        GateTarget& target) {
  const std::size_t equals = gate.cohort.find('=');
  if (equals == std::string::npos) {
    return absl::InvalidArgumentError(
        absl::StrFormat("gates[%d].cohort: expected COLUMN=VALUE: '%s'", index, gate.cohort));
  }
  const std::string_view name = std::string_view(gate.cohort).substr(0, equals);
  const std::string_view value = std::string_view(gate.cohort).substr(equals + 1);
  const auto column = std::find_if(cohorts.begin(), cohorts.end(),
                                   [name](const CohortColumn& each) { return each.name == name; });
  if (column == cohorts.end()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("gates[%d].cohort: no such cohort column: '%s'", index, name));
  }
  const auto found = std::find(column->values.begin(), column->values.end(), value);
  if (found == column->values.end()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("gates[%d].cohort: no such cohort: '%s'", index, gate.cohort));
  }
  target.column = column - cohorts.begin();
  target.value = found - column->values.begin();
  return absl::OkStatus();
}

absl::StatusOr<GateTarget> FindTarget(const Gate& gate, std::size_t index,
                                      std::span<const PairedScores> scores,
                                      std::span<const CohortColumn> cohorts) {
  if (!std::isfinite(gate.max_drop) || gate.max_drop < 0) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "gates[%d].max_drop: must be finite and not negative: %g", index, gate.max_drop));
  }
  const auto metric = std::find_if(scores.begin(), scores.end(), [&gate](const PairedScores& each) {
    return each.metric.id == gate.metric;
  });
  if (metric == scores.end()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("gates[%d].metric: no such metric: '%s'", index, gate.metric));
  }
  if (metric->metric.direction == Direction::kNone) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "gates[%d].metric: has no better or worse, so it cannot gate: '%s'", index, gate.metric));
  }
  if (metric->metric.kind == MetricKind::kCorpus) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "gates[%d].metric: has no row scores, so it cannot gate: '%s'", index, gate.metric));
  }
  GateTarget target;
  target.metric = static_cast<std::size_t>(metric - scores.begin());
  if (!gate.cohort.empty()) {
    if (absl::Status status = FindCohort(gate, index, cohorts, target); !status.ok()) {
      return status;
    }
  }
  return target;
}

// Summary of every gate's cell: one pass over the rows for each metric.
std::vector<PairedSummary> SummarizeTargets(std::span<const GateTarget> targets,
                                            std::span<const PairedScores> scores,
                                            std::span<const CohortColumn> cohorts) {
  const ParallelFor serial = [](std::int64_t n, const std::function<void(std::int64_t)>& body) {
    for (std::int64_t i = 0; i < n; ++i) {
      body(i);
    }
  };
  std::vector<std::size_t> first_of_column;  // position of each column's first value
  std::size_t position = 1;
  for (const CohortColumn& cohort : cohorts) {
    first_of_column.push_back(position);
    position += cohort.values.size();
  }
  std::vector<PairedSummary> found(targets.size());
  for (std::size_t metric = 0; metric < scores.size(); ++metric) {
    const auto is_wanted = [metric](const GateTarget& target) { return target.metric == metric; };
    if (std::none_of(targets.begin(), targets.end(), is_wanted)) {
      continue;
    }
    const bool needs_cohorts = std::any_of(
        targets.begin(), targets.end(),
        [&](const GateTarget& target) { return is_wanted(target) && target.column >= 0; });
    const std::vector<PairedSummary> summaries = SummarizePairs(
        scores[metric], needs_cohorts ? cohorts : std::span<const CohortColumn>(), serial);
    for (std::size_t i = 0; i < targets.size(); ++i) {
      if (!is_wanted(targets[i])) {
        continue;
      }
      const std::size_t cell = targets[i].column < 0
                                   ? 0
                                   : first_of_column[static_cast<std::size_t>(targets[i].column)] +
                                         static_cast<std::size_t>(targets[i].value);
      found[i] = summaries[cell];
    }
  }
  return found;
}

// A signed amount in words, worse being negative.
std::string Amount(double amount) {
  return absl::StrFormat("%.4g %s", std::fabs(amount), amount > 0 ? "better" : "worse");
}

// `;` and the number of rows that would decide, or nothing.
std::string Outlook(const GateResult& result) {
  return result.rows_needed.has_value()
             ? absl::StrFormat("; about %d rows would decide", *result.rows_needed)
             : "";
}

// Judges one gate after the other; what they share is here.
class Judge {
 public:
  Judge(double alpha, std::int64_t min_rows, std::int64_t num_gates)
      : alpha_(alpha), min_rows_(min_rows), num_gates_(num_gates) {}

  // Everything but the verdict, which needs the adjusted p. `evidence` and `bounds` have the sign
  // of GateEvidence; the result has that of the metric.
  GateResult Measure(const Gate& gate, const GateEvidence& evidence,
                     const std::optional<GateBounds>& bounds, bool is_higher_better) const {
    GateResult result;
    result.gate = gate;
    result.num_rows = evidence.num_rows;
    if (evidence.num_rows > 0 && std::isfinite(evidence.delta)) {
      result.delta = is_higher_better ? evidence.delta : -evidence.delta;
    }
    if (bounds.has_value()) {
      result.lower = is_higher_better ? bounds->lower : -bounds->upper;
      result.upper = is_higher_better ? bounds->upper : -bounds->lower;
      if (evidence.num_rows >= min_rows_) {
        result.p = bounds->p;
      }
    }
    return result;
  }

  void Decide(const GateEvidence& evidence, const std::optional<GateBounds>& bounds,
              GateResult& result) const {
    result.verdict = Verdict::kInconclusive;
    const double margin = result.gate.max_drop;
    if (evidence.num_rows == 0) {
      result.reason = "no row has a score on both sides";
      return;
    }
    if (!result.delta.has_value()) {
      result.reason = "a score is infinite, so there is no mean difference";
      return;
    }
    if (evidence.num_rows < min_rows_) {
      result.rows_needed = RowsToDecide(evidence, margin, alpha_, num_gates_, min_rows_);
      result.reason = absl::StrFormat("%d rows are fewer than the %d that a verdict needs%s",
                                      evidence.num_rows, min_rows_, Outlook(result));
      return;
    }
    if (!bounds.has_value()) {
      result.reason =
          absl::StrFormat("all %d differences are equal, which is too few rows to bound the mean",
                          evidence.num_rows);
      return;
    }
    if (bounds->lower >= -margin) {
      DecideAboveMargin(evidence, *bounds, result);
    } else if (bounds->upper < -margin) {
      DecideBelowMargin(evidence, *bounds, result);
    } else {
      result.rows_needed =
          RowsToDecide(evidence, margin, alpha_, num_gates_, evidence.num_rows + 1);
      result.reason = absl::StrFormat(
          "between %s and %s (%g %% interval, %d rows), with the margin of %.4g inside%s",
          Amount(bounds->lower), Amount(bounds->upper), 100 * (1 - 2 * alpha_), evidence.num_rows,
          margin, Outlook(result));
    }
  }

 private:
  void DecideAboveMargin(const GateEvidence& evidence, const GateBounds& bounds,
                         GateResult& result) const {
    const double margin = result.gate.max_drop;
    if (HasFewDiscordantRows(evidence)) {
      const double most = ClopperPearsonUpper(evidence.num_worse, evidence.num_rows, alpha_);
      if (most > margin) {
        result.rows_needed =
            RowsToDecide(evidence, margin, alpha_, num_gates_, evidence.num_rows + 1);
        result.reason = absl::StrFormat(
            "%d of %d rows got worse, so up to %.4g may (exact %g %% bound), more than the margin "
            "of %.4g%s",
            evidence.num_worse, evidence.num_rows, most, 100 * (1 - alpha_), margin,
            Outlook(result));
        return;
      }
    }
    result.verdict = Verdict::kPass;
    result.reason = absl::StrFormat("%s %s (%g %% bound, %d rows), within the margin of %.4g",
                                    bounds.lower > 0 ? "at least" : "at most", Amount(bounds.lower),
                                    100 * (1 - alpha_), evidence.num_rows, margin);
  }

  void DecideBelowMargin(const GateEvidence& evidence, const GateBounds& bounds,
                         GateResult& result) const {
    const double margin = result.gate.max_drop;
    const std::string found =
        absl::StrFormat("at least %s (%g %% bound, %d rows), beyond the margin of %.4g",
                        Amount(bounds.upper), 100 * (1 - alpha_), evidence.num_rows, margin);
    const std::string adjusted =
        num_gates_ > 1 ? absl::StrFormat(" after Holm over %d gates", num_gates_) : "";
    if (*result.p_adjusted <= alpha_) {
      result.verdict = Verdict::kRegressed;
      result.reason = absl::StrFormat("%s; p = %.3g%s", found, *result.p_adjusted, adjusted);
      return;
    }
    result.rows_needed = RowsToDecide(evidence, margin, alpha_, num_gates_, evidence.num_rows + 1);
    result.reason = absl::StrFormat("%s, but p = %.3g%s%s", found, *result.p_adjusted, adjusted,
                                    Outlook(result));
  }

  const double alpha_;
  const std::int64_t min_rows_;
  const std::int64_t num_gates_;
};

// Fills p_adjusted. A gate without a test is one that cannot be rejected: its p counts as 1.
void AdjustOverGates(std::vector<GateResult>& results) {
  std::vector<double> p;
  p.reserve(results.size());
  for (const GateResult& result : results) {
    p.push_back(result.p.value_or(1));
  }
  const std::vector<double> adjusted = HolmAdjusted(p);
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (results[i].p.has_value()) {
      results[i].p_adjusted = adjusted[i];
    }
  }
}

GateResult PassIdentical(GateResult result) {
  result.verdict = Verdict::kPass;
  result.lower = result.delta;
  result.upper = result.delta;
  result.p.reset();
  result.reason = "identical outputs";
  return result;
}

}  // namespace

absl::StatusOr<std::vector<GateResult>> JudgeGates(std::span<const Gate> gates,
                                                   std::span<const PairedScores> scores,
                                                   std::span<const CohortColumn> cohorts,
                                                   double alpha, bool identical_outputs,
                                                   std::int64_t min_rows) {
  if (!(alpha > 0 && alpha < 0.5)) {
    return absl::InvalidArgumentError(absl::StrFormat("alpha: must be in (0, 0.5): %g", alpha));
  }
  std::vector<GateTarget> targets;
  for (std::size_t i = 0; i < gates.size(); ++i) {
    absl::StatusOr<GateTarget> target = FindTarget(gates[i], i, scores, cohorts);
    if (!target.ok()) {
      return std::move(target).status();
    }
    targets.push_back(*target);
  }
  const std::vector<PairedSummary> summaries = SummarizeTargets(targets, scores, cohorts);

  const Judge judge(alpha, min_rows, static_cast<std::int64_t>(gates.size()));
  std::vector<GateEvidence> evidence;
  std::vector<std::optional<GateBounds>> bounds;
  std::vector<GateResult> results;
  for (std::size_t i = 0; i < gates.size(); ++i) {
    const MetricDescriptor& metric = scores[targets[i].metric].metric;
    evidence.push_back(MakeGateEvidence(summaries[i], metric));
    bounds.push_back(BoundsOf(evidence[i], gates[i].max_drop, alpha));
    results.push_back(
        judge.Measure(gates[i], evidence[i], bounds[i], metric.direction == Direction::kHigher));
    if (identical_outputs) {
      results[i] = PassIdentical(std::move(results[i]));
    }
  }
  if (identical_outputs) {
    return results;
  }
  AdjustOverGates(results);
  for (std::size_t i = 0; i < gates.size(); ++i) {
    judge.Decide(evidence[i], bounds[i], results[i]);
  }
  return results;
}

Verdict OverallVerdict(std::span<const GateResult> gates) {
  const auto any = [gates](Verdict verdict, Tier least) {
    return std::any_of(gates.begin(), gates.end(), [&](const GateResult& result) {
      return result.verdict == verdict && result.gate.tier <= least;
    });
  };
  if (any(Verdict::kRefused, Tier::kSupporting)) {
    return Verdict::kRefused;
  }
  if (any(Verdict::kRegressed, Tier::kSupporting)) {
    return Verdict::kRegressed;
  }
  if (any(Verdict::kInconclusive, Tier::kCritical)) {
    return Verdict::kInconclusive;
  }
  return any(Verdict::kPass, Tier::kSupporting) ? Verdict::kPass : Verdict::kNone;
}

int ExitCode(Verdict verdict) {
  switch (verdict) {
    case Verdict::kNone:
    case Verdict::kPass:
      return 0;
    case Verdict::kRegressed:
      return 1;
    case Verdict::kRefused:
      return 3;
    case Verdict::kInconclusive:
      return 4;
  }
  return 70;
}

}  // namespace assay
