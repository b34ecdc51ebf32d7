#include "client/cli/diff_report.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "absl/strings/str_format.h"
#include "client/cli/comparison_view.h"
#include "client/cli/embedding_report.h"
#include "client/cli/interval_plot.h"
#include "client/cli/numbers.h"
#include "client/cli/row_traces.h"
#include "client/cli/table.h"
#include "client/cli/text_width.h"
#include "client/cpp/references.h"

namespace assay::cli {
namespace {

constexpr std::size_t kIndent = 2;
constexpr int kMaxCohorts = 5;
constexpr std::size_t kNarrowestReport = 90;  // that has a plot
constexpr std::size_t kNarrowestPlot = 24;
constexpr std::size_t kWidestPlot = 40;
constexpr double kNotable = 0.05;  // q up to which a cohort is marked

Cell VerdictCell(v1::Verdict verdict, bool uses_unicode) {
  Cell cell(MarkedVerdict(verdict, uses_unicode));
  cell.ink = InkOf(verdict);
  return cell;
}

Cell OutcomeCell(const v1::GateResult& result, bool uses_unicode) {
  Cell cell(MarkedOutcome(result, uses_unicode));
  cell.ink = InkOf(result.verdict());
  return cell;
}

Cell DeltaCell(const v1::MetricComparison& metric, const v1::Cell& cell) {
  Cell shown(StyleOf(metric.metric()).Delta(Delta(cell)));
  const std::optional<double> evidence = cell.has_q() ? Q(cell) : P(cell);
  if (evidence.has_value() && *evidence <= kNotable && cell.has_delta()) {
    const double direction = Signed(metric.metric(), cell.delta());
    if (direction != 0) {
      shown.ink = direction < 0 ? Ink::kRed : Ink::kGreen;
    }
  }
  return shown;
}

std::string MetricsBlock(const v1::Comparison& comparison, const ReportStyle& style) {
  const bool has_gates = comparison.gates_size() > 0;
  std::vector<TableColumn> columns = {{.title = "METRIC", .may_shrink = true, .keeps_end = true},
                                      {"BEFORE", Align::kRight},
                                      {"AFTER", Align::kRight},
                                      {style.uses_unicode ? "Δ" : "DELTA", Align::kRight},
                                      {"95 % CI", Align::kLeft},
                                      {"p", Align::kRight}};
  if (has_gates) {
    columns.push_back({"GATE", Align::kLeft});
  }
  Table table(columns);
  for (const v1::MetricComparison& metric : comparison.metrics()) {
    const v1::Cell& cell = metric.overall();
    const MetricStyle numbers = StyleOf(metric.metric());
    std::vector<Cell> row = {metric.metric().id(),
                             numbers.Value(Baseline(cell)),
                             numbers.Value(Candidate(cell)),
                             DeltaCell(metric, cell),
                             numbers.Interval(Lower(cell), Upper(cell)),
                             ProbabilityText(P(cell))};
    if (has_gates) {
      const v1::GateResult* gate = OverallGate(comparison, metric.metric().id());
      row.push_back(gate != nullptr ? OutcomeCell(*gate, style.uses_unicode) : Cell(""));
    }
    table.AddRow(std::move(row));
  }
  std::string notes;
  for (const std::string& line : EvidenceLines(comparison, style.uses_unicode)) {
    notes += Wrapped(OneLine(line), style.width, 2 * kIndent);
  }
  return table.Text(style.width, style.palette, kIndent) + notes;
}

std::string GatesBlock(const v1::Comparison& comparison, const ReportStyle& style) {
  // Inside, because metrics differ at their ends, `.p50` and `.p95`, and cohorts at theirs.
  Table table(
      {{.title = "GATE", .may_shrink = true, .keeps_end = true},
       {"LIMIT", Align::kRight},
       {style.uses_unicode ? "Δ" : "DELTA", Align::kRight},
       {GateIntervalTitle(comparison), Align::kLeft},
       {comparison.policy().correction() == v1::CORRECTION_NONE ? "p" : "p (Holm)", Align::kRight},
       {"ROWS", Align::kRight},
       {.title = "VERDICT", .wraps = true}});
  std::string reasons;
  for (const v1::GateResult& result : comparison.gates()) {
    const v1::Metric& metric = MetricOf(comparison, result.gate());
    const MetricStyle numbers = StyleOf(metric);
    table.AddRow({GateName(result.gate()), LimitText(result.gate(), metric),
                  numbers.Delta(Delta(result)), numbers.Interval(Lower(result), Upper(result)),
                  ProbabilityText(AdjustedP(result)), CountText(result.num_rows()),
                  OutcomeCell(result, style.uses_unicode)});
    if (result.verdict() != v1::VERDICT_PASS && !result.reason().empty()) {
      const std::string reason =
          absl::StrFormat("%s: %s", GateName(result.gate()), result.reason());
      reasons += Wrapped(OneLine(reason), style.width, 2 * kIndent);
    }
  }
  return table.Text(style.width, style.palette, kIndent) + reasons;
}

// `✗ ` before a cohort that got worse beyond doubt, `▲ ` before one that got better.
std::string CohortMark(const v1::Metric& metric, const v1::Cell& cell, bool uses_unicode) {
  const double direction = cell.has_delta() ? Signed(metric, cell.delta()) : 0;
  if (!cell.has_q() || cell.q() > kNotable || direction == 0) {
    return "  ";
  }
  if (direction < 0) {
    return uses_unicode ? "✗ " : "x ";
  }
  return uses_unicode ? "▲ " : "^ ";
}

std::string CohortsBlock(const v1::MetricComparison& metric, const ReportStyle& style) {
  const int shown = std::min(metric.cohorts_size(), kMaxCohorts);
  const MetricStyle numbers = StyleOf(metric.metric());
  const std::string title =
      shown < metric.cohorts_size()
          ? absl::StrFormat("COHORT (worst %d of %d)", shown, metric.cohorts_size())
          : std::string("COHORT");
  const std::string delta_title =
      absl::StrFormat("%s %s", style.uses_unicode ? "Δ" : "DELTA", metric.metric().id());

  double lowest = 0;
  double highest = 0;
  std::size_t name_width = DisplayWidth(title);
  std::size_t delta_width = DisplayWidth(delta_title);
  std::size_t count_width = 4;
  for (int i = 0; i < shown; ++i) {
    const v1::Cell& cell = metric.cohorts(i);
    for (const std::optional<double> value : {Delta(cell), Lower(cell), Upper(cell)}) {
      lowest = std::min(lowest, value.value_or(0));
      highest = std::max(highest, value.value_or(0));
    }
    name_width = std::max(name_width, DisplayWidth(OneLine(cell.cohort())) + 2);
    delta_width = std::max(delta_width, DisplayWidth(numbers.Delta(Delta(cell))));
    count_width = std::max(count_width, CountText(cell.num_rows()).size());
  }
  constexpr std::size_t kGaps = 8;    // four of two blanks
  constexpr std::size_t kQWidth = 5;  // `<.001`
  constexpr std::size_t kWidestName = 32;
  name_width = std::min(name_width, kWidestName);
  const std::size_t used = kIndent + name_width + count_width + delta_width + kQWidth + kGaps;
  const bool has_plot = style.width >= kNarrowestReport && used + kNarrowestPlot <= style.width;
  const std::size_t plot_width = has_plot ? std::min(kWidestPlot, style.width - used) : 3;
  const IntervalPlot plot(lowest, highest, plot_width, style.uses_unicode);

  Table table({{title, Align::kLeft, true},
               {"ROWS", Align::kRight},
               {delta_title, Align::kRight, true},
               {"q", Align::kRight},
               {has_plot ? plot.Axis(numbers.Bare(lowest), numbers.Bare(highest)) : "95 % CI",
                Align::kLeft}});
  for (int i = 0; i < shown; ++i) {
    const v1::Cell& cell = metric.cohorts(i);
    const std::string mark = CohortMark(metric.metric(), cell, style.uses_unicode);
    table.AddRow({Shortened(mark + OneLine(cell.cohort()), name_width), CountText(cell.num_rows()),
                  DeltaCell(metric, cell), ProbabilityText(Q(cell)),
                  has_plot ? plot.Line(Lower(cell), Delta(cell), Upper(cell))
                           : numbers.Interval(Lower(cell), Upper(cell))});
  }
  const std::string_view legend =
      has_plot ? "bars: 95 % CI; q: p after Benjamini-Hochberg over the cohorts"
               : "q: p after Benjamini-Hochberg over the cohorts";
  return table.Text(style.width, style.palette, kIndent) + std::string(kIndent + 2, ' ') +
         style.palette(Ink::kDim, legend) + "\n";
}

// A label in bold, then facts between bars, broken into lines at the bars.
std::string FactsLine(std::string_view label, const std::vector<std::string>& facts,
                      const ReportStyle& style) {
  const std::string bar = style.uses_unicode ? " ▏ " : " | ";
  const std::size_t label_width = DisplayWidth(label) + 2;
  std::string text = std::string(kIndent, ' ') + style.palette(Ink::kBold, label) + "  ";
  std::size_t used = kIndent + label_width;
  for (std::size_t i = 0; i < facts.size(); ++i) {
    const std::size_t fact_width = DisplayWidth(facts[i]) + (i == 0 ? 0 : DisplayWidth(bar));
    if (i > 0 && used + fact_width > style.width) {
      text += "\n" + std::string(kIndent + label_width, ' ');
      used = kIndent + label_width + DisplayWidth(facts[i]);
    } else {
      text += i == 0 ? "" : bar;
      used += fact_width;
    }
    text += facts[i];
  }
  return text + "\n";
}

std::string NextBlock(const v1::Comparison& comparison, const ReportStyle& style) {
  const std::string id = client::ShortName(comparison.name());
  const auto line = [&style](std::string_view label, std::string_view text) {
    return absl::StrFormat("  %s%s\n", style.palette(Ink::kDim, PaddedRight(label, 7)), text);
  };
  std::string text;
  if (!IsRefusedAtOnce(comparison) && comparison.state() == v1::Comparison::SUCCEEDED) {
    text +=
        line("Rows", absl::StrFormat("assay rows %s --show broken%s", id, style.command_suffix));
  }
  if (IsRefusedAtOnce(comparison) && comparison.fairness() != v1::Comparison::CLEAN) {
    text += line("Anyway", "--allow-confounded compares them, and every report says so");
    if (comparison.unproven_size() > 0) {
      text += line("Or", "declare what is missing: assay model push --help");
    }
  }
  text += line("Again", absl::StrFormat("assay comparison show %s%s", id, style.command_suffix));
  return style.page.empty() ? text : text + line("Page", style.page);
}

std::string HeaderBlock(const v1::Comparison& comparison, const ReportStyle& style) {
  const std::string word = Headline(comparison);
  const std::string right = DataText(comparison, style.uses_unicode);
  std::string left = absl::StrFormat("  %s  %s", word, Sides(comparison, style.uses_unicode));
  std::string text;
  const std::size_t used = DisplayWidth(left) + DisplayWidth(right) + 2;
  if (used <= style.width) {
    left = PaddedRight(left, style.width - DisplayWidth(right)) + right;
  } else {
    text = std::string(kIndent, ' ') + right + "\n";
  }
  // The word is coloured last, so that the colour does not count in the widths.
  const std::optional<Ink> ink =
      comparison.state() == v1::Comparison::FAILED ? Ink::kRed : InkOf(comparison.verdict());
  const std::string painted = style.palette(Ink::kBold, ink ? style.palette(*ink, word) : word);
  text = "  " + painted + left.substr(kIndent + word.size()) + "\n" + text;

  text += Wrapped(OneLine(Sentence(comparison)), style.width, kIndent);
  if (comparison.fairness() == v1::Comparison::CONFOUNDED) {
    const std::string what = JoinedDifferences(comparison.confounds(), style.uses_unicode);
    text += style.palette(Ink::kYellow,
                          Wrapped("CONFOUNDED: the sides differ in more than the model: " + what,
                                  style.width, kIndent));
  }
  if (comparison.unproven_size() > 0) {
    text += style.palette(
        Ink::kYellow,
        Wrapped(absl::StrFormat("UNPROVEN: %s; not declared by both sides: %s", comparison.claim(),
                                JoinedFields(comparison.unproven())),
                style.width, kIndent));
  } else if (!comparison.claim().empty() && comparison.fairness() == v1::Comparison::CLEAN) {
    text += Wrapped("proven: " + comparison.claim(), style.width, kIndent);
  }
  for (const std::string& warning : comparison.warnings()) {
    text += style.palette(Ink::kYellow, Wrapped("NOTE: " + OneLine(warning), style.width, kIndent));
  }
  if (comparison.has_baseline()) {
    text += Wrapped(BaselineText(comparison.baseline()), style.width, kIndent);
  }
  if (comparison.model_differences_size() > 0) {
    text +=
        Wrapped("changed: " + JoinedDifferences(comparison.model_differences(), style.uses_unicode),
                style.width, kIndent);
  }
  return text;
}

// Rows that broke or were fixed, answers that differ; empty when no metric has rows.
std::string FlipsBlock(const v1::Comparison& comparison, const ReportStyle& style) {
  const std::string metric = RowMetric(comparison);
  if (metric.empty()) {
    return "";
  }
  std::string text = FactsLine(absl::StrFormat("ROWS by %s", metric), RowFacts(comparison), style);
  if (comparison.has_behavior()) {
    text += FactsLine("ANSWERS", BehaviorFacts(comparison.behavior()), style);
  }
  return text + "\n";
}

std::string BudgetsBlock(const v1::Comparison& comparison, const ReportStyle& style) {
  Table table(
      {{"BUDGET"}, {"LIMIT", Align::kRight}, {"FOUND", Align::kRight}, {"VERDICT", Align::kLeft}});
  for (const v1::BudgetResult& budget : comparison.budgets()) {
    table.AddRow({budget.name(), BudgetLimit(budget),
                  budget.has_value() ? absl::StrFormat("%s %%", NumberText(100 * budget.value()))
                                     : std::string("-"),
                  VerdictCell(budget.verdict(), style.uses_unicode)});
  }
  return table.Text(style.width, style.palette, kIndent);
}

std::string SlicesBlock(const v1::Comparison& comparison, const ReportStyle& style) {
  const v1::SliceSearch& search = comparison.slice_search();
  const v1::MetricComparison* const metric = FindMetric(comparison, search.metric());
  const MetricStyle numbers =
      StyleOf(metric != nullptr ? metric->metric() : v1::Metric::default_instance());
  if (search.slices_size() == 0) {
    return Wrapped(absl::StrFormat("SLICES  none of %s cohorts and pairs of at least %s rows looks "
                                   "worse by %s in the half that was searched",
                                   CountText(search.num_considered()), CountText(search.min_rows()),
                                   search.metric()),
                   style.width, kIndent);
  }
  Table table(
      {{"SLICE (found on one half)", Align::kLeft, true},
       {"ROWS", Align::kRight},
       {absl::StrFormat("%s %s, other half", style.uses_unicode ? "Δ" : "DELTA", search.metric()),
        Align::kRight},
       {"95 % CI", Align::kLeft},
       {"q", Align::kRight}});
  for (const v1::Slice& slice : search.slices()) {
    table.AddRow({OneLine(slice.cohort()), CountText(slice.num_test_rows()),
                  numbers.Delta(Delta(slice)), numbers.Interval(Lower(slice), Upper(slice)),
                  ProbabilityText(Optional(slice, &v1::Slice::has_q, &v1::Slice::q))});
  }
  return table.Text(style.width, style.palette, kIndent);
}

// The traces of the rows that got worse; empty when none is known.
std::string TracesBlock(const v1::Comparison& comparison,
                        const v1::ListComparisonRowsResponse& worst_rows,
                        const ReportStyle& style) {
  constexpr int kMaxRows = 5;
  const Table table = RowTracesTable(worst_rows, comparison.name(), style.site, kMaxRows);
  if (table.num_rows() == 0) {
    return "";
  }
  return std::string(kIndent, ' ') + style.palette(Ink::kBold, "TRACES") +
         absl::StrFormat("  of rows that got worse by %s\n", worst_rows.metric()) +
         table.Text(style.width, style.palette, kIndent) + "\n";
}

}  // namespace

std::string DiffText(const v1::Comparison& comparison, const ReportStyle& style,
                     const v1::ListComparisonRowsResponse& worst_rows) {
  std::string text = "\n" + HeaderBlock(comparison, style) + "\n";
  if (style.order == BlockOrder::kFlipsFirst) {
    text += FlipsBlock(comparison, style);
  }
  if (comparison.metrics_size() > 0) {
    text += MetricsBlock(comparison, style) + "\n";
  }
  if (comparison.gates_size() > 0) {
    text += GatesBlock(comparison, style) + "\n";
  }
  if (comparison.budgets_size() > 0) {
    text += BudgetsBlock(comparison, style) + "\n";
  }
  if (const v1::MetricComparison* metric = CohortMetric(comparison); metric != nullptr) {
    text += CohortsBlock(*metric, style) + "\n";
  }
  if (style.order == BlockOrder::kMetricsFirst) {
    text += FlipsBlock(comparison, style);
  }
  text += TracesBlock(comparison, worst_rows, style);
  if (comparison.has_slice_search()) {
    text += SlicesBlock(comparison, style) + "\n";
  }
  if (comparison.has_embedding_change()) {
    text += EmbeddingText(comparison.embedding_change(), style) + "\n";
  }
  return text + NextBlock(comparison, style);
}

}  // namespace assay::cli
