#include "client/cli/html_report.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/cli/comparison_view.h"
#include "client/cli/numbers.h"
#include "client/cli/page.h"
#include "client/cli/resource_tables.h"
#include "client/cli/text_width.h"
#include "client/cpp/references.h"

namespace assay::cli {
namespace {

constexpr int kMaxCohorts = 40;  // of a metric in the table
constexpr int kMaxInPlot = 25;
constexpr double kPlotWidth = 900;
constexpr double kLabelWidth = 300;
constexpr double kLineHeight = 24;

constexpr char kHead[] = R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>%s</title>
<style>
:root{--page:#fbfbfa;--text:#1b1f23;--muted:#59616a;--line:#d9dcdf;--good:#17672c;--bad:#b3261e;--warn:#7d5200}
@media (prefers-color-scheme:dark){:root{--page:#121518;--text:#e7e9eb;--muted:#a3abb4;--line:#343a41;--good:#7ad492;--bad:#ff9a8f;--warn:#ecc06e}}
body{background:var(--page);color:var(--text);font:14px/1.45 system-ui,sans-serif;margin:24px auto;max-width:1200px;padding:0 16px;font-variant-numeric:tabular-nums}
h1{font-size:22px}h2{font-size:16px;margin:22px 0 6px}
table{border-collapse:collapse}th,td{text-align:left;padding:3px 12px 3px 0;vertical-align:baseline;font-weight:normal}
thead th{color:var(--muted);border-bottom:1px solid var(--line)}
.n{text-align:right;white-space:nowrap}
.d{font-family:ui-monospace,monospace;font-size:.92em;font-variant-ligatures:none;overflow-wrap:anywhere;max-width:26em}
.muted{color:var(--muted)}.good{color:var(--good)}.bad{color:var(--bad)}.warn{color:var(--warn)}
.verdict{font-size:18px;border:1px solid var(--line);border-radius:8px;padding:12px 16px}
.scroll{overflow-x:auto}svg text{fill:var(--text);font-size:12px}
</style>
</head>
<body>
)";

std::string Span(std::string_view tone, std::string_view text) {
  return absl::StrFormat("<span class=\"%s\">%s</span>", tone, HtmlText(text));
}

std::string_view ToneOf(v1::Verdict verdict) {
  switch (verdict) {
    case v1::VERDICT_PASS:
      return "good";
    case v1::VERDICT_INCONCLUSIVE:
      return "warn";
    case v1::VERDICT_REGRESSED:
    case v1::VERDICT_REFUSED:
      return "bad";
    default:
      return "muted";
  }
}

// -1 worse, 1 better, 0: the interval has no difference inside it.
int Side(const v1::Metric& metric, const v1::Cell& cell) {
  if (!cell.has_lower() || !cell.has_upper() || (cell.lower() <= 0 && cell.upper() >= 0)) {
    return 0;
  }
  const double change = Signed(metric, cell.delta());
  return change < 0 ? -1 : change > 0 ? 1 : 0;
}

std::string_view ToneOf(int side) { return side < 0 ? "bad" : side > 0 ? "good" : "muted"; }
std::string_view GlyphOf(int side) { return side < 0 ? "▼ " : side > 0 ? "▲ " : ""; }

std::string HeadRow(const std::vector<std::string_view>& titles, std::size_t num_texts) {
  std::string row = "<thead><tr>";
  for (std::size_t i = 0; i < titles.size(); ++i) {
    row += absl::StrFormat("<th scope=\"col\"%s>%s</th>", i < num_texts ? "" : " class=\"n\"",
                           titles[i]);
  }
  return row + "</tr></thead>\n";
}

std::string NumberCell(std::string_view text) {
  return absl::StrFormat("<td class=\"n\">%s</td>", HtmlText(text));
}

std::string TextCell(std::string_view text) {
  return absl::StrFormat("<td class=\"d\"><bdi>%s</bdi></td>", HtmlText(text));
}

std::string HeaderBlock(const v1::Comparison& comparison, const HtmlReportOptions& options) {
  std::string text =
      absl::StrFormat("<h1>%s</h1>\n<p class=\"muted\">%s</p>\n", HtmlText(Sides(comparison, true)),
                      HtmlText(DataText(comparison, true)));
  text += absl::StrFormat("<p class=\"verdict\"><strong class=\"%s\">%s</strong> %s</p>\n",
                          ToneOf(comparison.verdict()), HtmlText(Headline(comparison)),
                          HtmlText(Sentence(comparison)));
  if (comparison.fairness() == v1::Comparison::CONFOUNDED) {
    text += absl::StrFormat("<p class=\"warn\">⚠ The sides differ in what must match: %s</p>\n",
                            HtmlText(JoinedDifferences(comparison.confounds(), true)));
  }
  if (comparison.unproven_size() > 0) {
    text += absl::StrFormat(
        "<p class=\"warn\">⚠ Not proven: %s; not declared by both sides: %s</p>\n",
        HtmlText(comparison.claim()), HtmlText(JoinedFields(comparison.unproven())));
  }
  if (comparison.model_differences_size() > 0) {
    text += absl::StrFormat("<p>What changed: <bdi class=\"d\">%s</bdi></p>\n",
                            HtmlText(JoinedDifferences(comparison.model_differences(), true)));
  }
  if (!options.page.empty()) {
    text += absl::StrFormat("<p class=\"muted\">All of it: <span class=\"d\">%s</span></p>\n",
                            HtmlText(options.page));
  }
  return text;
}

std::string GatesBlock(const v1::Comparison& comparison) {
  if (comparison.gates_size() == 0) {
    return "";
  }
  std::string text = absl::StrFormat(
      "<h2>Gates</h2>\n<div class=\"scroll\"><table>%s<tbody>\n",
      HeadRow({"verdict", "gate", "why", "allowed", "Δ", GateIntervalTitle(comparison), "rows"},
              3));
  for (const v1::GateResult& result : comparison.gates()) {
    const v1::Metric& metric = MetricOf(comparison, result.gate());
    const MetricStyle numbers = StyleOf(metric);
    text += absl::StrFormat("<tr><td>%s</td>",
                            Span(ToneOf(result.verdict()), MarkedVerdict(result.verdict(), true)));
    text += TextCell(GateName(result.gate())) +
            absl::StrFormat("<td>%s</td>", HtmlText(result.reason()));
    text += NumberCell(LimitText(result.gate(), metric)) +
            NumberCell(numbers.Delta(Delta(result))) +
            NumberCell(numbers.Interval(Lower(result), Upper(result))) +
            NumberCell(CountText(result.num_rows())) + "</tr>\n";
  }
  return text + "</tbody></table></div>\n";
}

std::string CellNumbers(const v1::Metric& metric, const v1::Cell& cell, std::optional<double> p) {
  const MetricStyle numbers = StyleOf(metric);
  const int side = Side(metric, cell);
  return NumberCell(CountText(cell.num_rows())) + NumberCell(numbers.Value(Baseline(cell))) +
         NumberCell(numbers.Value(Candidate(cell))) +
         absl::StrFormat("<td class=\"n %s\">%s%s</td>", ToneOf(side), GlyphOf(side),
                         HtmlText(numbers.Delta(Delta(cell)))) +
         NumberCell(numbers.Interval(Lower(cell), Upper(cell))) + NumberCell(ProbabilityText(p));
}

std::string MetricsBlock(const v1::Comparison& comparison) {
  std::string text =
      absl::StrFormat("<h2>Metrics</h2>\n<div class=\"scroll\"><table>%s<tbody>\n",
                      HeadRow({"metric", "rows", "before", "after", "Δ", "95 % interval", "p"}, 1));
  for (const v1::MetricComparison& metric : comparison.metrics()) {
    text += "<tr>" + TextCell(metric.metric().id()) +
            CellNumbers(metric.metric(), metric.overall(), P(metric.overall())) + "</tr>\n";
  }
  return text + "</tbody></table></div>\n";
}

// Cohorts with their intervals on one axis.
std::string ForestPlot(const v1::MetricComparison& metric) {
  std::vector<const v1::Cell*> cells = {&metric.overall()};
  for (const v1::Cell& cell : metric.cohorts()) {
    if (static_cast<int>(cells.size()) <= kMaxInPlot) {
      cells.push_back(&cell);
    }
  }
  double low = 0;
  double high = 0;
  for (const v1::Cell* cell : cells) {
    low = std::min({low, cell->has_lower() ? cell->lower() : 0, cell->delta()});
    high = std::max({high, cell->has_upper() ? cell->upper() : 0, cell->delta()});
  }
  if (low == high) {
    return "";
  }
  const auto x = [low, high](double value) {
    constexpr double kMargin = 20;
    return kLabelWidth + (value - low) / (high - low) * (kPlotWidth - kLabelWidth - kMargin);
  };
  const MetricStyle numbers = StyleOf(metric.metric());
  const double height = kLineHeight * static_cast<double>(cells.size() + 1);
  std::string svg = absl::StrFormat(
      "<svg viewBox=\"0 0 %g %g\" width=\"100%%\" role=\"img\" aria-label=\"Difference of %s by "
      "cohort with 95 %% intervals; the table below has the numbers\">\n"
      "<line x1=\"%g\" x2=\"%g\" y1=\"0\" y2=\"%g\" stroke=\"var(--muted)\" "
      "stroke-dasharray=\"3 3\"/>\n",
      kPlotWidth, height, HtmlText(metric.metric().id()), x(0), x(0), height - kLineHeight);
  double y = kLineHeight / 2;
  for (const v1::Cell* cell : cells) {
    const int side = Side(metric.metric(), *cell);
    const std::string name =
        cell->cohort().empty() ? "all rows" : Shortened(OneLine(cell->cohort()), 38);
    svg += absl::StrFormat("<text x=\"%g\" y=\"%g\" text-anchor=\"end\">%s%s</text>",
                           kLabelWidth - 10, y + 4, GlyphOf(side), HtmlText(name));
    if (cell->has_lower() && cell->has_upper()) {
      svg += absl::StrFormat(
          "<line x1=\"%g\" x2=\"%g\" y1=\"%g\" y2=\"%g\" stroke=\"var(--%s)\" stroke-width=\"2\"/>",
          x(cell->lower()), x(cell->upper()), y, y, ToneOf(side));
    }
    if (cell->has_delta()) {
      svg +=
          absl::StrFormat("<rect x=\"%g\" y=\"%g\" width=\"8\" height=\"8\" fill=\"var(--%s)\"/>",
                          x(cell->delta()) - 4, y - 4, ToneOf(side));
    }
    svg += "\n";
    y += kLineHeight;
  }
  return svg + absl::StrFormat(
                   "<text x=\"%g\" y=\"%g\">%s</text><text x=\"%g\" y=\"%g\" "
                   "text-anchor=\"end\">%s %s</text></svg>\n",
                   x(low), y + 4, HtmlText(numbers.Bare(low)), x(high), y + 4,
                   HtmlText(numbers.Bare(high)), HtmlText(numbers.unit()));
}

std::string CohortsBlock(const v1::Comparison& comparison) {
  const v1::MetricComparison* metric = CohortMetric(comparison);
  if (metric == nullptr) {
    return "";
  }
  std::string text =
      absl::StrFormat("<h2>%s by cohort</h2>\n%s<div class=\"scroll\"><table>%s<tbody>\n",
                      HtmlText(metric->metric().id()), ForestPlot(*metric),
                      HeadRow({"cohort", "rows", "before", "after", "Δ", "95 % interval", "q"}, 1));
  const int num_shown = std::min(metric->cohorts_size(), kMaxCohorts);
  for (int i = 0; i < num_shown; ++i) {
    const v1::Cell& cell = metric->cohorts(i);
    text += "<tr>" + TextCell(OneLine(cell.cohort())) +
            CellNumbers(metric->metric(), cell, Q(cell)) + "</tr>\n";
  }
  text += "</tbody></table></div>\n";
  if (num_shown < metric->cohorts_size()) {
    text += absl::StrFormat("<p class=\"muted\">The worst %d of %d cohorts.</p>\n", num_shown,
                            metric->cohorts_size());
  }
  return text;
}

// What a row's line needs beside the row.
struct RowPlace {
  std::string comparison;  // its name
  std::string site;
  bool has_traces = false;  // whether rows have a cell for them
};

bool HasTraces(const v1::ListComparisonRowsResponse& rows) {
  return std::any_of(rows.rows().begin(), rows.rows().end(), [](const v1::ComparisonRow& row) {
    return !row.baseline_trace_id().empty() || !row.candidate_trace_id().empty();
  });
}

// Where the traces of a row are, as text: the file refers to nothing.
std::string TracesCell(const v1::ComparisonRow& row, const RowPlace& place) {
  std::string text;
  for (const auto& [side, trace_id] : {std::pair("before", &row.baseline_trace_id()),
                                       std::pair("after", &row.candidate_trace_id())}) {
    if (!trace_id->empty()) {
      text += absl::StrFormat("%s%s: %s", text.empty() ? "" : ", ", side,
                              TraceAddress(place.site, place.comparison, *trace_id));
    }
  }
  return TextCell(OneLine(text));
}

std::string RowLine(const v1::ComparisonRow& row, const RowPlace& place) {
  const auto score = [](bool is_there, double value) {
    return NumberCell(is_there ? NumberText(value) : "-");
  };
  return "<tr>" + TextCell(OneLine(row.key())) + TextCell(OneLine(row.input())) +
         TextCell(OneLine(row.expected())) + TextCell(OneLine(row.baseline_output())) +
         TextCell(OneLine(row.candidate_output())) +
         (place.has_traces ? TracesCell(row, place) : "") +
         score(row.has_baseline_score(), row.baseline_score()) +
         score(row.has_candidate_score(), row.candidate_score()) + "</tr>\n";
}

// The rows that fit into `room` bytes.
std::string RowsBlock(const ReportRows& part, const RowPlace& place, std::size_t room) {
  if (part.rows.rows_size() == 0) {
    return "";
  }
  std::vector<std::string_view> titles = {"key", "input", "expected", "answer before",
                                          "answer after"};
  if (place.has_traces) {
    titles.emplace_back("traces");
  }
  const std::size_t num_texts = titles.size();
  titles.insert(titles.end(), {"before", "after"});
  std::string lines;
  int num_shown = 0;
  for (const v1::ComparisonRow& row : part.rows.rows()) {
    std::string line = RowLine(row, place);
    if (lines.size() + line.size() > room) {
      break;
    }
    lines += line;
    ++num_shown;
  }
  return absl::StrFormat(
      "<h2>%s</h2>\n<p class=\"muted\">%s of %s rows, worst first by %s.</p>\n"
      "<div class=\"scroll\"><table>%s<tbody>\n%s</tbody></table></div>\n",
      HtmlText(part.title), CountText(num_shown), CountText(part.rows.total_rows()),
      HtmlText(part.rows.metric()), HeadRow(titles, num_texts), lines);
}

}  // namespace

std::string HtmlText(std::string_view text) {
  std::string safe;
  safe.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      case '\'':
        safe += "&#39;";
        break;
      default:
        safe += c;
    }
  }
  return safe;
}

std::string HtmlReport(const v1::Comparison& comparison, const std::vector<ReportRows>& rows,
                       const HtmlReportOptions& options) {
  constexpr std::size_t kRoomForTheRest = 4096;
  std::string text = absl::StrFormat(
      kHead, HtmlText(absl::StrFormat("%s: %s", Headline(comparison), Sides(comparison, true))));
  text += HeaderBlock(comparison, options) + GatesBlock(comparison);
  if (comparison.metrics_size() > 0) {
    text += MetricsBlock(comparison);
  }
  text += CohortsBlock(comparison);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::size_t used = text.size() + kRoomForTheRest * (rows.size() - i + 1);
    const std::size_t room = used < options.max_bytes ? options.max_bytes - used : 0;
    const RowPlace place{comparison.name(), options.site, HasTraces(rows[i].rows)};
    text += RowsBlock(rows[i], place, room / (rows.size() - i));
  }
  text += absl::StrFormat(
      "<p class=\"muted\">Comparison %s, made %s UTC. Intervals are two-sided; ▼ worse and ▲ "
      "better "
      "where they exclude no difference; q is p after Benjamini-Hochberg over the cohorts.</p>\n"
      "</body>\n</html>\n",
      HtmlText(client::ShortName(comparison.name())), HtmlText(TimeText(comparison.create_time())));
  return text;
}

}  // namespace assay::cli
