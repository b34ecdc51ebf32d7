#include "client/cli/app.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "client/cli/commands.h"
#include "client/cli/context.h"
#include "client/cli/exit_codes.h"
#include "client/cli/help_format.h"
#include "client/cli/interrupt.h"
#include "client/cli/settings.h"
#include "client/cli/terminal.h"
#include "client/cpp/command_trace.h"
#include "schemas/otlp/otlp_target.h"

namespace assay::cli {
namespace {

// What CLI11 stores for a flag without a value, here `--local` without a directory.
constexpr char kNoDirectory[] = "true";

// The global options as CLI11 fills them.
struct ParsedOptions {
  GlobalOptions global;
  std::string local;  // empty: not given
};

void AddSetting(CLI::App& app, GlobalOptions& options, const char* flag, SettingId id,
                const char* description) {
  app.add_option_function<std::string>(
         flag, [&options, id](const std::string& value) { options.flags[id] = value; }, description)
      ->group("Global options");
}

void AddGlobalOptions(CLI::App& app, ParsedOptions& options) {
  GlobalOptions& global = options.global;
  app.add_flag("--local", options.local,
               "No daemon: use the server on this data directory ($ASSAY_DATA_DIR, else .assay), "
               "started for this command when there is none")
      ->option_text("[=DIR]")
      ->group("Global options");
  AddSetting(app, global, "--endpoint", SettingId::kEndpoint,
             "Server, HOST:PORT, or local [ASSAY_ENDPOINT, 127.0.0.1:7317]");
  AddSetting(app, global, "--project", SettingId::kProject, "Project [ASSAY_PROJECT, default]");
  AddSetting(app, global, "--ca-file", SettingId::kCaFile,
             "Trusted certificates, PEM: connect with TLS [ASSAY_CA_FILE]");
  AddSetting(app, global, "--token-file", SettingId::kTokenFile,
             "File with the access token [ASSAY_TOKEN_FILE; ASSAY_TOKEN is the token itself]");
  AddSetting(app, global, "--color", SettingId::kColor,
             "auto, always or never [ASSAY_COLOR; NO_COLOR]");
  app.add_option("-o,--output", global.output,
                 "text, json (the API's message), csv or md; for a verdict also junit or sarif, "
                 "for rows jsonl")
      ->capture_default_str()
      ->group("Global options");
  app.add_flag("-q,--quiet", global.is_quiet, "No progress and no notes")->group("Global options");
}

void Describe(CLI::App& app) {
  app.description("assay: did this change make the model worse, where, and how sure are we?");
  app.formatter(MakeHelpFormatter());
  app.fallthrough();
  app.set_version_flag("--version", absl::StrFormat("assay %s", ASSAY_VERSION));
}

// Text below the options of --help: of the program, and of every subcommand, which would inherit
// it.
void AddFooters(CLI::App& app) {
  for (CLI::App* group : app.get_subcommands({})) {
    std::vector<CLI::App*> commands = group->get_subcommands({});
    if (!commands.empty()) {
      group->footer(commands.front()->get_footer());
    }
    commands.push_back(group);
    for (CLI::App* command : commands) {
      command->footer(command->get_footer() +
                      "\n\nGlobal options, such as --local and -o: assay --help");
    }
  }
  app.footer(
      "Example: assay dataset push digits digits.jsonl --local\n"
      "         assay diff mlp@1 mlp@2 --max-drop accuracy=0.01 --local\n"
      "\n"
      "Settings are taken from flags, then the environment, then assay.toml (found upwards from\n"
      "the working directory, else in ~/.config/assay). Every command has --help.\n"
      "Exit codes: 0 pass, 1 regressed, 2 usage, 3 could not evaluate, 4 inconclusive,\n"
      "70 internal error, 130 interrupted.");
}

// Advice for errors that say too little by themselves.
absl::Status Advised(const absl::Status& status, const Context& context) {
  if (!HintOf(status).empty()) {
    return status;
  }
  if (absl::IsUnavailable(status) && std::string(status.message()).ends_with("Socket closed")) {
    return WithHint(status, "if the server uses TLS, name its certificates in ASSAY_CA_FILE");
  }
  if (absl::IsUnavailable(status) && !context.is_local()) {
    return WithHint(status, "is the server running? start it with assay-server, or add --local");
  }
  if (absl::IsUnauthenticated(status)) {
    return WithHint(status, "give a token in ASSAY_TOKEN or with --token-file");
  }
  if (absl::IsInternal(status) || absl::IsUnknown(status)) {
    return WithHint(status, "this is a bug in assay; the server's log may say more");
  }
  return status;
}

ExitCode Fail(const absl::Status& status) {
  std::fflush(stdout);
  const std::string text = ErrorText(status);
  std::fwrite(text.data(), 1, text.size(), stderr);
  return ExitCodeOf(status);
}

void WarnOfTrace(const absl::Status& status, bool is_quiet) {
  if (!status.ok() && !is_quiet) {
    const std::string line = absl::StrFormat("assay: no traces: %s\n", status.message());
    std::fwrite(line.data(), 1, line.size(), stderr);
  }
}

// Sends the command's spans where OTEL_EXPORTER_OTLP_ENDPOINT says, if it says so. What goes wrong
// with that is a line on standard error and no more.
std::unique_ptr<client::CommandTrace> StartTrace(const std::string& command, bool is_quiet) {
  const absl::StatusOr<std::optional<otlp::OtlpTarget>> target = otlp::OtlpTargetFromEnvironment();
  if (!target.ok()) {
    WarnOfTrace(target.status(), is_quiet);
    return nullptr;
  }
  return target->has_value() ? std::make_unique<client::CommandTrace>(**target, command) : nullptr;
}

// What a command ended with, and the error behind it.
struct Outcome {
  ExitCode code = ExitCode::kPass;
  absl::Status status;
};

Outcome FailedOutcome(const absl::Status& status) { return {Fail(status), status}; }

Outcome Perform(const Action& action, GlobalOptions options, client::CommandTrace* trace) {
  options.formats = action.formats;
  const absl::StatusOr<std::unique_ptr<Context>> context =
      Context::Make(options, ProcessEnvironment(), trace);
  if (!context.ok()) {
    return FailedOutcome(context.status());
  }
  const absl::StatusOr<ExitCode> code = action.run(**context);
  if (!code.ok()) {
    return FailedOutcome(Advised(code.status(), **context));
  }
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    return FailedOutcome(absl::UnavailableError("cannot write to standard output"));
  }
  return {*code, absl::OkStatus()};
}

ExitCode PerformTraced(const Action& action, const GlobalOptions& options,
                       const std::string& command) {
  const std::unique_ptr<client::CommandTrace> trace = StartTrace(command, options.is_quiet);
  const Outcome outcome = Perform(action, options, trace.get());
  if (trace != nullptr) {
    WarnOfTrace(trace->Finish(static_cast<int>(outcome.code), outcome.status), options.is_quiet);
  }
  return outcome.code;
}

// The subcommand that an error is about, for advice: `assay dataset push`.
std::string CommandName(const CLI::App& app) {
  std::string name = "assay";
  const CLI::App* current = &app;
  while (!current->get_subcommands().empty()) {
    current = current->get_subcommands().front();
    name += " " + current->get_name();
  }
  return name;
}

ExitCode ParseAndPerform(int argc, const char* const* argv) {
  CLI::App app;
  app.name("assay");
  ParsedOptions options;
  Action action;
  Describe(app);
  AddGlobalOptions(app, options);
  AddDatasetCommand(app, action);
  AddModelCommand(app, action);
  AddOutputsCommand(app, action);
  AddEvalCommand(app, action);
  AddDiffCommand(app, action);
  AddGateCommand(app, action);
  AddComparisonCommand(app, action);
  AddBaselineCommand(app, action);
  AddRowsCommand(app, action);
  AddPowerCommand(app, action);
  AddSelfTestCommand(app, action);
  AddRunCommand(app, action);
  AddEvaluatorCommand(app, action);
  AddScoreCommand(app, action);
  AddTraceCommand(app, action);
  AddCheckCommand(app, action);
  AddActivationCommand(app, action);
  AddOpenCommand(app, action);
  AddReportCommand(app, action);
  AddDoctorCommand(app, action);
  AddVersionCommand(app, action);
  AddFooters(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {  // --help, --version
    app.exit(success);
    return ExitCode::kPass;
  } catch (const CLI::ParseError& error) {
    return Fail(WithHint(absl::InvalidArgumentError(error.what()),
                         absl::StrFormat("see %s --help", CommandName(app))));
  }
  if (!action.run) {
    return Fail(WithHint(absl::InvalidArgumentError("a command is missing"),
                         absl::StrFormat("see %s --help", CommandName(app))));
  }
  if (!options.local.empty()) {
    options.global.is_local = true;
    if (options.local != kNoDirectory) {
      options.global.flags[SettingId::kDataDir] = options.local;
    }
  }
  return PerformTraced(action, options.global, CommandName(app));
}

}  // namespace

int Main(int argc, const char* const* argv) {
  HandleInterrupts(IsTerminal(STDERR_FILENO));
  try {
    return static_cast<int>(ParseAndPerform(argc, argv));
  } catch (const std::exception& error) {
    // Libraries may throw, for instance when memory is short.
    return static_cast<int>(Fail(absl::InternalError(error.what())));
  }
}

}  // namespace assay::cli
