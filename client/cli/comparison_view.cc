#include "client/cli/comparison_view.h"

#include <algorithm>
#include <cctype>

#include "absl/strings/str_format.h"
#include "client/cli/duration_text.h"
#include "client/cli/resource_tables.h"
#include "client/cli/text_width.h"
#include "client/cpp/references.h"
#include "evaluators/statistics/sign_flip.h"

namespace assay::cli {
namespace {

std::string UpperCase(std::string_view text) {
  std::string upper(text);
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return upper;
}

std::string DifferenceText(const v1::FieldDifference& difference, bool uses_unicode) {
  const auto value = [](const std::string& text) {
    return text.empty() ? std::string("(none)") : OneLine(text);
  };
  return absl::StrFormat("%s %s %s %s", OneLine(difference.field()), value(difference.baseline()),
                         uses_unicode ? "→" : "->", value(difference.candidate()));
}

// `effect size -0.18, 80 % power for 1.61 pp`; empty without an effect size.
std::string EffectText(const v1::Metric& metric, const v1::Cell& cell) {
  if (!cell.has_effect_size()) {
    return "";
  }
  std::string text = absl::StrFormat("effect size %.2g", cell.effect_size());
  const std::string smallest = StyleOf(metric).Delta(Optional(
      cell, &v1::Cell::has_minimum_detectable_effect, &v1::Cell::minimum_detectable_effect));
  // A size has no sign; one that rounds to 0 would say nothing.
  if (smallest.starts_with('+')) {
    text += absl::StrFormat(", 80 %% power for %s", smallest.substr(1));
  }
  return text;
}

// `permutation p = 0.0098 ± 0.00099 (Monte-Carlo error, 10,000 draws)`; empty where none was made.
std::string PermutationText(const v1::Cell& cell, bool uses_unicode) {
  if (!cell.has_permutation_p()) {
    return "";
  }
  const double p = cell.permutation_p();
  return cell.num_draws() == 0
             ? absl::StrFormat("permutation p = %.2g (exact)", p)
             : absl::StrFormat("permutation p = %.2g %s %.2g (Monte-Carlo error, %s draws)", p,
                               uses_unicode ? "±" : "+-", MonteCarloError(p, cell.num_draws()),
                               CountText(cell.num_draws()));
}

// The note of all metrics that have one, when they are several and agree; else empty.
std::string SharedNote(const v1::Comparison& comparison) {
  std::string shared;
  int num_notes = 0;
  for (const v1::MetricComparison& metric : comparison.metrics()) {
    const std::string& note = metric.overall().note();
    if (note.empty()) {
      continue;
    }
    if (++num_notes > 1 && note != shared) {
      return "";
    }
    shared = note;
  }
  return num_notes > 1 ? shared : "";
}

// From the outcome that weighs least.
int SeverityOf(v1::Verdict verdict) {
  switch (verdict) {
    case v1::VERDICT_REFUSED:
      return 3;
    case v1::VERDICT_REGRESSED:
      return 2;
    case v1::VERDICT_INCONCLUSIVE:
      return 1;
    default:
      return 0;
  }
}

}  // namespace

std::optional<double> P(const v1::Cell& cell) {
  return Optional(cell, &v1::Cell::has_p, &v1::Cell::p);
}

std::optional<double> Q(const v1::Cell& cell) {
  return Optional(cell, &v1::Cell::has_q, &v1::Cell::q);
}

std::optional<double> Baseline(const v1::Cell& cell) {
  return Optional(cell, &v1::Cell::has_baseline, &v1::Cell::baseline);
}

std::optional<double> Candidate(const v1::Cell& cell) {
  return Optional(cell, &v1::Cell::has_candidate, &v1::Cell::candidate);
}

std::optional<double> AdjustedP(const v1::GateResult& result) {
  return Optional(result, &v1::GateResult::has_p_adjusted, &v1::GateResult::p_adjusted);
}

MetricStyle StyleOf(const v1::Metric& metric) {
  return MetricStyle(metric.kind() == v1::METRIC_KIND_BINARY_MEAN, metric.unit());
}

const v1::MetricComparison* FindMetric(const v1::Comparison& comparison, std::string_view id) {
  for (const v1::MetricComparison& metric : comparison.metrics()) {
    if (metric.metric().id() == id) {
      return &metric;
    }
  }
  return nullptr;
}

double Signed(const v1::Metric& metric, double delta) {
  switch (metric.direction()) {
    case v1::DIRECTION_HIGHER:
      return delta;
    case v1::DIRECTION_LOWER:
      return -delta;
    default:
      return 0;
  }
}

std::optional<Ink> InkOf(v1::Verdict verdict) {
  switch (verdict) {
    case v1::VERDICT_PASS:
      return Ink::kGreen;
    case v1::VERDICT_REGRESSED:
    case v1::VERDICT_REFUSED:
      return Ink::kRed;
    case v1::VERDICT_INCONCLUSIVE:
      return Ink::kYellow;
    default:
      return std::nullopt;
  }
}

std::string_view VerdictWord(v1::Verdict verdict) {
  switch (verdict) {
    case v1::VERDICT_PASS:
      return "pass";
    case v1::VERDICT_REGRESSED:
      return "regressed";
    case v1::VERDICT_INCONCLUSIVE:
      return "inconclusive";
    case v1::VERDICT_REFUSED:
      return "refused";
    default:
      return "none";
  }
}

std::string MarkedVerdict(v1::Verdict verdict, bool uses_unicode) {
  std::string word(VerdictWord(verdict));
  switch (verdict) {
    case v1::VERDICT_PASS:
      return (uses_unicode ? "✓ " : "+ ") + word;
    case v1::VERDICT_REGRESSED:
    case v1::VERDICT_REFUSED:
      return (uses_unicode ? "✗ " : "x ") + word;
    case v1::VERDICT_INCONCLUSIVE:
      return "? " + word;
    default:
      return word;
  }
}

std::string Headline(const v1::Comparison& comparison) {
  if (comparison.state() == v1::Comparison::FAILED) {
    return "FAILED";
  }
  if (comparison.verdict() == v1::VERDICT_UNSPECIFIED) {
    return "NO GATE";
  }
  return UpperCase(VerdictWord(comparison.verdict()));
}

const std::string& Sentence(const v1::Comparison& comparison) {
  return comparison.state() == v1::Comparison::FAILED ? comparison.error() : comparison.summary();
}

std::string Sides(const v1::Comparison& comparison, bool uses_unicode) {
  return absl::StrFormat("%s %s %s", client::ShortName(comparison.baseline_model_version()),
                         uses_unicode ? "→" : "->",
                         client::ShortName(comparison.candidate_model_version()));
}

std::string DataText(const v1::Comparison& comparison, bool uses_unicode) {
  const std::string dataset = client::ShortName(comparison.dataset_version());
  return IsRefusedAtOnce(comparison)
             ? dataset
             : absl::StrFormat("%s %s %s", dataset, uses_unicode ? "·" : "-",
                               CountText(comparison.num_paired(), "paired row"));
}

std::string JoinedDifferences(
    const google::protobuf::RepeatedPtrField<v1::FieldDifference>& differences, bool uses_unicode) {
  std::string text;
  for (const v1::FieldDifference& difference : differences) {
    text += (text.empty() ? "" : "; ") + DifferenceText(difference, uses_unicode);
  }
  return text;
}

std::string FairnessWord(const v1::Comparison& comparison) {
  switch (comparison.fairness()) {
    case v1::Comparison::CLEAN:
      return "clean";
    case v1::Comparison::CONFOUNDED:
      return "confounded";
    case v1::Comparison::UNPROVEN:
      return "unproven";
    default:
      return "unknown";
  }
}

bool IsRefusedAtOnce(const v1::Comparison& comparison) {
  return comparison.verdict() == v1::VERDICT_REFUSED && comparison.gates_size() == 0 &&
         comparison.budgets_size() == 0 && comparison.metrics_size() == 0;
}

std::string FairnessSentence(const v1::Comparison& comparison) {
  if (comparison.state() != v1::Comparison::SUCCEEDED || IsRefusedAtOnce(comparison)) {
    return Sentence(comparison);
  }
  switch (comparison.fairness()) {
    case v1::Comparison::CONFOUNDED:
      return "confounded, compared nevertheless: " +
             JoinedDifferences(comparison.confounds(), false);
    case v1::Comparison::UNPROVEN:
      return absl::StrFormat("unproven, compared nevertheless: %s; not declared by both sides: %s",
                             comparison.claim(), JoinedFields(comparison.unproven()));
    default:
      return comparison.claim().empty()
                 ? std::string("clean: what must match does")
                 : absl::StrFormat("clean: what must match does; proven: %s", comparison.claim());
  }
}

std::string JoinedFields(
    const google::protobuf::RepeatedPtrField<v1::FieldDifference>& differences) {
  std::string text;
  for (const v1::FieldDifference& difference : differences) {
    text += (text.empty() ? "" : ", ") + OneLine(difference.field());
  }
  return text;
}

std::string BaselineText(const v1::BaselineUse& baseline) {
  std::string text = absl::StrFormat(
      "baseline %s, set %s before by %s: %s", client::ShortName(baseline.name()),
      AgeText(baseline.age_seconds()), OneLine(baseline.actor()), OneLine(baseline.reason()));
  if (baseline.has_expire_time()) {
    text += absl::StrFormat("; %s %s", baseline.expired() ? "expired" : "expires",
                            TimeText(baseline.expire_time()));
  }
  return text;
}

std::string BudgetLimit(const v1::BudgetResult& budget) {
  return absl::StrFormat("%s %s %%", budget.name() == "coverage" ? "at least" : "at most",
                         NumberText(100 * budget.limit()));
}

std::vector<std::string> BehaviorFacts(const v1::Behavior& behavior) {
  const std::string noun = behavior.column() == "label"     ? "labels"
                           : behavior.column() == "ranking" ? "first documents"
                                                            : "texts";
  std::vector<std::string> facts = {absl::StrFormat("%s of %s %s differ",
                                                    CountText(behavior.num_changed()),
                                                    CountText(behavior.num_rows()), noun)};
  if (behavior.num_rows() > 0) {
    facts.push_back(absl::StrFormat("%.3g %%", 100 * static_cast<double>(behavior.num_changed()) /
                                                   static_cast<double>(behavior.num_rows())));
    facts.push_back(absl::StrFormat("95 %% CI %.3g to %.3g %%", 100 * behavior.lower(),
                                    100 * behavior.upper()));
  }
  return facts;
}

const v1::GateResult* OverallGate(const v1::Comparison& comparison, const std::string& metric) {
  const v1::GateResult* worst = nullptr;
  for (const v1::GateResult& result : comparison.gates()) {
    if (result.gate().metric() == metric && result.gate().cohort().empty() &&
        (worst == nullptr || SeverityOf(result.verdict()) > SeverityOf(worst->verdict()))) {
      worst = &result;
    }
  }
  return worst;
}

std::string LimitText(const v1::Gate& gate, const v1::Metric& metric) {
  const auto share = [](std::string_view sign, double limit) {
    return absl::StrFormat("%s%s %%", sign, NumberText(100 * limit));
  };
  switch (gate.limit_case()) {
    case v1::Gate::kMaxDrop:
      return StyleOf(metric).Delta(-gate.max_drop());
    case v1::Gate::kMaxIncrease:
      return StyleOf(metric).Delta(gate.max_increase());
    case v1::Gate::kMaxRelativeDrop:
      return share("-", gate.max_relative_drop());
    case v1::Gate::kMaxRelativeIncrease:
      return share("+", gate.max_relative_increase());
    case v1::Gate::kMaxFlips:
      return share("", gate.max_flips()) + " broken";
    case v1::Gate::kMaxChanged:
      return share("", gate.max_changed()) + " changed";
    case v1::Gate::LIMIT_NOT_SET:
      break;
  }
  return "";
}

const v1::Metric& MetricOf(const v1::Comparison& comparison, const v1::Gate& gate) {
  static const v1::Metric behavior = [] {
    v1::Metric metric;
    metric.set_kind(v1::METRIC_KIND_BINARY_MEAN);
    metric.set_direction(v1::DIRECTION_LOWER);
    return metric;
  }();
  if (gate.limit_case() == v1::Gate::kMaxChanged) {
    return behavior;
  }
  const v1::MetricComparison* found = FindMetric(comparison, gate.metric());
  return found != nullptr ? found->metric() : v1::Metric::default_instance();
}

std::string TierWord(v1::Gate::Tier tier) {
  switch (tier) {
    case v1::Gate::SUPPORTING:
      return "supporting";
    case v1::Gate::ADVISORY:
      return "advisory";
    default:
      return "critical";
  }
}

std::string MarkedOutcome(const v1::GateResult& result, bool uses_unicode) {
  const std::string marked = MarkedVerdict(result.verdict(), uses_unicode);
  const v1::Gate::Tier tier = result.gate().tier();
  return tier == v1::Gate::SUPPORTING || tier == v1::Gate::ADVISORY
             ? absl::StrFormat("%s (%s)", marked, TierWord(tier))
             : marked;
}

std::string GateName(const v1::Gate& gate) {
  return gate.cohort().empty() ? gate.metric()
                               : absl::StrFormat("%s, %s", gate.metric(), gate.cohort());
}

std::string GateIntervalTitle(const v1::Comparison& comparison) {
  const double alpha = comparison.policy().alpha() > 0 ? comparison.policy().alpha() : 0.05;
  return absl::StrFormat("%s %% CI", NumberText(100 * (1 - 2 * alpha)));
}

std::vector<std::string> EvidenceLines(const v1::Comparison& comparison, bool uses_unicode) {
  const std::string shared = SharedNote(comparison);
  std::vector<std::string> lines;
  for (const v1::MetricComparison& metric : comparison.metrics()) {
    const v1::Cell& cell = metric.overall();
    std::string line;
    for (const std::string& fact :
         {EffectText(metric.metric(), cell), PermutationText(cell, uses_unicode),
          shared.empty() ? cell.note() : std::string()}) {
      line += line.empty() || fact.empty() ? fact : "; " + fact;
    }
    if (!line.empty()) {
      lines.push_back(absl::StrFormat("%s: %s", metric.metric().id(), line));
    }
  }
  if (!shared.empty()) {
    lines.push_back(shared);
  }
  return lines;
}

const v1::MetricComparison* CohortMetric(const v1::Comparison& comparison) {
  for (const v1::Verdict verdict :
       {v1::VERDICT_REGRESSED, v1::VERDICT_INCONCLUSIVE, v1::VERDICT_PASS}) {
    for (const v1::GateResult& result : comparison.gates()) {
      const v1::MetricComparison* metric = FindMetric(comparison, result.gate().metric());
      if (result.verdict() == verdict && metric != nullptr && metric->cohorts_size() > 0) {
        return metric;
      }
    }
  }
  const v1::MetricComparison* flips = FindMetric(comparison, comparison.flip_metric());
  if (flips != nullptr && flips->cohorts_size() > 0) {
    return flips;
  }
  for (const v1::MetricComparison& metric : comparison.metrics()) {
    if (metric.cohorts_size() > 0) {
      return &metric;
    }
  }
  return nullptr;
}

std::vector<std::string> RowFacts(const v1::Comparison& comparison) {
  std::vector<std::string> facts;
  const auto add = [&facts](std::string_view name, std::int64_t count) {
    facts.push_back(absl::StrFormat("%s %s", name, CountText(count)));
  };
  if (!comparison.flip_metric().empty()) {
    add("broken", comparison.num_broken());
    add("fixed", comparison.num_fixed());
    add("both wrong", comparison.num_both_wrong());
    add("both right", comparison.num_both_right());
  } else if (comparison.metrics_size() > 0) {
    const v1::Cell& cell = comparison.metrics(0).overall();
    add("worse", cell.num_worse());
    add("better", cell.num_better());
    add("equal", cell.num_rows() - cell.num_worse() - cell.num_better());
  }
  if (comparison.num_changed() > 0) {
    add("other content", comparison.num_changed());
  }
  add("unpaired", comparison.num_only_baseline() + comparison.num_only_candidate());
  if (comparison.num_baseline_errors() + comparison.num_candidate_errors() > 0) {
    facts.push_back(absl::StrFormat("errors %s before, %s after",
                                    CountText(comparison.num_baseline_errors()),
                                    CountText(comparison.num_candidate_errors())));
  }
  return facts;
}

std::string RowMetric(const v1::Comparison& comparison) {
  if (!comparison.flip_metric().empty()) {
    return comparison.flip_metric();
  }
  return comparison.metrics_size() > 0 ? comparison.metrics(0).metric().id() : std::string();
}

}  // namespace assay::cli
