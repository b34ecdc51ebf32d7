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

std::string GateText(const GateResult& gate) {
  std::string text = absl::StrFormat(
      "%s %s on %s; at most %.3g is allowed", NameOf(gate.gate.metric, gate.gate.cohort),
      Movement(gate.delta), Examples(gate.num_rows), gate.gate.max_drop);
  if (gate.verdict == Verdict::kInconclusive && gate.rows_needed.has_value()) {
    text.append(absl::StrFormat(", about %d examples would decide", *gate.rows_needed));
  }
  return text;
}

// The first gate that gave the verdict, and how many more there are.
std::string DecidingGates(const store::ComparisonResult& result) {
  const auto decides = [&](const GateResult& gate) {
    return gate.verdict == result.verdict && gate.gate.tier != Tier::kAdvisory;
  };
  const auto first = std::ranges::find_if(result.gates, decides);
  if (first == result.gates.end()) {
    return "";
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

// Names of what differs. How rows were paired in spite of it is no difference of its own.
std::string Fields(const std::vector<store::FieldDifference>& differences) {
  std::vector<std::string> fields;
  for (const store::FieldDifference& difference : differences) {
    if (difference.field != "pairing") {
      fields.push_back(difference.field);
    }
  }
  return absl::StrJoin(fields, ", ");
}

std::string Outcome(const store::ComparisonResult& result) {
  switch (result.verdict) {
    case Verdict::kRefused:
      return absl::StrFormat("Refused: the runs differ in %s", Fields(result.confounds));
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
  if (result.verdict != Verdict::kRefused && !result.confounds.empty()) {
    sentence.append(absl::StrFormat(" (although the runs differ in %s)", Fields(result.confounds)));
  }
  sentence.push_back('.');
  return sentence;
}

}  // namespace assay::run
