#include "client/cli/run_report.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "assay/v1/run_service.pb.h"
#include "client/cli/numbers.h"
#include "client/cli/resource_tables.h"
#include "client/cli/text_width.h"
#include "client/cpp/references.h"

namespace assay::cli {
namespace {

constexpr std::size_t kMaxCohorts = 30;

MetricStyle StyleOf(const v1::Metric& metric) {
  return MetricStyle(metric.kind() == v1::METRIC_KIND_BINARY_MEAN, metric.unit());
}

std::optional<double> Value(const v1::Summary& summary) {
  return summary.has_value() ? std::optional(summary.value()) : std::nullopt;
}

// `[0.9590, 0.9850]`: ends written as the value is.
std::string IntervalText(const MetricStyle& style, const v1::Summary& summary) {
  if (!summary.has_lower() || !summary.has_upper()) {
    return "-";
  }
  return absl::StrFormat("[%s, %s]", style.Value(summary.lower()), style.Value(summary.upper()));
}

const v1::Summary* Find(const v1::Run& run, const std::string& metric, const std::string& cohort) {
  for (const v1::Summary& summary : run.summaries()) {
    if (summary.metric() == metric && summary.cohort() == cohort) {
      return &summary;
    }
  }
  return nullptr;
}

Table OverallTable(const v1::Run& run) {
  Table table({{"METRIC", Align::kLeft, true},
               {"VALUE", Align::kRight},
               {"95 % CI"},
               {"ROWS", Align::kRight},
               {"UNDEFINED", Align::kRight}});
  for (const v1::Metric& metric : run.metrics()) {
    const v1::Summary* summary = Find(run, metric.id(), "");
    if (summary != nullptr) {
      const MetricStyle style = StyleOf(metric);
      table.AddRow({metric.id(), style.Value(Value(*summary)), IntervalText(style, *summary),
                    CountText(summary->num_rows()), CountText(summary->num_undefined())});
    }
  }
  return table;
}

// Cohorts in the order of the summaries.
std::vector<std::string> Cohorts(const v1::Run& run) {
  std::vector<std::string> cohorts;
  for (const v1::Summary& summary : run.summaries()) {
    const bool is_new = !summary.cohort().empty() && std::find(cohorts.begin(), cohorts.end(),
                                                               summary.cohort()) == cohorts.end();
    if (is_new) {
      cohorts.push_back(summary.cohort());
    }
  }
  return cohorts;
}

// Values of the first `num_metrics` metrics by cohort.
Table CohortTable(const v1::Run& run, const std::vector<std::string>& cohorts,
                  std::size_t num_cohorts, int num_metrics) {
  std::vector<TableColumn> columns = {{"COHORT", Align::kLeft, true}, {"ROWS", Align::kRight}};
  for (int m = 0; m < num_metrics; ++m) {
    columns.push_back({run.metrics(m).id(), Align::kRight});
  }
  Table table(std::move(columns));
  for (std::size_t c = 0; c < num_cohorts; ++c) {
    std::int64_t rows = 0;
    std::vector<Cell> cells;
    for (int m = 0; m < num_metrics; ++m) {
      const v1::Metric& metric = run.metrics(m);
      const v1::Summary* summary = Find(run, metric.id(), cohorts[c]);
      cells.emplace_back(summary != nullptr ? StyleOf(metric).Value(Value(*summary)) : "-");
      rows = std::max(rows, summary != nullptr ? summary->num_rows() : 0);
    }
    cells.insert(cells.begin(), {Cell(cohorts[c]), Cell(CountText(rows))});
    table.AddRow(std::move(cells));
  }
  return table;
}

// How many metrics fit beside the cohort names.
int MetricsThatFit(const v1::Run& run, const std::vector<std::string>& cohorts, std::size_t width) {
  std::size_t used = 8;  // rows
  std::size_t name_width = 6;
  for (const std::string& cohort : cohorts) {
    name_width = std::max(name_width, std::min<std::size_t>(DisplayWidth(OneLine(cohort)), 32));
  }
  used += name_width + 2;
  int fitting = 0;
  for (const v1::Metric& metric : run.metrics()) {
    used += 2 + std::max<std::size_t>(DisplayWidth(metric.id()), metric.unit().empty() ? 6 : 12);
    if (used > width) {
      break;
    }
    ++fitting;
  }
  return std::max(fitting, std::min(1, run.metrics_size()));
}

std::string HeadLine(const v1::Run& run) {
  std::string line = absl::StrFormat(
      "%s  %s on %s  %s", client::ShortName(run.name()), client::ShortName(run.model_version()),
      client::ShortName(run.dataset_version()), RunStateWord(run.state()));
  if (run.has_start_time() && run.has_end_time()) {
    const double seconds =
        static_cast<double>(run.end_time().seconds() - run.start_time().seconds()) +
        1e-9 * (run.end_time().nanos() - run.start_time().nanos());
    line += " in " + DurationText(std::max(0.0, seconds));
  }
  return line;
}

// What became of the examples, and what was asked for.
std::string FactLines(const v1::Run& run) {
  std::string text;
  if (run.state() == v1::Run::SUCCEEDED) {
    text += absl::StrFormat("%s rows: %s scored, %s missing, %s errors", CountText(run.num_rows()),
                            CountText(run.num_scored()), CountText(run.num_missing()),
                            CountText(run.num_errors()));
    if (!run.row_filter().empty()) {
      text += absl::StrFormat(", %s left out by %s", CountText(run.num_filtered()),
                              OneLine(run.row_filter()));
    }
    text += "\n";
  } else {
    text += absl::StrFormat("%s of %s rows\n", CountText(run.num_rows_done()),
                            CountText(run.num_rows()));
  }
  std::string evaluators;
  for (const std::string& evaluator : run.evaluators()) {
    evaluators += (evaluators.empty() ? "" : " ") + evaluator;
  }
  text +=
      absl::StrFormat("outputs:%s  %s\n", client::ShortName(run.output_set()), OneLine(evaluators));
  if (!run.result_digest().empty()) {
    text +=
        absl::StrFormat("result %s  trace %s\n", ShortDigest(run.result_digest()), run.trace_id());
  }
  if (!run.error().empty()) {
    text += absl::StrFormat("error: %s\n", OneLine(run.error()));
  }
  return text;
}

std::string Digits(bool is_defined, double value) {
  return is_defined ? absl::StrFormat("%.17g", value) : std::string();
}

}  // namespace

std::string_view RunStateWord(int state) {
  switch (state) {
    case v1::Run::QUEUED:
      return "queued";
    case v1::Run::SUCCEEDED:
      return "succeeded";
    case v1::Run::FAILED:
      return "failed";
    case v1::Run::CANCELLED:
      return "cancelled";
    default:
      return "running";
  }
}

std::string RunText(const v1::Run& run, std::size_t width, const Palette& palette) {
  std::string text = palette(Ink::kBold, HeadLine(run)) + "\n" + FactLines(run);
  if (run.summaries_size() == 0) {
    return text;
  }
  text += "\n" + OverallTable(run).Text(width, palette);
  const std::vector<std::string> cohorts = Cohorts(run);
  if (!cohorts.empty()) {
    const std::size_t num_cohorts = std::min(cohorts.size(), kMaxCohorts);
    const int num_metrics = MetricsThatFit(run, cohorts, width);
    text += "\n" + CohortTable(run, cohorts, num_cohorts, num_metrics).Text(width, palette);
    if (num_cohorts < cohorts.size() || num_metrics < run.metrics_size()) {
      text += absl::StrFormat("%d of %d cohorts, %d of %d metrics: -o csv has all\n", num_cohorts,
                              cohorts.size(), num_metrics, run.metrics_size());
    }
  }
  for (const std::string& note : run.notes()) {
    text += absl::StrFormat("note: %s\n", OneLine(note));
  }
  return text;
}

std::string RunMarkdown(const v1::Run& run) {
  std::string text =
      absl::StrFormat("**%s**\n\n%s", MarkdownText(HeadLine(run)), OverallTable(run).Markdown());
  const std::vector<std::string> cohorts = Cohorts(run);
  if (!cohorts.empty()) {
    text += "\n" + CohortTable(run, cohorts, cohorts.size(), run.metrics_size()).Markdown();
  }
  for (const std::string& note : run.notes()) {
    text += absl::StrFormat("\nNote: %s\n", MarkdownText(note));
  }
  return text;
}

Table RunTable(const v1::Run& run) {
  Table table(
      {{"metric"}, {"cohort"}, {"value"}, {"lower"}, {"upper"}, {"num_rows"}, {"num_undefined"}});
  for (const v1::Summary& summary : run.summaries()) {
    table.AddRow({summary.metric(), summary.cohort(), Digits(summary.has_value(), summary.value()),
                  Digits(summary.has_lower(), summary.lower()),
                  Digits(summary.has_upper(), summary.upper()), std::to_string(summary.num_rows()),
                  std::to_string(summary.num_undefined())});
  }
  return table;
}

}  // namespace assay::cli
