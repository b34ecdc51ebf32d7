#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "client/cli/commands.h"
#include "client/cli/evaluate.h"
#include "client/cpp/client.h"
#include "client/cpp/references.h"
#include "client/cpp/status_macros.h"

namespace assay::cli {
namespace {

struct EvalOptions {
  std::string dataset;
  std::string model;
  std::string outputs;
  std::string row_filter;
  std::vector<std::string> evaluators;
  bool reuse = false;
};

absl::StatusOr<v1::CreateRunRequest> MakeRequest(const Context& context,
                                                 const EvalOptions& options) {
  if (options.outputs.empty() && (options.dataset.empty() || options.model.empty())) {
    return absl::InvalidArgumentError("give --dataset and --model, or --outputs");
  }
  v1::CreateRunRequest request;
  request.set_parent(client::ProjectName(context.project()));
  if (!options.dataset.empty()) {
    ASSAY_ASSIGN_OR_RETURN(*request.mutable_dataset_version(),
                           client::ResolveDatasetVersion(context.project(), options.dataset));
  }
  if (!options.model.empty()) {
    ASSAY_ASSIGN_OR_RETURN(*request.mutable_model_version(),
                           client::ResolveModelVersion(context.project(), options.model));
  }
  if (!options.outputs.empty()) {
    ASSAY_ASSIGN_OR_RETURN(*request.mutable_output_set(),
                           client::ResolveOutputSet(context.project(), options.outputs));
  }
  request.set_row_filter(options.row_filter);
  for (const std::string& evaluator : options.evaluators) {
    request.add_evaluators(evaluator);
  }
  request.set_reuse(options.reuse);
  return request;
}

// With --outputs, --dataset and --model are claims about them.
absl::Status CheckOutputs(client::Client& client, const v1::CreateRunRequest& request) {
  if (request.output_set().empty()) {
    return absl::OkStatus();
  }
  v1::GetOutputSetRequest outputs_request;
  outputs_request.set_name(request.output_set());
  ASSAY_ASSIGN_OR_RETURN(const v1::OutputSet outputs, client.GetOutputSet(outputs_request));
  if (!request.dataset_version().empty()) {
    v1::GetDatasetVersionRequest dataset_request;
    dataset_request.set_name(request.dataset_version());
    ASSAY_ASSIGN_OR_RETURN(const v1::DatasetVersion dataset,
                           client.GetDatasetVersion(dataset_request));
    if (dataset.name() != outputs.dataset_version()) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "outputs %s answer %s, not %s", client::ShortName(outputs.name()),
          client::ShortName(outputs.dataset_version()), client::ShortName(dataset.name())));
    }
  }
  if (!request.model_version().empty()) {
    v1::GetModelVersionRequest model_request;
    model_request.set_name(request.model_version());
    ASSAY_ASSIGN_OR_RETURN(const v1::ModelVersion model, client.GetModelVersion(model_request));
    if (model.name() != outputs.model_version()) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "outputs %s are of %s, not %s", client::ShortName(outputs.name()),
          client::ShortName(outputs.model_version()), client::ShortName(model.name())));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<ExitCode> RunEval(Context& context, const EvalOptions& options) {
  ASSAY_ASSIGN_OR_RETURN(const v1::CreateRunRequest request, MakeRequest(context, options));
  ASSAY_ASSIGN_OR_RETURN(client::Client * client, context.Connect());
  ASSAY_RETURN_IF_ERROR(CheckOutputs(*client, request));
  ASSAY_ASSIGN_OR_RETURN(const v1::Run created, client->CreateRun(request));
  ASSAY_ASSIGN_OR_RETURN(const v1::Run run, WaitForRun(context, created.name()));
  ASSAY_RETURN_IF_ERROR(CheckSucceeded(run));
  PrintRun(context, run);
  return ExitCode::kPass;
}

}  // namespace

void AddEvalCommand(CLI::App& app, Action& action) {
  auto options = std::make_shared<EvalOptions>();
  CLI::App* eval = app.add_subcommand(
      "eval", "Scores the outputs of a model on a dataset: makes a run, waits and prints it");
  eval->add_option("--dataset", options->dataset, "Dataset version, as digits@1");
  eval->add_option("--model", options->model, "Model version, as mlp@1");
  eval->add_option("--outputs", options->outputs,
                   "Output set to score; the newest of model and dataset otherwise");
  eval->add_option("--rows", options->row_filter,
                   "Only these rows: cohort.COLUMN=VALUE, several joined by commas");
  eval->add_option("--evaluator", options->evaluators,
                   "[INSTANCE=]NAME[:OPTION,...]; repeatable; those that the columns allow "
                   "otherwise")
      ->allow_extra_args(false);
  eval->add_flag("--reuse", options->reuse, "Take a run of the same specification if there is one");
  eval->footer(
      "Example: assay eval --dataset digits@1 --model mlp@1\n"
      "         assay eval --dataset robust --model bm25 --evaluator ranking:nDCG@10,AP");
  eval->callback([options, &action] {
    action = [options](Context& context) { return RunEval(context, *options); };
  });
}

}  // namespace assay::cli
