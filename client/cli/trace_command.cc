#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "absl/strings/str_format.h"
#include "client/cli/commands.h"
#include "client/cli/numbers.h"
#include "client/cli/resource_tables.h"
#include "client/cli/waterfall.h"
#include "client/cpp/client.h"
#include "client/cpp/references.h"
#include "client/cpp/status_macros.h"

namespace assay::cli {
namespace {

struct ListOptions {
  std::string run;
  std::string comparison;
  std::int64_t limit = 20;
};

// `runs/12` of `projects/default/runs/12`.
std::string ResourceText(const std::string& name) {
  const std::size_t after_project = name.find('/', name.find('/') + 1);
  return after_project == std::string::npos ? name : name.substr(after_project + 1);
}

// In a terminal, ids and names are cut to what tells them apart.
Table TracesTable(const v1::ListTracesResponse& response, bool is_text) {
  constexpr std::size_t kShortId = 12;
  constexpr std::string_view kPackage = "assay.v1.";
  Table table({{"TRACE"},
               {"ROOT", Align::kLeft, true},
               {"DURATION", Align::kRight},
               {"SPANS", Align::kRight},
               {"ERRORS", Align::kRight},
               {"OF", Align::kLeft, true},
               {"STARTED"}});
  for (const v1::Trace& trace : response.traces()) {
    const std::string id = client::ShortName(trace.name());
    const bool is_call = is_text && trace.root_name().starts_with(kPackage);
    Cell errors(std::to_string(trace.num_errors()));
    if (trace.num_errors() > 0) {
      errors.ink = Ink::kRed;
    }
    table.AddRow({is_text ? id.substr(0, kShortId) : id,
                  is_call ? trace.root_name().substr(kPackage.size()) : trace.root_name(),
                  DurationText(1e-9 * static_cast<double>(trace.duration_ns())),
                  std::to_string(trace.num_spans()), errors,
                  is_text ? ResourceText(trace.resource()) : trace.resource(),
                  TimeText(trace.start_time())});
  }
  return table;
}

absl::StatusOr<ExitCode> RunList(Context& context, const ListOptions& options) {
  v1::ListTracesRequest request;
  request.set_parent(client::ProjectName(context.project()));
  if (!options.run.empty() && !options.comparison.empty()) {
    return absl::InvalidArgumentError("give either --run or --comparison");
  }
  if (!options.run.empty()) {
    ASSAY_ASSIGN_OR_RETURN(*request.mutable_resource(),
                           client::ResolveRun(context.project(), options.run));
  }
  if (!options.comparison.empty()) {
    ASSAY_ASSIGN_OR_RETURN(*request.mutable_resource(),
                           client::ResolveComparison(context.project(), options.comparison));
  }
  ASSAY_ASSIGN_OR_RETURN(client::Client * client, context.Connect());
  if (client::IsBaselineName(request.resource())) {
    v1::GetRunRequest named;
    named.set_name(request.resource());
    ASSAY_ASSIGN_OR_RETURN(const v1::Run run, client->GetRun(named));
    request.set_resource(run.name());
  }
  ASSAY_ASSIGN_OR_RETURN(const v1::ListTracesResponse response,
                         client->ListTraces(request, options.limit));
  const Table table = TracesTable(response, context.format() == OutputFormat::kText);
  context.Print(response, table);
  context.WarnOfMore(response.next_page_token());
  return ExitCode::kPass;
}

absl::StatusOr<ExitCode> RunShow(Context& context, const std::string& reference) {
  v1::GetTraceRequest request;
  ASSAY_ASSIGN_OR_RETURN(*request.mutable_name(),
                         client::ResolveTrace(context.project(), reference));
  ASSAY_ASSIGN_OR_RETURN(client::Client * client, context.Connect());
  ASSAY_ASSIGN_OR_RETURN(const v1::Trace trace, client->GetTrace(request));
  if (context.format() == OutputFormat::kText) {
    context.PrintReport(
        WaterfallText(trace, context.width(), context.palette(), context.uses_unicode()));
  } else {
    context.Print(trace, SpansTable(trace));
  }
  return ExitCode::kPass;
}

}  // namespace

void AddTraceCommand(CLI::App& app, Action& action) {
  CLI::App* trace = app.add_subcommand("trace", "List and show traces of calls and runs");

  auto list_options = std::make_shared<ListOptions>();
  CLI::App* list = trace->add_subcommand("ls", "Lists traces, newest first");
  list->add_option("--run", list_options->run, "Only of this run");
  list->add_option("--comparison", list_options->comparison, "Only of this comparison");
  list->add_option("--limit", list_options->limit, "At most this many; 0: all")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  list->footer("Example: assay trace ls --run run:12");
  list->callback([list_options, &action] {
    action = [list_options](Context& context) { return RunList(context, *list_options); };
  });

  auto reference = std::make_shared<std::string>();
  CLI::App* show = trace->add_subcommand("show", "Draws a trace as a waterfall");
  show->add_option("TRACE", *reference, "Its id or a unique prefix of 4 hex digits")->required();
  show->footer("Example: assay trace show 4be1");
  show->callback([reference, &action] {
    action = [reference](Context& context) { return RunShow(context, *reference); };
  });
}

}  // namespace assay::cli
