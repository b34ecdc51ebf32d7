#include "client/cli/compare_options.h"

#include <CLI/CLI.hpp>

#include "absl/strings/str_format.h"
#include "assay/v1/comparison_service.pb.h"
#include "client/cli/evaluate.h"
#include "client/cli/gate_options.h"
#include "client/cli/policy_file.h"
#include "client/cpp/client.h"
#include "client/cpp/references.h"
#include "client/cpp/status_macros.h"

namespace assay::cli {
namespace {

// The policy of the file with what the flags add; flags win.
absl::StatusOr<PolicyFile> MakePolicy(const CompareOptions& options) {
  PolicyFile file;
  if (!options.policy.empty()) {
    ASSAY_ASSIGN_OR_RETURN(file, ReadPolicyFile(options.policy));
  }
  ASSAY_RETURN_IF_ERROR(AddFlagGates(options.max_drops, options.max_increases, file));
  if (options.alpha.has_value()) {
    if (!(*options.alpha > 0 && *options.alpha < 0.5)) {
      return absl::InvalidArgumentError(
          absl::StrFormat("--alpha is above 0 and below 0.5, not %g", *options.alpha));
    }
    file.policy.set_alpha(*options.alpha);
  }
  if (options.warmup_rows.has_value()) {
    file.policy.set_warmup_rows(*options.warmup_rows);
  }
  if (!options.allow_changed.empty()) {
    *file.policy.mutable_allow_changed() = {options.allow_changed.begin(),
                                            options.allow_changed.end()};
  }
  return file;
}

}  // namespace

void AddCompareOptions(CLI::App& command, CompareOptions& options) {
  command
      .add_option("BASE", options.sides.baseline,
                  "Run (run:12 or 12), baseline (@main) or model version (mlp, mlp@1)")
      ->required();
  command.add_option("CAND", options.sides.candidate, "The same, of the candidate")->required();
  command.add_option("--dataset", options.sides.dataset, "Dataset version to evaluate models on");
  command
      .add_option("--max-drop", options.max_drops,
                  "Gate METRIC=X over all rows: the largest worsening to accept, on the metric's "
                  "own scale (accuracy=0.01 is one percent point); repeatable")
      ->allow_extra_args(false);
  command
      .add_option("--max-increase", options.max_increases,
                  "The same for metrics of which less is better, as latency_us=5; repeatable")
      ->allow_extra_args(false);
  command.add_option("--alpha", options.alpha, "One-sided error rate of a gate; 0.05 unless given");
  command
      .add_option(
          "--warmup-rows", options.warmup_rows,
          "First outputs of each side whose times count nowhere, because a process that has "
          "just started is slow; 1 % of them, at most 10, unless given")
      ->check(CLI::NonNegativeNumber);
  command
      .add_option(
          "--allow-changed", options.allow_changed,
          "Claim that nothing else about the model changed: activation, quantization, "
          "weights, dtype, architecture, preprocessing, config.* or config.KEY; repeatable. "
          "Proven from what the versions declare, or refused")
      ->delimiter(',')
      ->allow_extra_args(false);
  command.add_flag("--allow-confounded", options.allow_confounded,
                   "Compare although the sides differ in more than the model, or the claim is not "
                   "proven; every report says so");
  command
      .add_option("--cohort-pairs", options.cohort_pairs,
                  "Compare the pairs of two cohort columns as well, as lang*length; repeatable")
      ->delimiter(',')
      ->allow_extra_args(false);
  command.add_flag("--slices", options.find_slices,
                   "Search for cohorts and pairs of them that became worse: one half of the rows "
                   "proposes, the other half tests");
  command
      .add_option("--evaluator", options.sides.evaluators,
                  "[INSTANCE=]NAME[:OPTION,...] for what has no run yet; repeatable")
      ->allow_extra_args(false);
  AddReportOption(command, options.reports);
}

absl::StatusOr<ExitCode> Compare(Context& context, const CompareOptions& options) {
  ASSAY_ASSIGN_OR_RETURN(const PolicyFile file, MakePolicy(options));
  ASSAY_ASSIGN_OR_RETURN(const std::vector<ReportFile> files, OpenReportFiles(options.reports));
  ASSAY_ASSIGN_OR_RETURN(const Sides sides, EvaluateSides(context, options.sides));
  v1::CreateComparisonRequest request;
  request.set_parent(client::ProjectName(context.project()));
  request.set_baseline_run(sides.baseline_name);
  request.set_candidate_run(sides.candidate_name);
  *request.mutable_policy() = file.policy;
  request.set_allow_confounded(options.allow_confounded);
  *request.mutable_cohort_pairs() = {options.cohort_pairs.begin(), options.cohort_pairs.end()};
  request.set_find_slices(options.find_slices);
  ASSAY_ASSIGN_OR_RETURN(client::Client * client, context.Connect());
  const absl::StatusOr<v1::Comparison> created = client->CreateComparison(request);
  if (!created.ok()) {
    return AtGateOrigin(created.status(), file);
  }
  ASSAY_ASSIGN_OR_RETURN(const v1::Comparison comparison,
                         WaitForComparison(context, created->name()));
  return PrintComparison(context, comparison, files, file);
}

}  // namespace assay::cli
