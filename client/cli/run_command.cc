#include <CLI/CLI.hpp>
#include <array>
#include <memory>
#include <span>
#include <string>

#include "absl/strings/str_format.h"
#include "client/cli/commands.h"
#include "client/cli/evaluate.h"
#include "client/cli/resource_tables.h"
#include "client/cli/result_table_text.h"
#include "client/cli/run_report.h"
#include "client/cpp/client.h"
#include "client/cpp/references.h"
#include "client/cpp/status_macros.h"

namespace assay::cli {
namespace {

struct ListOptions {
  std::string model;
  std::string dataset;
  std::int64_t limit = 50;
};

std::string StateText(const v1::Run& run) {
  std::string word(RunStateWord(run.state()));
  if (client::HasEnded(run.state()) || run.num_rows() == 0) {
    return word;
  }
  return absl::StrFormat("%s %d %%", word, 100 * run.num_rows_done() / run.num_rows());
}

absl::StatusOr<ExitCode> RunList(Context& context, const ListOptions& options) {
  v1::ListRunsRequest request;
  request.set_parent(client::ProjectName(context.project()));
  if (!options.dataset.empty()) {
    ASSAY_ASSIGN_OR_RETURN(*request.mutable_dataset_version(),
                           client::ResolveDatasetVersion(context.project(), options.dataset));
  }
  if (!options.model.empty()) {
    ASSAY_ASSIGN_OR_RETURN(*request.mutable_model_version(),
                           client::ResolveModelVersion(context.project(), options.model));
  }
  ASSAY_ASSIGN_OR_RETURN(client::Client * client, context.Connect());
  ASSAY_ASSIGN_OR_RETURN(const v1::ListRunsResponse response,
                         client->ListRuns(request, options.limit));
  Table table({{"RUN"},
               {"MODEL", Align::kLeft, true},
               {"DATASET", Align::kLeft, true},
               {"STATE"},
               {"ROWS", Align::kRight},
               {"EVALUATORS", Align::kLeft, true},
               {"CREATED"}});
  for (const v1::Run& run : response.runs()) {
    std::string evaluators;
    for (const std::string& evaluator : run.evaluators()) {
      evaluators += (evaluators.empty() ? "" : " ") + evaluator;
    }
    table.AddRow({client::ShortName(run.name()), client::ShortName(run.model_version()),
                  client::ShortName(run.dataset_version()), StateText(run),
                  std::to_string(run.num_rows()), evaluators, TimeText(run.create_time())});
  }
  context.Print(response, table);
  context.WarnOfMore(response.next_page_token());
  return ExitCode::kPass;
}

absl::StatusOr<ExitCode> RunShow(Context& context, const std::string& reference) {
  v1::GetRunRequest request;
  ASSAY_ASSIGN_OR_RETURN(*request.mutable_name(), client::ResolveRun(context.project(), reference));
  ASSAY_ASSIGN_OR_RETURN(client::Client * client, context.Connect());
  ASSAY_ASSIGN_OR_RETURN(const v1::Run run, client->GetRun(request));
  PrintRun(context, run);
  if (context.format() == OutputFormat::kText) {
    context.PrintReport(ResultTablesText(run, context.width(), context.palette()));
  }
  return ExitCode::kPass;
}

absl::StatusOr<ExitCode> RunWatch(Context& context, const std::string& reference) {
  ASSAY_ASSIGN_OR_RETURN(const std::string name, client::ResolveRun(context.project(), reference));
  ASSAY_ASSIGN_OR_RETURN(const v1::Run run, WaitForRun(context, name));
  PrintRun(context, run);
  ASSAY_RETURN_IF_ERROR(CheckSucceeded(run));
  return ExitCode::kPass;
}

constexpr std::array kCancelFormats = {OutputFormat::kText, OutputFormat::kJson};

absl::StatusOr<ExitCode> RunCancel(Context& context, const std::string& reference) {
  v1::CancelRunRequest request;
  ASSAY_ASSIGN_OR_RETURN(*request.mutable_name(), client::ResolveRun(context.project(), reference));
  ASSAY_ASSIGN_OR_RETURN(client::Client * client, context.Connect());
  ASSAY_ASSIGN_OR_RETURN(const v1::Run run, client->CancelRun(request));
  if (context.format() == OutputFormat::kJson) {
    context.Print(JsonText(run));
  } else {
    context.Print(
        absl::StrFormat("%s  %s\n", client::ShortName(run.name()), RunStateWord(run.state())));
  }
  return ExitCode::kPass;
}

// Adds a subcommand that takes one run.
void AddRunVerb(CLI::App& run, const char* verb, const char* description,
                absl::StatusOr<ExitCode> (*perform)(Context&, const std::string&), Action& action,
                std::span<const OutputFormat> formats = kTableFormats) {
  auto reference = std::make_shared<std::string>();
  CLI::App* command = run.add_subcommand(verb, description);
  command->add_option("RUN", *reference, "run:12 or 12")->required();
  command->footer(absl::StrFormat("Example: assay run %s run:12", verb));
  command->callback([reference, perform, formats, &action] {
    action = {[reference, perform](Context& context) { return perform(context, *reference); },
              formats};
  });
}

}  // namespace

void AddRunCommand(CLI::App& app, Action& action) {
  CLI::App* run = app.add_subcommand("run", "List, show, watch and cancel runs");

  auto list_options = std::make_shared<ListOptions>();
  CLI::App* list = run->add_subcommand("ls", "Lists runs, newest first");
  list->add_option("--model", list_options->model, "Only of this model version");
  list->add_option("--dataset", list_options->dataset, "Only on this dataset version");
  list->add_option("--limit", list_options->limit, "At most this many; 0: all")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  list->footer("Example: assay run ls --dataset digits@1");
  list->callback([list_options, &action] {
    action = [list_options](Context& context) { return RunList(context, *list_options); };
  });

  AddRunVerb(*run, "show", "Shows a run with its values overall and by cohort, and its tables",
             RunShow, action);
  AddRunVerb(*run, "watch", "Waits for the end of a run, then shows it", RunWatch, action);
  AddRunVerb(*run, "cancel", "Stops a run; one that has ended stays as it is", RunCancel, action,
             kCancelFormats);
}

}  // namespace assay::cli
