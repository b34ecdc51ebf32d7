#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "client/cli/comparison_view.h"
#include "client/cli/diff_report.h"
#include "client/cli/numbers.h"
#include "client/cpp/references.h"

namespace assay::cli {
namespace {

// GitHub's alert box that fits the outcome.
std::string AlertOf(const v1::Comparison& comparison) {
  switch (comparison.verdict()) {
    case v1::VERDICT_REGRESSED:
      return "CAUTION";
    case v1::VERDICT_PASS:
    case v1::VERDICT_UNSPECIFIED:
      return comparison.state() == v1::Comparison::FAILED ? "WARNING" : "NOTE";
    default:
      return "WARNING";
  }
}

std::string HeaderBlock(const v1::Comparison& comparison) {
  std::string text = absl::StrFormat("> [!%s]\n> **%s** %s on %s\n", AlertOf(comparison),
                                     Headline(comparison), MarkdownText(Sides(comparison, true)),
                                     MarkdownText(DataText(comparison, true)));
  if (!Sentence(comparison).empty()) {
    text += absl::StrFormat(">\n> %s\n", MarkdownText(Sentence(comparison)));
  }
  if (comparison.fairness() == v1::Comparison::CONFOUNDED) {
    text += absl::StrFormat(">\n> CONFOUNDED: %s\n",
                            MarkdownText(JoinedDifferences(comparison.confounds(), true)));
  }
  if (comparison.unproven_size() > 0) {
    text += absl::StrFormat(">\n> UNPROVEN: %s; not declared by both sides: %s\n",
                            MarkdownText(comparison.claim()),
                            MarkdownText(JoinedFields(comparison.unproven())));
  }
  if (comparison.model_differences_size() > 0) {
    text += absl::StrFormat("\nChanged: %s\n",
                            MarkdownText(JoinedDifferences(comparison.model_differences(), true)));
  }
  return text;
}

std::string MetricsBlock(const v1::Comparison& comparison) {
  Table table({{"metric"},
               {"before", Align::kRight},
               {"after", Align::kRight},
               {"Δ", Align::kRight},
               {"95 % CI"},
               {"p", Align::kRight},
               {"rows", Align::kRight},
               {"gate"}});
  for (const v1::MetricComparison& metric : comparison.metrics()) {
    const v1::Cell& cell = metric.overall();
    const MetricStyle numbers = StyleOf(metric.metric());
    const v1::GateResult* gate = OverallGate(comparison, metric.metric().id());
    table.AddRow({metric.metric().id(), numbers.Value(Baseline(cell)),
                  numbers.Value(Candidate(cell)), numbers.Delta(Delta(cell)),
                  numbers.Interval(Lower(cell), Upper(cell)), ProbabilityText(P(cell)),
                  CountText(cell.num_rows()),
                  gate != nullptr ? MarkedVerdict(gate->verdict(), true) : std::string()});
  }
  return "\n" + table.Markdown();
}

std::string GatesBlock(const v1::Comparison& comparison) {
  Table table({{"gate"},
               {"limit", Align::kRight},
               {"Δ", Align::kRight},
               {GateIntervalTitle(comparison)},
               {"p (Holm)", Align::kRight},
               {"verdict"},
               {"why"}});
  for (const v1::GateResult& result : comparison.gates()) {
    const v1::Metric& metric = MetricOf(comparison, result.gate());
    const MetricStyle numbers = StyleOf(metric);
    table.AddRow({GateName(result.gate()), LimitText(result.gate(), metric),
                  numbers.Delta(Delta(result)), numbers.Interval(Lower(result), Upper(result)),
                  ProbabilityText(AdjustedP(result)), MarkedVerdict(result.verdict(), true),
                  result.reason()});
  }
  return "\n" + table.Markdown();
}

std::string CohortsBlock(const v1::MetricComparison& metric) {
  const MetricStyle numbers = StyleOf(metric.metric());
  Table table({{"cohort"},
               {"rows", Align::kRight},
               {absl::StrFormat("Δ %s", metric.metric().id()), Align::kRight},
               {"95 % CI"},
               {"q", Align::kRight}});
  for (const v1::Cell& cell : metric.cohorts()) {
    table.AddRow({cell.cohort(), CountText(cell.num_rows()), numbers.Delta(Delta(cell)),
                  numbers.Interval(Lower(cell), Upper(cell)), ProbabilityText(Q(cell))});
  }
  return absl::StrFormat(
      "\n<details><summary>%d cohorts, worst first</summary>\n\n%s\n</details>\n",
      metric.cohorts_size(), table.Markdown());
}

std::string Digits(std::optional<double> value) {
  return value.has_value() ? absl::StrFormat("%.17g", *value) : std::string();
}

void AddDiffRow(Table& table, const v1::Comparison& comparison, const v1::MetricComparison& metric,
                const v1::Cell& cell) {
  std::string verdict;
  for (const v1::GateResult& result : comparison.gates()) {
    if (result.gate().metric() == metric.metric().id() && result.gate().cohort() == cell.cohort()) {
      verdict = std::string(VerdictWord(result.verdict()));
    }
  }
  table.AddRow({metric.metric().id(), cell.cohort(), absl::StrFormat("%d", cell.num_rows()),
                Digits(Baseline(cell)), Digits(Candidate(cell)), Digits(Delta(cell)),
                Digits(Lower(cell)), Digits(Upper(cell)), Digits(P(cell)), Digits(Q(cell)),
                cell.method(), absl::StrFormat("%d", cell.num_worse()),
                absl::StrFormat("%d", cell.num_better()), verdict, FairnessWord(comparison)});
}

}  // namespace

std::string DiffMarkdown(const v1::Comparison& comparison) {
  std::string text = HeaderBlock(comparison);
  if (comparison.metrics_size() > 0) {
    text += MetricsBlock(comparison);
  }
  if (comparison.gates_size() > 0) {
    text += GatesBlock(comparison);
  }
  if (const v1::MetricComparison* metric = CohortMetric(comparison); metric != nullptr) {
    text += CohortsBlock(*metric);
  }
  if (const std::string metric = RowMetric(comparison); !metric.empty()) {
    std::string facts;
    for (const std::string& fact : RowFacts(comparison)) {
      facts += (facts.empty() ? "" : " · ") + fact;
    }
    text += absl::StrFormat("\nRows by %s: %s\n", MarkdownText(metric), facts);
  }
  return text +
         absl::StrFormat("\n`assay comparison show %s`\n", client::ShortName(comparison.name()));
}

Table DiffTable(const v1::Comparison& comparison) {
  Table table({{"metric"},
               {"cohort"},
               {"num_rows"},
               {"baseline"},
               {"candidate"},
               {"delta"},
               {"lower"},
               {"upper"},
               {"p"},
               {"q"},
               {"method"},
               {"num_worse"},
               {"num_better"},
               {"gate"},
               {"fairness"}});
  for (const v1::MetricComparison& metric : comparison.metrics()) {
    AddDiffRow(table, comparison, metric, metric.overall());
    for (const v1::Cell& cell : metric.cohorts()) {
      AddDiffRow(table, comparison, metric, cell);
    }
  }
  return table;
}

}  // namespace assay::cli
