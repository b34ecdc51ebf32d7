#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "client/cli/commands.h"
#include "client/cli/comparison_view.h"
#include "client/cli/evaluate.h"
#include "client/cli/resource_tables.h"
#include "client/cli/verdict_output.h"
#include "client/cpp/client.h"
#include "client/cpp/references.h"
#include "client/cpp/status_macros.h"

namespace assay::cli {
namespace {

std::string StateOrVerdict(const v1::Comparison& comparison) {
  switch (comparison.state()) {
    case v1::Comparison::SUCCEEDED:
      return std::string(VerdictWord(comparison.verdict()));
    case v1::Comparison::FAILED:
      return "failed";
    default:
      return "running";
  }
}

absl::StatusOr<ExitCode> RunList(Context& context, std::int64_t limit) {
  ASSAY_ASSIGN_OR_RETURN(client::Client * client, context.Connect());
  v1::ListComparisonsRequest request;
  request.set_parent(client::ProjectName(context.project()));
  ASSAY_ASSIGN_OR_RETURN(const v1::ListComparisonsResponse response,
                         client->ListComparisons(request, limit));
  Table table({{"COMPARISON", Align::kRight},
               {"BASELINE", Align::kLeft, true},
               {"CANDIDATE", Align::kLeft, true},
               {"DATASET", Align::kLeft, true},
               {"VERDICT"},
               {"CREATED"}});
  for (const v1::Comparison& comparison : response.comparisons()) {
    table.AddRow({client::ShortName(comparison.name()),
                  client::ShortName(comparison.baseline_model_version()),
                  client::ShortName(comparison.candidate_model_version()),
                  client::ShortName(comparison.dataset_version()), StateOrVerdict(comparison),
                  TimeText(comparison.create_time())});
  }
  context.Print(response, table);
  context.WarnOfMore(response.next_page_token());
  return ExitCode::kPass;
}

struct ShowOptions {
  std::string comparison;
  std::vector<std::string> reports;
};

absl::StatusOr<ExitCode> RunShow(Context& context, const ShowOptions& options) {
  ASSAY_ASSIGN_OR_RETURN(const std::vector<ReportFile> files, OpenReportFiles(options.reports));
  ASSAY_ASSIGN_OR_RETURN(const std::string name,
                         client::ResolveComparison(context.project(), options.comparison));
  ASSAY_ASSIGN_OR_RETURN(const v1::Comparison comparison, WaitForComparison(context, name));
  return PrintComparison(context, comparison, files);
}

}  // namespace

void AddComparisonCommand(CLI::App& app, Action& action) {
  CLI::App* comparison = app.add_subcommand("comparison", "List and show stored comparisons");

  auto limit = std::make_shared<std::int64_t>(50);
  CLI::App* list = comparison->add_subcommand("ls", "Lists comparisons, newest first");
  list->add_option("--limit", *limit, "At most this many; 0: all")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  list->footer("Example: assay comparison ls");
  list->callback([limit, &action] {
    action = [limit](Context& context) { return RunList(context, *limit); };
  });

  auto options = std::make_shared<ShowOptions>();
  CLI::App* show = comparison->add_subcommand(
      "show", "Prints the report of a comparison again; the exit code is its verdict");
  show->add_option("COMPARISON", options->comparison, "Its id, as 14")->required();
  AddReportOption(*show, options->reports);
  show->footer("Example: assay comparison show 14 -o md");
  show->callback([options, &action] {
    action = {[options](Context& context) { return RunShow(context, *options); }, kVerdictFormats};
  });
}

}  // namespace assay::cli
