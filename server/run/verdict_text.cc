#include "server/run/verdict_text.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace assay::run {
namespace {

std::string Examples(std::int64_t count) {
  return absl::StrFormat("%d paired %s", count, count == 1 ? "example" : "examples");
}

std::string NameOf(const std::string& metric, const std::string& cohort) {
  return cohort.empty() ? metric : absl::StrFormat("%s in %s", metric, cohort);
}

// "fell by 0.0251", "rose by 3", "did not change", "has no pair".
std::string Movement(const std::optional<double>& delta) {
  if (!delta.has_value()) {
    return "has no pair";
  }
  if (*delta == 0) {
    return "did not change";
  }
  return absl::StrFormat("%s by %.3g", *delta < 0 ? "fell" : "rose", std::fabs(*delta));
}

// "at most 0.01 is allowed", "at most 2 % of the baseline's value is allowed".
std::string Allowed(const Gate& gate) {
  return IsRelative(gate.kind)
             ? absl::StrFormat("at most %.3g %% of the baseline's value is allowed",
                               100 * gate.limit)
             : absl::StrFormat("at most %.3g is allowed", gate.limit);
}

std::string GateText(const GateResult& gate) {
  const std::string name = NameOf(gate.gate.metric, gate.gate.cohort);
  if (gate.verdict == Verdict::kRefused) {
    return absl::StrFormat("%s: %s", name, gate.reason);
  }
  std::string text;
  if (gate.gate.kind == LimitKind::kMaxFlips || gate.gate.kind == LimitKind::kMaxChanged) {
    text = absl::StrFormat("%s %s in %.3g %% of %s; at most %.3g %% is allowed", name,
                           gate.gate.kind == LimitKind::kMaxFlips ? "broke" : "changed",
                           100 * gate.delta.value_or(0), Examples(gate.num_rows),
                           100 * gate.gate.limit);
  } else {
    text = absl::StrFormat("%s %s on %s; %s", name, Movement(gate.delta), Examples(gate.num_rows),
                           Allowed(gate.gate));
  }
  if (gate.verdict == Verdict::kInconclusive && gate.rows_needed.has_value()) {
    text.append(absl::StrFormat(", about %d examples would decide", *gate.rows_needed));
  }
  return text;
}

// The budget that gave the verdict, else the first gate that did, and how many more there are.
std::string DecidingGates(const store::ComparisonResult& result) {
  if (result.verdict != Verdict::kPass) {
    for (const BudgetResult& budget : result.budgets) {
      if (budget.verdict == result.verdict) {
        return budget.reason;
      }
    }
  }
  const auto decides = [&](const GateResult& gate) {
    return gate.verdict == result.verdict && gate.gate.tier != Tier::kAdvisory;
  };
  const auto first = std::ranges::find_if(result.gates, decides);
  if (first == result.gates.end()) {
    return result.budgets.empty() ? "" : result.budgets.front().reason;
  }
  std::string text = GateText(*first);
  if (const auto more = std::ranges::count_if(result.gates, decides) - 1; more > 0) {
    text.append(absl::StrFormat(", and %d more", more));
  }
  return text;
}

// Without a gate that decides: the first metric, and what flipped.
std::string Report(const store::ComparisonResult& result) {
  std::string text;
  if (result.metrics.empty()) {
    text = absl::StrFormat("%s and no metric in common", Examples(result.num_paired));
  } else {
    const MetricComparison& first = result.metrics.front();
    text = absl::StrFormat("%s %s on %s", first.metric.id, Movement(first.overall.delta),
                           Examples(first.overall.num_rows));
  }
  if (!result.flip_metric.empty()) {
    text.append(absl::StrFormat("; %d broken, %d fixed", result.num_broken, result.num_fixed));
  }
  return text;
}

// Names of what differs.
std::string Fields(const std::vector<store::FieldDifference>& differences) {
  std::vector<std::string> fields;
  fields.reserve(differences.size());
  for (const store::FieldDifference& difference : differences) {
    fields.push_back(difference.field);
  }
  return absl::StrJoin(fields, ", ");
}

// What stands in the way of a fair comparison.
std::string Unfairness(const store::ComparisonResult& result) {
  std::string text;
  if (!result.confounds.empty()) {
    text = absl::StrFormat("the runs differ in %s", Fields(result.confounds));
  }
  if (!result.unproven.empty()) {
    text.append(absl::StrFormat("%s\"%s\" is not proven: %s %s not declared",
                                text.empty() ? "" : " and ", result.claim, Fields(result.unproven),
                                result.unproven.size() == 1 ? "is" : "are"));
  }
  return text;
}

// Why there is nothing to judge: before anything was measured, or at a gate or budget.
std::string Refusal(const store::ComparisonResult& result) {
  if (!result.gates.empty() || !result.budgets.empty()) {
    return DecidingGates(result);
  }
  const std::string unfairness = Unfairness(result);
  return unfairness.empty() ? absl::StrJoin(result.warnings, "; ") : unfairness;
}

std::string Outcome(const store::ComparisonResult& result) {
  switch (result.verdict) {
    case Verdict::kRefused:
      return absl::StrFormat("Refused: %s", Refusal(result));
    case Verdict::kRegressed:
      return absl::StrFormat("Regressed: %s", DecidingGates(result));
    case Verdict::kInconclusive:
      return absl::StrFormat("Inconclusive: %s", DecidingGates(result));
    case Verdict::kPass:
      return result.identical_outputs ? std::string("Passed: the outputs are identical")
                                      : absl::StrFormat("Passed: %s", DecidingGates(result));
    case Verdict::kNone:
      return absl::StrFormat("No verdict: %s", Report(result));
  }
  return "";
}

}  // namespace

std::string VerdictSentence(const store::ComparisonResult& result) {
  std::string sentence = Outcome(result);
  if (result.verdict != Verdict::kRefused && (result.fairness == store::Fairness::kConfounded ||
                                              result.fairness == store::Fairness::kUnproven)) {
    sentence.append(absl::StrFormat(" (although %s)", Unfairness(result)));
  }
  sentence.push_back('.');
  return sentence;
}

}  // namespace assay::run
