#pragma once

#include <concepts>
#include <functional>
#include <span>
#include <utility>

#include "absl/status/statusor.h"
#include "client/cli/context.h"
#include "client/cli/exit_codes.h"
#include "client/cli/output.h"

namespace CLI {
class App;
}

namespace assay::cli {

// What the parsed command line asks for. Set by the subcommand that was named, run afterwards.
struct Action {
  std::function<absl::StatusOr<ExitCode>(Context&)> run;  // empty: no subcommand was named
  std::span<const OutputFormat> formats = kTableFormats;  // that -o may name

  Action() = default;
  template <std::invocable<Context&> Run>
  Action(Run perform, std::span<const OutputFormat> written = kTableFormats)
      : run(std::move(perform)), formats(written) {}
};

// Each adds a subcommand with its options to `app`. `action` outlives the parsing.
void AddBaselineCommand(CLI::App& app, Action& action);
void AddDatasetCommand(CLI::App& app, Action& action);
void AddDatasetDiffCommand(CLI::App& dataset, Action& action);
void AddModelCommand(CLI::App& app, Action& action);
void AddOutputsCommand(CLI::App& app, Action& action);
void AddEvalCommand(CLI::App& app, Action& action);
void AddDiffCommand(CLI::App& app, Action& action);
void AddGateCommand(CLI::App& app, Action& action);
void AddComparisonCommand(CLI::App& app, Action& action);
void AddPowerCommand(CLI::App& app, Action& action);
void AddSelfTestCommand(CLI::App& app, Action& action);
void AddRowsCommand(CLI::App& app, Action& action);
void AddEvaluatorCommand(CLI::App& app, Action& action);
void AddRunCommand(CLI::App& app, Action& action);
void AddScoreCommand(CLI::App& app, Action& action);
void AddTraceCommand(CLI::App& app, Action& action);
void AddOpenCommand(CLI::App& app, Action& action);
void AddReportCommand(CLI::App& app, Action& action);
void AddDoctorCommand(CLI::App& app, Action& action);
void AddCheckCommand(CLI::App& app, Action& action);
void AddActivationCommand(CLI::App& app, Action& action);
void AddVersionCommand(CLI::App& app, Action& action);

}  // namespace assay::cli
