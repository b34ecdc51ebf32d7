#include "evaluators/compare/gate.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "evaluators/compare/gate_evidence.h"
#include "evaluators/compare/gate_target.h"
#include "evaluators/statistics/interval.h"
#include "evaluators/statistics/multiplicity.h"

namespace assay {
namespace {

// A signed amount in words, worse being negative.
std::string Amount(double amount) {
  return absl::StrFormat("%.4g %s", std::fabs(amount), amount > 0 ? "better" : "worse");
}

// "400 rows", or "400 rows in 20 groups".
std::string RowsText(const GateFinding& finding) {
  return finding.evidence.has_clusters
             ? absl::StrFormat("%d rows in %d groups", finding.num_rows, finding.evidence.num_rows)
             : absl::StrFormat("%d rows", finding.num_rows);
}

// `;` and the number of rows that would decide, or nothing.
std::string Outlook(const GateFinding& finding, const GateResult& result) {
  if (!result.rows_needed.has_value()) {
    return "";
  }
  if (!finding.evidence.has_clusters) {
    return absl::StrFormat("; about %d rows would decide", *result.rows_needed);
  }
  const double rows_a_group =
      static_cast<double>(finding.num_rows) / static_cast<double>(finding.evidence.num_rows);
  return absl::StrFormat("; about %d rows in %.0f groups would decide", *result.rows_needed,
                         static_cast<double>(*result.rows_needed) / rows_a_group);
}

// Judges one gate after the other; what they share is here.
class Judge {
 public:
  Judge(const Policy& policy, std::int64_t num_corrected)
      : policy_(policy), num_corrected_(num_corrected) {}

  double Alpha(const Gate& gate) const { return gate.alpha.value_or(policy_.alpha); }
  std::int64_t MinRows(const Gate& gate) const { return gate.min_rows.value_or(policy_.min_rows); }

  // Everything but the verdict, which needs the adjusted p. `finding` and `bounds` have the sign of
  // GateEvidence; the result has that of the metric. A share has no sign: it is its own delta.
  GateResult Measure(const Gate& gate, const GateFinding& finding,
                     const std::optional<GateBounds>& bounds, bool is_higher_better) const {
    const GateEvidence& evidence = finding.evidence;
    const auto delta_of = [&](double found) {
      return is_higher_better ? found - finding.allowance : finding.allowance - found;
    };
    GateResult result;
    result.gate = gate;
    result.num_rows = finding.num_rows;
    result.baseline = finding.baseline;
    result.candidate = finding.candidate;
    result.method = EvidenceMethod(evidence);
    if (evidence.num_rows > 0 && std::isfinite(evidence.delta)) {
      result.delta = delta_of(evidence.delta);
      result.margin = finding.margin + finding.allowance;
    }
    if (bounds.has_value()) {
      result.lower = delta_of(is_higher_better ? bounds->lower : bounds->upper);
      result.upper = delta_of(is_higher_better ? bounds->upper : bounds->lower);
      if (evidence.num_rows >= MinRows(gate)) {
        result.p = bounds->p;
      }
    }
    return result;
  }

  void Decide(const GateFinding& finding, const std::optional<GateBounds>& bounds,
              GateResult& result) const {
    const GateEvidence& evidence = finding.evidence;
    const double alpha = Alpha(result.gate);
    const std::int64_t min_rows = MinRows(result.gate);
    result.verdict = Verdict::kInconclusive;
    if (evidence.num_rows == 0) {
      result.reason = "no row has a score on both sides";
      return;
    }
    if (!result.delta.has_value()) {
      result.reason = "a score is infinite, so there is no mean difference";
      return;
    }
    if (evidence.num_rows < min_rows) {
      Plan(finding, min_rows, result);
      const std::string exact =
          HasFewDiscordantRows(evidence) || evidence.kind == EvidenceKind::kShare
              ? "; " + ExactBoundText(finding, alpha)
              : std::string();
      result.reason = absl::StrFormat("%d %s are fewer than the %d that a verdict needs%s%s",
                                      evidence.num_rows, evidence.has_clusters ? "groups" : "rows",
                                      min_rows, exact, Outlook(finding, result));
      return;
    }
    if (!bounds.has_value()) {
      result.reason =
          evidence.kind == EvidenceKind::kDraws
              ? std::string("the metric has no value in any draw of the rows")
              : absl::StrFormat(
                    "all %d differences are equal, which is too few rows to bound the mean",
                    evidence.num_rows);
      return;
    }
    if (NeedsMoreRowsToPass(finding, *bounds, alpha)) {
      Plan(finding, evidence.num_rows + 1, result);
      result.reason =
          absl::StrFormat("%s, more than the margin of %s%s", ExactBoundText(finding, alpha),
                          MarginOf(result), Outlook(finding, result));
    } else if (bounds->lower >= -finding.margin) {
      DecideAboveMargin(finding, *bounds, result);
    } else if (bounds->upper < -finding.margin) {
      DecideBelowMargin(finding, *bounds, result);
    } else {
      Plan(finding, evidence.num_rows + 1, result);
      result.reason = absl::StrFormat(
          "%s (%g %% interval, %s), with the margin of %s inside%s", IntervalText(finding, *bounds),
          100 * (1 - 2 * alpha), RowsText(finding), MarginOf(result), Outlook(finding, result));
    }
  }

 private:
  // With few changed rows the exact bound of the rows that got worse must be within the margin, or
  // the gate does not pass. Where the interval leaves the gate undecided anyway, it says more,
  // unless no row changed at all.
  static bool NeedsMoreRowsToPass(const GateFinding& finding, const GateBounds& bounds,
                                  double alpha) {
    const GateEvidence& evidence = finding.evidence;
    const bool would_pass = bounds.lower >= -finding.margin;
    const bool is_unchanged = evidence.num_worse + evidence.num_better == 0;
    return HasFewDiscordantRows(evidence) && (would_pass || is_unchanged) &&
           ExactWorseBound(evidence, alpha) > finding.margin;
  }

  // `0 of 10 rows got worse, so up to 25.9 % may (exact 95 % bound)`.
  static std::string ExactBoundText(const GateFinding& finding, double alpha) {
    return absl::StrFormat("%d of %s got worse, so up to %.3g %% may (exact %g %% bound)",
                           finding.evidence.num_worse, RowsText(finding),
                           100 * ExactWorseBound(finding.evidence, alpha), 100 * (1 - alpha));
  }

  // A bound of the evidence in words: "0.01 worse", for shares "2.1 % of rows".
  static std::string AmountOf(const GateFinding& finding, double bound) {
    if (finding.is_share) {
      return absl::StrFormat("%.4g %% of rows", -100 * bound);
    }
    return Amount(bound - finding.allowance);
  }

  // From little to much where both bounds are of one kind, else from worse to better.
  static std::string IntervalText(const GateFinding& finding, const GateBounds& bounds) {
    std::string worst = AmountOf(finding, bounds.lower);
    std::string best = AmountOf(finding, bounds.upper);
    const bool is_worse_throughout = finding.is_share || bounds.upper - finding.allowance <= 0;
    return is_worse_throughout ? absl::StrFormat("between %s and %s", best, worst)
                               : absl::StrFormat("between %s and %s", worst, best);
  }

  static std::string MarginOf(const GateResult& result) {
    const Gate& gate = result.gate;
    if (IsShare(gate)) {
      return absl::StrFormat("%.4g %%", 100 * gate.limit);
    }
    if (IsRelative(gate.kind)) {
      return absl::StrFormat("%.4g (%.4g %% of the baseline)", *result.margin, 100 * gate.limit);
    }
    return absl::StrFormat("%.4g", gate.limit);
  }

  void Plan(const GateFinding& finding, std::int64_t least_rows, GateResult& result) const {
    result.rows_needed = RowsToDecide(finding.evidence, finding.margin, Alpha(result.gate),
                                      num_corrected_, least_rows);
    if (result.rows_needed.has_value() && finding.evidence.has_clusters) {
      // So many clusters of the size that they have now.
      const double rows_a_group =
          static_cast<double>(finding.num_rows) / static_cast<double>(finding.evidence.num_rows);
      result.rows_needed = static_cast<std::int64_t>(
          std::ceil(static_cast<double>(*result.rows_needed) * rows_a_group));
    }
  }

  void DecideAboveMargin(const GateFinding& finding, const GateBounds& bounds,
                         GateResult& result) const {
    const double alpha = Alpha(result.gate);
    const bool is_better = !finding.is_share && bounds.lower - finding.allowance > 0;
    result.verdict = Verdict::kPass;
    result.reason = absl::StrFormat(
        "%s %s (%g %% bound, %s), within the margin of %s", is_better ? "at least" : "at most",
        AmountOf(finding, bounds.lower), 100 * (1 - alpha), RowsText(finding), MarginOf(result));
  }

  void DecideBelowMargin(const GateFinding& finding, const GateBounds& bounds,
                         GateResult& result) const {
    const double alpha = Alpha(result.gate);
    const std::string found = absl::StrFormat(
        "at least %s (%g %% bound, %s), beyond the margin of %s", AmountOf(finding, bounds.upper),
        100 * (1 - alpha), RowsText(finding), MarginOf(result));
    const std::string adjusted =
        num_corrected_ > 1 ? absl::StrFormat(" after Holm over %d gates", num_corrected_) : "";
    if (*result.p_adjusted <= alpha) {
      result.verdict = Verdict::kRegressed;
      result.reason = absl::StrFormat("%s; p = %.3g%s", found, *result.p_adjusted, adjusted);
      return;
    }
    Plan(finding, finding.evidence.num_rows + 1, result);
    result.reason = absl::StrFormat("%s, but p = %.3g%s%s", found, *result.p_adjusted, adjusted,
                                    Outlook(finding, result));
  }

  const Policy& policy_;
  const std::int64_t num_corrected_;  // gates that the correction counts; 1 without correction
};

// Fills p_adjusted. A gate without a test is one that cannot be rejected: its p counts as 1.
void AdjustOverGates(Correction correction, std::vector<GateResult>& results) {
  std::vector<double> p;
  p.reserve(results.size());
  for (const GateResult& result : results) {
    p.push_back(result.p.value_or(1));
  }
  const std::vector<double> adjusted = correction == Correction::kHolm ? HolmAdjusted(p) : p;
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
  result.method = "none";
  result.reason = "identical outputs";
  return result;
}

GateResult Refuse(const Gate& gate, const std::string& reason) {
  GateResult result;
  result.gate = gate;
  result.verdict = Verdict::kRefused;
  result.reason = reason;
  return result;
}

absl::Status CheckAlpha(double alpha) {
  return alpha > 0 && alpha < 0.5
             ? absl::OkStatus()
             : absl::InvalidArgumentError(absl::StrFormat("alpha: must be in (0, 0.5): %g", alpha));
}

}  // namespace

absl::StatusOr<std::vector<GateResult>> JudgeGates(const Policy& policy, const GateInputs& inputs,
                                                   const ParallelFor& parallel_for) {
  const std::vector<Gate>& gates = policy.gates;
  const bool corrects = policy.correction == Correction::kHolm;
  const Judge judge(policy, corrects ? static_cast<std::int64_t>(gates.size()) : 1);
  if (absl::Status status = CheckAlpha(policy.alpha); !status.ok()) {
    return status;
  }
  for (const Gate& gate : gates) {
    if (absl::Status status = CheckAlpha(judge.Alpha(gate)); !status.ok()) {
      return status;
    }
  }
  const absl::StatusOr<std::vector<GateTarget>> targets = FindTargets(gates, inputs);
  if (!targets.ok()) {
    return targets.status();
  }
  const std::vector<GateFinding> findings = FindEvidence(gates, *targets, inputs, parallel_for);

  std::vector<std::optional<GateBounds>> bounds;
  std::vector<GateResult> results;
  for (std::size_t i = 0; i < gates.size(); ++i) {
    const GateTarget& target = (*targets)[i];
    if (target.is_refused) {
      bounds.emplace_back();
      results.push_back(Refuse(gates[i], inputs.refusals[i]));
      continue;
    }
    bounds.push_back(BoundsOf(findings[i].evidence, findings[i].margin, judge.Alpha(gates[i])));
    const bool is_higher_better =
        target.metric->direction == Direction::kHigher && !IsShare(gates[i]);
    results.push_back(judge.Measure(gates[i], findings[i], bounds[i], is_higher_better));
    if (inputs.identical_outputs) {
      results[i] = PassIdentical(std::move(results[i]));
    }
  }
  if (inputs.identical_outputs) {
    return results;
  }
  AdjustOverGates(policy.correction, results);
  for (std::size_t i = 0; i < gates.size(); ++i) {
    if (!(*targets)[i].is_refused) {
      judge.Decide(findings[i], bounds[i], results[i]);
    }
  }
  return results;
}

Verdict OverallVerdict(std::span<const GateResult> gates, std::span<const BudgetResult> budgets) {
  const auto any = [&](Verdict verdict, Tier least) {
    return std::ranges::any_of(gates,
                               [&](const GateResult& result) {
                                 return result.verdict == verdict && result.gate.tier <= least;
                               }) ||
           std::ranges::any_of(
               budgets, [&](const BudgetResult& result) { return result.verdict == verdict; });
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
