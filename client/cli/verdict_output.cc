#include "client/cli/verdict_output.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fstream>
#include <ios>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/cli/comparison_view.h"
#include "client/cli/page.h"
#include "client/cli/text_width.h"
#include "client/cli/verdict_report.h"
#include "client/cpp/client.h"
#include "client/cpp/status_macros.h"

namespace assay::cli {
namespace {

bool ShowsRowsOfGates(OutputFormat format) {
  return format == OutputFormat::kMarkdown || format == OutputFormat::kJunit ||
         format == OutputFormat::kSarif;
}

bool ShowsRows(OutputFormat format) {
  return format == OutputFormat::kText || ShowsRowsOfGates(format);
}

// What any of the reports asked for shows.
bool IsShown(const Context& context, const std::vector<ReportFile>& files,
             bool (*shows)(OutputFormat)) {
  return shows(context.format()) ||
         std::any_of(files.begin(), files.end(),
                     [shows](const ReportFile& file) { return shows(file.format()); });
}

// The worst rows, or none: a report is complete without them, and a metric may have none.
v1::ListComparisonRowsResponse LoadRows(client::Client& client, const v1::Comparison& comparison,
                                        const std::string& metric, const std::string& cohort) {
  v1::ListComparisonRowsRequest request;
  request.set_name(comparison.name());
  request.set_metric(metric);
  request.set_cohort(cohort);
  request.set_bucket(v1::ROW_BUCKET_BROKEN);
  absl::StatusOr<v1::ListComparisonRowsResponse> rows =
      client.ListComparisonRows(request, kMaxReportRows);
  return rows.ok() ? *std::move(rows) : v1::ListComparisonRowsResponse();
}

bool HasRowScores(const v1::Comparison& comparison, const std::string& metric) {
  const v1::MetricComparison* const found = FindMetric(comparison, metric);
  return found != nullptr && found->metric().kind() != v1::METRIC_KIND_CORPUS;
}

absl::StatusOr<VerdictReport> LoadReport(Context& context, const v1::Comparison& comparison,
                                         const PolicyFile& policy, bool shows_rows_of_gates) {
  ASSAY_ASSIGN_OR_RETURN(client::Client * client, context.Connect());
  VerdictReport report;
  report.comparison = comparison;
  report.site = SiteOf(context);
  report.policy_path = policy.path.empty() ? comparison.policy().source() : policy.path;
  report.gate_lines = policy.gate_lines;
  for (const v1::GateResult& result : comparison.gates()) {
    const bool has_rows = shows_rows_of_gates && result.verdict() != v1::VERDICT_PASS &&
                          HasRowScores(comparison, result.gate().metric());
    report.gate_rows.push_back(
        has_rows ? LoadRows(*client, comparison, result.gate().metric(), result.gate().cohort())
                 : v1::ListComparisonRowsResponse());
  }
  if (const std::string metric = RowMetric(comparison); HasRowScores(comparison, metric)) {
    report.worst_rows = LoadRows(*client, comparison, metric, "");
  }
  return report;
}

std::string Render(Context& context, OutputFormat format, const VerdictReport& report,
                   const ReportStyle& style) {
  switch (format) {
    case OutputFormat::kText: {
      ReportStyle paged = style;
      paged.page = PageOf(context, report.comparison.name());
      paged.site = report.site;
      const std::string text = DiffText(report.comparison, paged, report.worst_rows);
      return style.uses_unicode ? text : WithAsciiMarks(text);
    }
    case OutputFormat::kJson:
      return JsonText(report.comparison);
    case OutputFormat::kJsonl:  // not among kVerdictFormats
      break;
    case OutputFormat::kCsv:
      return VerdictTable(report.comparison).Csv();
    case OutputFormat::kMarkdown:
      return VerdictMarkdown(report);
    case OutputFormat::kJunit:
      return VerdictJunit(report);
    case OutputFormat::kSarif:
      return VerdictSarif(report);
  }
  return "";
}

}  // namespace

absl::StatusOr<ReportFile> ReportFile::Open(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals + 1 == text.size()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("--report is FORMAT=FILE, for instance junit=assay.xml, not '%s'", text));
  }
  ReportFile file;
  ASSAY_ASSIGN_OR_RETURN(file.format_, ParseOutputFormat("FORMAT of --report",
                                                         text.substr(0, equals), kVerdictFormats));
  file.path_ = std::string(text.substr(equals + 1));
  ASSAY_RETURN_IF_ERROR(file.Write(""));
  return file;
}

absl::Status ReportFile::Write(std::string_view text) const {
  std::ofstream file(path_, std::ios::binary | std::ios::trunc);
  file.write(text.data(), static_cast<std::streamsize>(text.size()));
  file.close();
  return file.good() ? absl::OkStatus()
                     : absl::InvalidArgumentError(absl::StrFormat("cannot write '%s'", path_));
}

void AddReportOption(CLI::App& command, std::vector<std::string>& reports) {
  command
      .add_option("--report", reports,
                  "FORMAT=FILE: writes the report to a file as well, as text, json, csv, md, junit "
                  "or sarif; repeatable")
      ->allow_extra_args(false);
}

absl::StatusOr<std::vector<ReportFile>> OpenReportFiles(const std::vector<std::string>& reports) {
  std::vector<ReportFile> files;
  for (const std::string& report : reports) {
    ASSAY_ASSIGN_OR_RETURN(ReportFile file, ReportFile::Open(report));
    files.push_back(std::move(file));
  }
  return files;
}

absl::StatusOr<ExitCode> PrintComparison(Context& context, const v1::Comparison& comparison,
                                         const std::vector<ReportFile>& files,
                                         const PolicyFile& policy, BlockOrder order) {
  VerdictReport report;
  report.comparison = comparison;
  if (IsShown(context, files, ShowsRows)) {
    ASSAY_ASSIGN_OR_RETURN(
        report, LoadReport(context, comparison, policy, IsShown(context, files, ShowsRowsOfGates)));
  }
  ReportStyle style;
  style.width = context.width();
  style.palette = context.palette();
  style.uses_unicode = context.uses_unicode();
  style.command_suffix = context.command_suffix();
  style.order = order;
  context.Print(Render(context, context.format(), report, style));
  style.palette = Palette(false);
  for (const ReportFile& file : files) {
    ASSAY_RETURN_IF_ERROR(file.Write(Render(context, file.format(), report, style)));
  }
  return comparison.state() == v1::Comparison::SUCCEEDED
             ? static_cast<ExitCode>(comparison.exit_code())
             : ExitCode::kCouldNotEvaluate;
}

}  // namespace assay::cli
