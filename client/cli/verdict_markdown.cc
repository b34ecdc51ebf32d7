#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/cli/comparison_view.h"
#include "client/cli/embedding_report.h"
#include "client/cli/html_report.h"
#include "client/cli/numbers.h"
#include "client/cli/verdict_report.h"
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

// Texts of data are cut to this many bytes, so that the whole stays small.
constexpr std::size_t kMaxSentence = 800;
constexpr std::size_t kMaxName = 120;
constexpr std::size_t kMaxReason = 240;
// Bytes of each part. With the heading, which its sentences bound, they keep below
// kMaxMarkdownBytes.
constexpr std::size_t kMaxWarnings = 3'000;
constexpr std::size_t kMaxMetrics = 8'000;
constexpr std::size_t kMaxNotes = 2'000;
constexpr std::size_t kMaxGates = 12'500;
constexpr std::size_t kMaxCohorts = 8'000;
constexpr std::size_t kMaxRows = 11'500;

// `text`, cut between two characters where it has more than `max_bytes` bytes.
std::string Cut(std::string_view text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) {
    return std::string(text);
  }
  while (max_bytes > 0 && (static_cast<unsigned char>(text[max_bytes]) & 0xC0U) == 0x80U) {
    --max_bytes;
  }
  return std::string(text.substr(0, max_bytes)) + "…";
}

std::string CutText(std::string_view text, std::size_t max_bytes) {
  return MarkdownText(Cut(text, max_bytes));
}

// Data as it is: nobody is called by an @ in it.
std::string CodeText(std::string_view text) {
  return text.empty() ? std::string() : "<code>" + CutText(text, kMaxName) + "</code>";
}

// The first lines of `lines` that fit into `max_bytes`, and how many are left out.
std::string FirstLines(std::string_view lines, std::size_t max_bytes) {
  if (lines.size() <= max_bytes) {
    return std::string(lines);
  }
  const std::size_t end = lines.rfind('\n', max_bytes - 1);
  const std::string_view rest = lines.substr(end + 1);
  return absl::StrFormat("%s\n%d more lines are left out.\n", lines.substr(0, end + 1),
                         std::count(rest.begin(), rest.end(), '\n'));
}

// `text` as a link, where there is a page to lead to.
std::string Linked(const VerdictReport& report, std::string_view text, std::string_view address) {
  return report.site.empty() ? std::string(text) : absl::StrFormat("[%s](%s)", text, address);
}

std::string HeaderBlock(const v1::Comparison& comparison) {
  std::string text =
      absl::StrFormat("> [!%s]\n> **%s** %s on %s\n", AlertOf(comparison), Headline(comparison),
                      CutText(Sides(comparison, true), kMaxSentence),
                      CutText(DataText(comparison, true), kMaxSentence));
  const auto add = [&text](std::string_view title, std::string_view sentence) {
    text += absl::StrFormat(">\n> %s%s\n", title, CutText(sentence, kMaxSentence));
  };
  if (!Sentence(comparison).empty()) {
    add("", Sentence(comparison));
  }
  if (comparison.fairness() == v1::Comparison::CONFOUNDED) {
    add("CONFOUNDED: ", JoinedDifferences(comparison.confounds(), true));
  }
  if (comparison.unproven_size() > 0) {
    add("UNPROVEN: ", absl::StrFormat("%s; not declared by both sides: %s", comparison.claim(),
                                      JoinedFields(comparison.unproven())));
  } else if (!comparison.claim().empty() && comparison.fairness() == v1::Comparison::CLEAN) {
    add("proven: ", comparison.claim());
  }
  if (comparison.has_baseline()) {
    add("", BaselineText(comparison.baseline()));
  }
  std::string warnings;
  for (const std::string& warning : comparison.warnings()) {
    warnings += absl::StrFormat("\nNOTE: %s\n", CutText(warning, kMaxSentence));
  }
  text += FirstLines(warnings, kMaxWarnings);
  if (comparison.model_differences_size() > 0) {
    text += absl::StrFormat(
        "\nChanged: %s\n",
        CutText(JoinedDifferences(comparison.model_differences(), true), kMaxSentence));
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
    table.AddRow({Cut(metric.metric().id(), kMaxName), numbers.Value(Baseline(cell)),
                  numbers.Value(Candidate(cell)), numbers.Delta(Delta(cell)),
                  numbers.Interval(Lower(cell), Upper(cell)), ProbabilityText(P(cell)),
                  CountText(cell.num_rows()),
                  gate != nullptr ? MarkedOutcome(*gate, true) : std::string()});
  }
  std::string notes;
  for (const std::string& line : EvidenceLines(comparison, true)) {
    notes += absl::StrFormat("\n%s\n", CutText(line, kMaxSentence));
  }
  return "\n" + FirstLines(table.Markdown(), kMaxMetrics) + FirstLines(notes, kMaxNotes);
}

std::string GatesBlock(const v1::Comparison& comparison) {
  Table table(
      {{"gate"},
       {"limit", Align::kRight},
       {"Δ", Align::kRight},
       {GateIntervalTitle(comparison)},
       {comparison.policy().correction() == v1::CORRECTION_NONE ? "p" : "p (Holm)", Align::kRight},
       {"verdict"},
       {"why"}});
  for (const v1::GateResult& result : comparison.gates()) {
    const v1::Metric& metric = MetricOf(comparison, result.gate());
    const MetricStyle numbers = StyleOf(metric);
    table.AddRow({Cut(GateName(result.gate()), 2 * kMaxName), LimitText(result.gate(), metric),
                  numbers.Delta(Delta(result)), numbers.Interval(Lower(result), Upper(result)),
                  ProbabilityText(AdjustedP(result)), MarkedOutcome(result, true),
                  Cut(result.reason(), kMaxReason)});
  }
  return "\n" + FirstLines(table.Markdown(), kMaxGates);
}

std::string BudgetsBlock(const v1::Comparison& comparison) {
  Table table({{"budget"}, {"limit", Align::kRight}, {"found", Align::kRight}, {"verdict"}});
  for (const v1::BudgetResult& budget : comparison.budgets()) {
    table.AddRow({budget.name(), BudgetLimit(budget),
                  budget.has_value() ? absl::StrFormat("%s %%", NumberText(100 * budget.value()))
                                     : std::string("-"),
                  MarkedVerdict(budget.verdict(), true)});
  }
  return "\n" + table.Markdown();
}

std::string CohortsBlock(const v1::MetricComparison& metric) {
  const MetricStyle numbers = StyleOf(metric.metric());
  Table table({{"cohort"},
               {"rows", Align::kRight},
               {absl::StrFormat("Δ %s", Cut(metric.metric().id(), kMaxName)), Align::kRight},
               {"95 % CI"},
               {"q", Align::kRight}});
  for (const v1::Cell& cell : metric.cohorts()) {
    table.AddRow({Cut(cell.cohort(), kMaxName), CountText(cell.num_rows()),
                  numbers.Delta(Delta(cell)), numbers.Interval(Lower(cell), Upper(cell)),
                  ProbabilityText(Q(cell))});
  }
  return absl::StrFormat("\n<details><summary>%d %s, worst first</summary>\n\n%s\n</details>\n",
                         metric.cohorts_size(), metric.cohorts_size() == 1 ? "cohort" : "cohorts",
                         FirstLines(table.Markdown(), kMaxCohorts));
}

// The worst rows with what was expected, both answers and where to look.
std::string RowsBlock(const VerdictReport& report) {
  const v1::ListComparisonRowsResponse& rows = report.worst_rows;
  std::string table =
      "| row | expected | before | after | score | traces |\n"
      "| --- | --- | --- | --- | ---: | --- |\n";
  for (const v1::ComparisonRow& row : rows.rows()) {
    std::string traces;
    for (const auto& [side, trace_id] : {std::pair("before", row.baseline_trace_id()),
                                         std::pair("after", row.candidate_trace_id())}) {
      if (!trace_id.empty()) {
        traces +=
            (traces.empty() ? "" : ", ") + Linked(report, side, TraceAddress(report, trace_id));
      }
    }
    table += absl::StrFormat(
        "| %s | %s | %s | %s | %s → %s | %s |\n",
        Linked(report, CodeText(row.key()), RowAddress(report, row)), CodeText(row.expected()),
        CodeText(row.baseline_output()), CodeText(row.candidate_output()),
        row.has_baseline_score() ? NumberText(row.baseline_score()) : std::string("-"),
        row.has_candidate_score() ? NumberText(row.candidate_score()) : std::string("-"), traces);
  }
  return absl::StrFormat("\n<details><summary>%s</summary>\n\n%s\n</details>\n",
                         HtmlText(RowsTitle(rows)), FirstLines(table, kMaxRows));
}

// The dataset without its version: reports on one dataset replace each other.
std::string Marker(const v1::Comparison& comparison) {
  const std::string dataset = client::ShortName(comparison.dataset_version());
  return absl::StrFormat("<!-- assay:verdict %s -->\n", dataset.substr(0, dataset.find('@')));
}

}  // namespace

std::string VerdictMarkdown(const VerdictReport& report) {
  const v1::Comparison& comparison = report.comparison;
  std::string text = HeaderBlock(comparison);
  if (comparison.metrics_size() > 0) {
    text += MetricsBlock(comparison);
  }
  if (comparison.gates_size() > 0) {
    text += GatesBlock(comparison);
  }
  if (comparison.budgets_size() > 0) {
    text += BudgetsBlock(comparison);
  }
  if (const v1::MetricComparison* metric = CohortMetric(comparison); metric != nullptr) {
    text += CohortsBlock(*metric);
  }
  if (comparison.has_embedding_change()) {
    text += EmbeddingMarkdown(comparison.embedding_change());
  }
  if (const std::string metric = RowMetric(comparison); !metric.empty()) {
    std::string facts;
    for (const std::string& fact : RowFacts(comparison)) {
      facts += (facts.empty() ? "" : " · ") + fact;
    }
    text += absl::StrFormat("\nRows by %s: %s\n", CutText(metric, kMaxName), facts);
  }
  if (report.worst_rows.rows_size() > 0) {
    text += RowsBlock(report);
  }
  const std::string command =
      absl::StrFormat("`assay comparison show %s`", client::ShortName(comparison.name()));
  const std::string page = report.site.empty()
                               ? std::string()
                               : absl::StrFormat("[Page](%s) · ", ComparisonAddress(report));
  return text + absl::StrFormat("\n%s%s\n\n%s", page, command, Marker(comparison));
}

}  // namespace assay::cli
