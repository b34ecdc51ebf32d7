#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cstdlib>
#include <memory>
#include <string>

#include "absl/strings/str_format.h"
#include "client/cli/commands.h"
#include "client/cli/duration_text.h"
#include "client/cli/resource_tables.h"
#include "client/cpp/client.h"
#include "client/cpp/references.h"
#include "client/cpp/status_macros.h"

namespace assay::cli {
namespace {

struct SetOptions {
  std::string name;
  std::string run;
  std::string reason;
  std::string expires;
};

struct ListOptions {
  std::string name;
  std::int64_t limit = 50;
};

// `user@host`, as far as the system knows.
std::string Actor() {
  const char* const user = std::getenv("USER");
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) != 0) {
    host[0] = '\0';
  }
  return absl::StrFormat("%s@%s", user == nullptr ? "unknown" : user, host.data());
}

std::string ExpiryText(const v1::Baseline& baseline) {
  if (!baseline.has_expire_time()) {
    return "never";
  }
  return TimeText(baseline.expire_time()) + (baseline.expired() ? " (expired)" : "");
}

void PrintBaseline(const Context& context, const v1::Baseline& baseline) {
  Table table({{"FIELD"}, {"VALUE"}});
  table.AddRow({"baseline", client::ShortName(baseline.name())});
  table.AddRow({"run", client::ShortName(baseline.run())});
  table.AddRow({"model", client::ShortName(baseline.model_version())});
  table.AddRow({"dataset", client::ShortName(baseline.dataset_version())});
  table.AddRow({"set", TimeText(baseline.set_time())});
  table.AddRow({"by", baseline.actor()});
  table.AddRow({"reason", baseline.reason()});
  table.AddRow({"expires", ExpiryText(baseline)});
  context.Print(baseline, table);
}

template <class Response>
void PrintBaselines(const Context& context, const Response& response) {
  Table table({{"BASELINE", Align::kLeft, true},
               {"RUN"},
               {"MODEL", Align::kLeft, true},
               {"DATASET", Align::kLeft, true},
               {"SET"},
               {"BY"},
               {"EXPIRES"},
               {"REASON", Align::kLeft, true}});
  for (const v1::Baseline& baseline : response.baselines()) {
    table.AddRow({client::ShortName(baseline.name()), client::ShortName(baseline.run()),
                  client::ShortName(baseline.model_version()),
                  client::ShortName(baseline.dataset_version()), TimeText(baseline.set_time()),
                  baseline.actor(), ExpiryText(baseline), baseline.reason()});
  }
  context.Print(response, table);
  context.WarnOfMore(response.next_page_token());
}

absl::StatusOr<ExitCode> RunSet(Context& context, const SetOptions& options) {
  v1::SetBaselineRequest request;
  request.set_parent(client::ProjectName(context.project()));
  ASSAY_ASSIGN_OR_RETURN(const std::string name,
                         client::ResolveBaseline(context.project(), options.name));
  request.set_baseline_id(client::ShortName(name).substr(1));
  ASSAY_ASSIGN_OR_RETURN(*request.mutable_run(),
                         client::ResolveRun(context.project(), options.run));
  request.set_reason(options.reason);
  if (!options.expires.empty()) {
    ASSAY_ASSIGN_OR_RETURN(const std::int64_t seconds, ParseDuration(options.expires));
    request.mutable_ttl()->set_seconds(seconds);
  }
  request.set_actor(Actor());
  ASSAY_ASSIGN_OR_RETURN(client::Client * client, context.Connect());
  ASSAY_ASSIGN_OR_RETURN(const v1::Baseline baseline, client->SetBaseline(request));
  PrintBaseline(context, baseline);
  return ExitCode::kPass;
}

absl::StatusOr<ExitCode> RunShow(Context& context, const std::string& name) {
  v1::GetBaselineRequest request;
  ASSAY_ASSIGN_OR_RETURN(*request.mutable_name(), client::ResolveBaseline(context.project(), name));
  ASSAY_ASSIGN_OR_RETURN(client::Client * client, context.Connect());
  ASSAY_ASSIGN_OR_RETURN(const v1::Baseline baseline, client->GetBaseline(request));
  PrintBaseline(context, baseline);
  return ExitCode::kPass;
}

absl::StatusOr<ExitCode> RunList(Context& context, const ListOptions& options) {
  v1::ListBaselinesRequest request;
  request.set_parent(client::ProjectName(context.project()));
  ASSAY_ASSIGN_OR_RETURN(client::Client * client, context.Connect());
  ASSAY_ASSIGN_OR_RETURN(const v1::ListBaselinesResponse response,
                         client->ListBaselines(request, options.limit));
  PrintBaselines(context, response);
  return ExitCode::kPass;
}

absl::StatusOr<ExitCode> RunHistory(Context& context, const ListOptions& options) {
  v1::ListBaselineHistoryRequest request;
  ASSAY_ASSIGN_OR_RETURN(*request.mutable_name(),
                         client::ResolveBaseline(context.project(), options.name));
  ASSAY_ASSIGN_OR_RETURN(client::Client * client, context.Connect());
  ASSAY_ASSIGN_OR_RETURN(const v1::ListBaselineHistoryResponse response,
                         client->ListBaselineHistory(request, options.limit));
  PrintBaselines(context, response);
  return ExitCode::kPass;
}

void AddLimit(CLI::App& command, ListOptions& options) {
  command.add_option("--limit", options.limit, "At most this many; 0: all")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
}

}  // namespace

void AddBaselineCommand(CLI::App& app, Action& action) {
  CLI::App* baseline =
      app.add_subcommand("baseline", "Name the run that others are compared with, as @main");

  auto set_options = std::make_shared<SetOptions>();
  CLI::App* set = baseline->add_subcommand(
      "set",
      "Lets a name stand for a run from now on.\n"
      "@NAME may be used wherever a run is. What it stood for stays in its history.");
  set->add_option("NAME", set_options->name, "Name, as main")->required();
  set->add_option("RUN", set_options->run, "Run (run:12 or 12), or another baseline (@staging)")
      ->required();
  set->add_option("--reason", set_options->reason, "Why this run is the one to compare with")
      ->required();
  set->add_option("--expires", set_options->expires,
                  "How long it holds, as 30d, 12h; later gates against it are refused");
  set->footer("Example: assay baseline set main run:12 --reason 'release 1.4' --expires 30d");
  set->callback([set_options, &action] {
    action = [set_options](Context& context) { return RunSet(context, *set_options); };
  });

  auto list_options = std::make_shared<ListOptions>();
  CLI::App* list = baseline->add_subcommand("ls", "Lists baselines, the one set last first");
  AddLimit(*list, *list_options);
  list->footer("Example: assay baseline ls");
  list->callback([list_options, &action] {
    action = [list_options](Context& context) { return RunList(context, *list_options); };
  });

  auto show_name = std::make_shared<std::string>();
  CLI::App* show = baseline->add_subcommand("show", "Shows what a name stands for");
  show->add_option("NAME", *show_name, "Name, as main or @main")->required();
  show->footer("Example: assay baseline show main");
  show->callback([show_name, &action] {
    action = [show_name](Context& context) { return RunShow(context, *show_name); };
  });

  auto history_options = std::make_shared<ListOptions>();
  CLI::App* history = baseline->add_subcommand(
      "history", "Lists what a name has stood for, with who set it and why, newest first");
  history->add_option("NAME", history_options->name, "Name, as main or @main")->required();
  AddLimit(*history, *history_options);
  history->footer("Example: assay baseline history main");
  history->callback([history_options, &action] {
    action = [history_options](Context& context) { return RunHistory(context, *history_options); };
  });
}

}  // namespace assay::cli
