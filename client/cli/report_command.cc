#include <CLI/CLI.hpp>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "client/cli/commands.h"
#include "client/cli/evaluate.h"
#include "client/cli/html_report.h"
#include "client/cli/numbers.h"
#include "client/cli/page.h"
#include "client/cpp/client.h"
#include "client/cpp/references.h"
#include "client/cpp/status_macros.h"

namespace assay::cli {
namespace {

constexpr std::int64_t kNumRows = 500;  // of each kind, before the size of the file is looked at

struct ReportOptions {
  std::string comparison;
  std::string file;
};

absl::StatusOr<std::vector<ReportRows>> LoadRows(client::Client& client,
                                                 const v1::Comparison& comparison) {
  std::vector<ReportRows> parts;
  if (comparison.state() != v1::Comparison::SUCCEEDED ||
      comparison.verdict() == v1::VERDICT_REFUSED) {
    return parts;
  }
  for (const auto& [title, bucket] :
       {std::pair{"Broken", v1::ROW_BUCKET_BROKEN}, std::pair{"Fixed", v1::ROW_BUCKET_FIXED}}) {
    v1::ListComparisonRowsRequest request;
    request.set_name(comparison.name());
    request.set_bucket(bucket);
    absl::StatusOr<v1::ListComparisonRowsResponse> rows =
        client.ListComparisonRows(request, kNumRows);
    if (absl::IsFailedPrecondition(rows.status())) {
      return parts;  // no metric has row scores
    }
    ASSAY_RETURN_IF_ERROR(rows.status());
    parts.push_back({title, *std::move(rows)});
  }
  return parts;
}

absl::Status WriteFile(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(text.data(), static_cast<std::streamsize>(text.size()));
  file.close();
  return file.good() ? absl::OkStatus()
                     : absl::InvalidArgumentError(absl::StrFormat("cannot write '%s'", path));
}

absl::StatusOr<ExitCode> RunReport(Context& context, const ReportOptions& options) {
  ASSAY_ASSIGN_OR_RETURN(const std::string name,
                         client::ResolveComparison(context.project(), options.comparison));
  ASSAY_ASSIGN_OR_RETURN(client::Client * client, context.Connect());
  ASSAY_ASSIGN_OR_RETURN(const v1::Comparison comparison, WaitForComparison(context, name));
  ASSAY_ASSIGN_OR_RETURN(const std::vector<ReportRows> rows, LoadRows(*client, comparison));
  HtmlReportOptions report;
  report.page = PageOf(context, comparison.name());
  report.site = SiteOf(context);
  const std::string html = HtmlReport(comparison, rows, report);
  if (options.file == "-") {
    context.Print(html);
    return ExitCode::kPass;
  }
  ASSAY_RETURN_IF_ERROR(WriteFile(options.file, html));
  context.Warn(
      absl::StrFormat("%s: %s", options.file, BytesText(static_cast<double>(html.size()))));
  return ExitCode::kPass;
}

}  // namespace

void AddReportCommand(CLI::App& app, Action& action) {
  auto options = std::make_shared<ReportOptions>();
  CLI::App* report = app.add_subcommand(
      "report", "Writes a comparison as one HTML file that needs no server, at most 2 MB");
  report->add_option("COMPARISON", options->comparison, "Its id, as 14")->required();
  report->add_option("-o,--out", options->file, "The file; - for standard output")->required();
  report->footer("Example: assay report 14 -o report.html");
  report->callback([options, &action] {
    action = {[options](Context& context) { return RunReport(context, *options); }, kTextFormat};
  });
}

}  // namespace assay::cli
