#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "client/cli/commands.h"
#include "client/cli/comparison_sides.h"
#include "client/cli/evaluate.h"
#include "client/cli/gate_options.h"
#include "client/cpp/client.h"
#include "client/cpp/references.h"
#include "client/cpp/status_macros.h"

namespace assay::cli {
namespace {

struct DiffOptions {
  SidesOptions sides;
  std::vector<std::string> max_drops;
  double alpha = 0.05;
  bool allow_confounded = false;
};

absl::StatusOr<v1::CreateComparisonRequest> MakeRequest(const Context& context,
                                                        const DiffOptions& options) {
  v1::CreateComparisonRequest request;
  request.set_parent(client::ProjectName(context.project()));
  for (const std::string& max_drop : options.max_drops) {
    ASSAY_ASSIGN_OR_RETURN(*request.add_gates(), ParseMaxDrop(max_drop));
  }
  if (!(options.alpha > 0 && options.alpha < 0.5)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("--alpha is above 0 and below 0.5, not %g", options.alpha));
  }
  request.set_alpha(options.alpha);
  request.set_allow_confounded(options.allow_confounded);
  return request;
}

absl::StatusOr<ExitCode> RunDiff(Context& context, const DiffOptions& options) {
  ASSAY_ASSIGN_OR_RETURN(v1::CreateComparisonRequest request, MakeRequest(context, options));
  ASSAY_ASSIGN_OR_RETURN(const Sides sides, EvaluateSides(context, options.sides));
  request.set_baseline_run(sides.baseline.name());
  request.set_candidate_run(sides.candidate.name());
  ASSAY_ASSIGN_OR_RETURN(client::Client * client, context.Connect());
  ASSAY_ASSIGN_OR_RETURN(const v1::Comparison created, client->CreateComparison(request));
  ASSAY_ASSIGN_OR_RETURN(const v1::Comparison comparison,
                         WaitForComparison(context, created.name()));
  return PrintComparison(context, comparison);
}

}  // namespace

void AddDiffCommand(CLI::App& app, Action& action) {
  auto options = std::make_shared<DiffOptions>();
  CLI::App* diff = app.add_subcommand(
      "diff",
      "Says whether a candidate is worse than a baseline, where, and how sure that is.\n"
      "Both are set side by side on the same rows; what has no run yet is evaluated first. Exit "
      "code: 0 pass or no gate, 1 regressed, 3 could not evaluate, 4 inconclusive.");
  diff->add_option("BASE", options->sides.baseline,
                   "Run (run:12 or 12) or model version (mlp, mlp@1)")
      ->required();
  diff->add_option("CAND", options->sides.candidate, "The same, of the candidate")->required();
  diff->add_option("--dataset", options->sides.dataset, "Dataset version to evaluate models on");
  diff->add_option("--max-drop", options->max_drops,
                   "Gate METRIC=X over all rows: the largest worsening to accept, on the metric's "
                   "own scale (accuracy=0.01 is one percent point); repeatable")
      ->allow_extra_args(false);
  diff->add_option("--alpha", options->alpha, "One-sided error rate of a gate")
      ->capture_default_str();
  diff->add_flag("--allow-confounded", options->allow_confounded,
                 "Compare although the sides differ in more than the model; the report says so");
  diff->add_option("--evaluator", options->sides.evaluators,
                   "[INSTANCE=]NAME[:OPTION,...] for what has no run yet; repeatable")
      ->allow_extra_args(false);
  diff->footer(
      "Example: assay diff mlp@1 mlp@2 --dataset digits@1 --max-drop accuracy=0.01\n"
      "         assay diff run:12 run:13 -o md");
  diff->callback([options, &action] {
    action = [options](Context& context) { return RunDiff(context, *options); };
  });
}

}  // namespace assay::cli
