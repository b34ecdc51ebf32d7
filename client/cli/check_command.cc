#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "client/cli/commands.h"
#include "client/cli/comparison_sides.h"
#include "client/cli/evaluate.h"
#include "client/cli/explained_outputs.h"
#include "client/cli/gate_options.h"
#include "client/cli/json_writer.h"
#include "client/cli/layer_report.h"
#include "client/cli/verdict_output.h"
#include "client/cpp/client.h"
#include "client/cpp/references.h"
#include "client/cpp/status_macros.h"
#include "evaluators/model/architecture.h"

namespace assay::cli {
namespace {

struct CheckOptions {
  std::string model;
  std::string dataset;
  std::vector<std::string> activations;
  std::string quantization;
  std::string dtype;
  std::optional<double> temperature;
  std::string calibration_dataset;
  std::string calibration_rows;
  std::vector<std::string> max_drops;
  std::vector<std::string> explained;
};

struct DiagnoseOptions {
  std::string model;
  std::string dataset;
};

// One declared change, or all of them.
struct Change {
  std::string text;
  v1::DeriveModelVersionRequest request;
};

absl::StatusOr<Change> AllChanges(const Context& context, const CheckOptions& options,
                                  const std::string& base) {
  Change all;
  all.text = "all of them";
  v1::DeriveModelVersionRequest& request = all.request;
  request.set_base(base);
  for (const std::string& activation : options.activations) {
    request.add_activations(activation);
  }
  request.set_quantization(options.quantization);
  request.set_dtype(options.dtype);
  if (options.temperature) {
    request.set_temperature(*options.temperature);
  }
  if (!options.quantization.empty()) {
    ASSAY_ASSIGN_OR_RETURN(
        *request.mutable_calibration_dataset(),
        client::ResolveDatasetVersion(context.project(), options.calibration_dataset.empty()
                                                             ? options.dataset
                                                             : options.calibration_dataset));
    request.set_calibration_rows(options.calibration_rows);
  }
  return all;
}

// Each change alone, when there are several.
std::vector<Change> EachChange(const Change& all) {
  std::vector<Change> changes;
  const auto add = [&](std::string text) -> v1::DeriveModelVersionRequest& {
    Change& change = changes.emplace_back();
    change.text = std::move(text);
    change.request.set_base(all.request.base());
    return change.request;
  };
  for (const std::string& activation : all.request.activations()) {
    add(absl::StrFormat("activation %s", activation)).add_activations(activation);
  }
  if (!all.request.quantization().empty()) {
    v1::DeriveModelVersionRequest& request =
        add(absl::StrFormat("quantize %s", all.request.quantization()));
    request.set_quantization(all.request.quantization());
    request.set_calibration_dataset(all.request.calibration_dataset());
    request.set_calibration_rows(all.request.calibration_rows());
  }
  if (!all.request.dtype().empty()) {
    add(absl::StrFormat("dtype %s", all.request.dtype())).set_dtype(all.request.dtype());
  }
  if (all.request.has_temperature()) {
    add(absl::StrFormat("temperature %g", all.request.temperature()))
        .set_temperature(all.request.temperature());
  }
  if (changes.size() < 2) {
    changes.clear();
  }
  return changes;
}

// The fields of a version that a change touches: what its comparison claims, so that everything
// else is proven to be as it was.
std::vector<std::string> ChangedFields(const v1::ModelVersion& base,
                                       const v1::DeriveModelVersionRequest& change) {
  std::vector<std::string> fields;
  if (change.activations_size() > 0) {
    fields.emplace_back("activation");
  }
  // int8 is a dtype of its own; leaving it for another one ends the quantisation.
  const bool is_quantized = base.dtype() == "int8" || !change.quantization().empty();
  if (!change.dtype().empty() || !change.quantization().empty()) {
    fields.emplace_back("dtype");
    if (is_quantized) {
      fields.emplace_back("quantization");
    }
  }
  if (change.has_temperature()) {
    fields.emplace_back("config.softmax_temperature");
  }
  return fields;
}

// What is scored, empty for what the columns allow. A temperature moves confidences and no answer,
// so that nothing but metrics of probabilities shows it; these need the labels.
absl::StatusOr<std::vector<std::string>> Evaluators(const v1::ModelVersion& base,
                                                    const v1::DeriveModelVersionRequest& change) {
  if (!change.has_temperature()) {
    return std::vector<std::string>();
  }
  ASSAY_ASSIGN_OR_RETURN(const Architecture architecture,
                         ParseArchitecture(base.architecture_json()));
  const auto is_sayable = [](const std::string& label) {
    return !label.empty() && label.find_first_of(",|") == std::string::npos;
  };
  if (architecture.labels.size() < 2 ||
      !std::all_of(architecture.labels.begin(), architecture.labels.end(), is_sayable)) {
    return std::vector<std::string>();
  }
  return std::vector<std::string>{
      absl::StrFormat("ground_truth_match:accuracy,macro_f1,nll,ece,labels=%s",
                      absl::StrJoin(architecture.labels, "|"))};
}

// A change with what it did.
struct Checked {
  std::string change;
  v1::Comparison comparison;
  v1::LayerReport layers;
};

absl::StatusOr<Checked> Check(Context& context, const CheckOptions& options,
                              const v1::ModelVersion& base, const Change& change) {
  ASSAY_ASSIGN_OR_RETURN(client::Client * client, context.Connect());
  ASSAY_ASSIGN_OR_RETURN(const v1::ModelVersion candidate,
                         client->DeriveModelVersion(change.request));
  SidesOptions sides_options;
  sides_options.baseline = change.request.base();
  sides_options.candidate = candidate.name();
  sides_options.dataset = options.dataset;
  ASSAY_ASSIGN_OR_RETURN(sides_options.evaluators, Evaluators(base, change.request));
  ASSAY_ASSIGN_OR_RETURN(const Sides sides, EvaluateSides(context, sides_options));
  PolicyFile policy;
  ASSAY_RETURN_IF_ERROR(AddFlagGates(options.max_drops, {}, policy));
  v1::CreateComparisonRequest request;
  request.set_parent(client::ProjectName(context.project()));
  *request.mutable_policy() = policy.policy;
  for (std::string& field : ChangedFields(base, change.request)) {
    request.mutable_policy()->add_allow_changed(std::move(field));
  }
  request.set_baseline_run(sides.baseline.name());
  request.set_candidate_run(sides.candidate.name());
  const absl::StatusOr<v1::Comparison> created = client->CreateComparison(request);
  if (!created.ok()) {
    return AtGateOrigin(created.status(), policy);
  }
  Checked checked;
  checked.change = change.text;
  ASSAY_ASSIGN_OR_RETURN(checked.comparison, WaitForComparison(context, created->name()));
  v1::CompareLayersRequest layers;
  layers.set_baseline(change.request.base());
  layers.set_candidate(candidate.name());
  layers.set_dataset_version(sides.baseline.dataset_version());
  ASSAY_ASSIGN_OR_RETURN(checked.layers, client->CompareLayers(layers));
  return checked;
}

std::vector<Cell> AblationRow(const Checked& checked) {
  const v1::LayerReport& report = checked.layers;
  const v1::LayerComparison output =
      report.layers().empty() ? v1::LayerComparison() : report.layers(report.layers_size() - 1);
  return {checked.change,
          absl::StrFormat("%d", checked.comparison.num_broken()),
          absl::StrFormat("%d", checked.comparison.num_fixed()),
          output.has_sqnr_db() ? absl::StrFormat("%.1f", output.sqnr_db()) : "-",
          std::string(TierText(output.tier())),
          report.first_diverging().empty() ? "-" : report.first_diverging()};
}

// Each change alone and all of them; empty when there is but one.
Table AblationTable(const std::vector<Checked>& alone, const Checked& all) {
  Table table({{"CHANGE", Align::kLeft, true},
               {"BROKEN", Align::kRight},
               {"FIXED", Align::kRight},
               {"SQNR dB", Align::kRight},
               {"OUTPUT TIER"},
               {"FIRST LAYER"}});
  for (const Checked& checked : alone) {
    table.AddRow(AblationRow(checked));
  }
  if (!alone.empty()) {
    table.AddRow(AblationRow(all));
  }
  return table;
}

std::string CheckJson(const std::vector<Checked>& alone, const Checked& all) {
  JsonList ablation;
  for (const Checked& checked : alone) {
    JsonObject change;
    change.Text("change", checked.change);
    change.Raw("comparison", JsonText(checked.comparison));
    change.Raw("layers", JsonText(checked.layers));
    ablation.Add(change);
  }
  JsonObject report;
  report.Raw("comparison", JsonText(all.comparison));
  report.Raw("layers", JsonText(all.layers));
  if (ablation.size() > 0) {
    report.Raw("ablation", ablation.Json());
  }
  return report.Json() + "\n";
}

absl::StatusOr<ExitCode> PrintCheck(Context& context, const std::vector<Checked>& alone,
                                    const Checked& all) {
  if (context.format() == OutputFormat::kJson) {
    context.Print(CheckJson(alone, all));
    return all.comparison.state() == v1::Comparison::SUCCEEDED
               ? static_cast<ExitCode>(all.comparison.exit_code())
               : ExitCode::kCouldNotEvaluate;
  }
  ASSAY_ASSIGN_OR_RETURN(const ExitCode code,
                         PrintComparison(context, all.comparison, {}, {}, BlockOrder::kFlipsFirst));
  const Table ablation = AblationTable(alone, all);
  switch (context.format()) {
    case OutputFormat::kText:
      context.PrintReport(LayerReportText(context, all.layers));
      if (ablation.num_rows() > 0) {
        context.PrintReport("\nEach change alone\n" +
                            ablation.Text(context.width(), context.palette(), 2));
      }
      break;
    case OutputFormat::kCsv:
      context.Print(LayerTable(all.layers).Csv());
      if (ablation.num_rows() > 0) {
        context.Print(ablation.Csv());
      }
      break;
    default:
      context.Print("\n" + LayerTable(all.layers).Markdown() + "\n" +
                    SwapSentence(all.layers.swap()) + "\n" +
                    (ablation.num_rows() > 0 ? "\n" + ablation.Markdown() : ""));
  }
  return code;
}

absl::StatusOr<ExitCode> RunCheck(Context& context, const CheckOptions& options) {
  ASSAY_ASSIGN_OR_RETURN(const std::string base,
                         client::ResolveModelVersion(context.project(), options.model));
  ASSAY_ASSIGN_OR_RETURN(client::Client * client, context.Connect());
  v1::GetModelVersionRequest get;
  get.set_name(base);
  ASSAY_ASSIGN_OR_RETURN(const v1::ModelVersion model, client->GetModelVersion(get));
  ASSAY_ASSIGN_OR_RETURN(const Change all, AllChanges(context, options, model.name()));
  std::vector<Checked> alone;
  for (const Change& change : EachChange(all)) {
    ASSAY_ASSIGN_OR_RETURN(alone.emplace_back(), Check(context, options, model, change));
  }
  ASSAY_ASSIGN_OR_RETURN(const Checked checked, Check(context, options, model, all));
  return PrintCheck(context, alone, checked);
}

absl::StatusOr<ExitCode> RunDiagnose(Context& context, const DiagnoseOptions& options) {
  v1::DiagnoseModelRequest request;
  ASSAY_ASSIGN_OR_RETURN(*request.mutable_model_version(),
                         client::ResolveModelVersion(context.project(), options.model));
  ASSAY_ASSIGN_OR_RETURN(*request.mutable_dataset_version(),
                         client::ResolveDatasetVersion(context.project(), options.dataset));
  ASSAY_ASSIGN_OR_RETURN(client::Client * client, context.Connect());
  ASSAY_ASSIGN_OR_RETURN(const v1::Diagnosis diagnosis, client->DiagnoseModel(request));
  context.Print(diagnosis, DiagnosisTable(diagnosis));
  return ExitCode::kPass;
}

}  // namespace

void AddCheckCommand(CLI::App& app, Action& action) {
  auto options = std::make_shared<CheckOptions>();
  CLI::App* check = app.add_subcommand(
      "check",
      "Changes one thing of a stored model and says what that does: flipped rows first, then\n"
      "layer by layer. Several changes are also checked alone. Without --max-drop the exit code\n"
      "is 0 whatever is found.");
  check->add_option("MODEL", options->model, "Model version with artifacts, as mlp@1")->required();
  check->add_option("--dataset", options->dataset, "Dataset version to run it on")->required();
  check
      ->add_option("--activation", options->activations,
                   "[LAYER:]OLD=NEW, as gelu=gelu_tanh or fc1:relu=silu; repeatable")
      ->allow_extra_args(false);
  check->add_option("--quantize", options->quantization,
                    "int8 scheme: dynamic_row, static, static_entropy, static_pct99.9, ...");
  check->add_option("--dtype", options->dtype,
                    "f32 arithmetic, or weights rounded to bf16 or f16; f64 is the referee");
  check->add_option("--temperature", options->temperature, "Of the softmax over the logits");
  check->add_option("--calibrate-on", options->calibration_dataset,
                    "Dataset that calibrates a static scheme; --dataset otherwise");
  check->add_option("--calibrate-rows", options->calibration_rows,
                    "Only these rows of it, as cohort.split=calib");
  check->add_option("--max-drop", options->max_drops, "Gate METRIC=X, as for diff; repeatable")
      ->allow_extra_args(false);
  CLI::Option* explain =
      check
          ->add_option("--explain", options->explained,
                       "Instead of a change: an output set, as 12, that another runtime gave; says "
                       "which swap of activation functions explains how it differs from what the "
                       "model gives, or that none does; repeatable")
          ->allow_extra_args(false);
  for (const char* const change : {"--activation", "--quantize", "--dtype", "--temperature",
                                   "--calibrate-on", "--calibrate-rows", "--max-drop"}) {
    explain->excludes(check->get_option(change));
  }
  check->footer(
      "Example: assay check mlp@1 --dataset digits@1 --activation relu=silu\n"
      "         assay check mlp@1 --dataset digits@1 --explain 12 --explain 13");
  check->callback([options, &action] {
    action = [options](Context& context) -> absl::StatusOr<ExitCode> {
      if (!options->explained.empty()) {
        return ExplainOutputs(context, {.model = options->model,
                                        .dataset = options->dataset,
                                        .output_sets = options->explained});
      }
      return RunCheck(context, *options);
    };
  });

  auto diagnose_options = std::make_shared<DiagnoseOptions>();
  CLI::App* diagnose = app.add_subcommand(
      "diagnose", "Runs a stored model and looks for what goes wrong: dead units, saturation, ...");
  diagnose->add_option("MODEL", diagnose_options->model, "Model version with artifacts")
      ->required();
  diagnose->add_option("--dataset", diagnose_options->dataset, "Dataset version to run it on")
      ->required();
  diagnose->footer("Example: assay diagnose mlp@1 --dataset digits@1");
  diagnose->callback([diagnose_options, &action] {
    action = [diagnose_options](Context& context) {
      return RunDiagnose(context, *diagnose_options);
    };
  });
}

}  // namespace assay::cli
