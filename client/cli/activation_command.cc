#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "assay/v1/offline_command.pb.h"
#include "assay/v1/reference_model_service.pb.h"
#include "client/cli/commands.h"
#include "client/cli/layer_report.h"
#include "client/cli/numbers.h"
#include "client/cpp/status_macros.h"
#include "client/formats/input_file.h"
#include "client/formats/npy_reader.h"
#include "evaluators/kernels/activation_difference.h"
#include "evaluators/kernels/activation_registry.h"
#include "evaluators/model/swap_name.h"

namespace assay::cli {
namespace {

struct ActivationOptions {
  std::string first;
  std::string second;
};

// NumPy files of equal shape.
struct ExplainFiles {
  std::string inputs;
  std::string before;
  std::string after;
};

constexpr std::int64_t kRowsAtOnce = 65'536;

void AddAliases(std::string_view meaning, v1::ActivationFunction& function) {
  for (const ActivationAlias& alias : ActivationAliases()) {
    const bool is_same =
        alias.meaning == meaning || alias.meaning.starts_with(absl::StrFormat("%s(", meaning));
    if (is_same) {
      v1::ActivationFunction::Alias& added = *function.add_aliases();
      added.set_framework(std::string(alias.framework));
      added.set_name(std::string(alias.name));
      added.set_note(std::string(alias.meaning == meaning ? alias.note : alias.meaning));
    }
  }
}

// Of an ActivationInfo or a VectorFunctionInfo.
template <typename Info>
v1::ActivationFunction ToProto(const Info& info) {
  v1::ActivationFunction function;
  function.set_name(std::string(info.name));
  function.set_formula(std::string(info.formula));
  function.set_derivative(std::string(info.derivative));
  function.set_parameter(std::string(info.parameter));
  function.set_note(std::string(info.note));
  AddAliases(info.name, function);
  return function;
}

v1::ActivationFunction ToProto(GatedUnit unit) {
  v1::ActivationFunction function;
  const std::string gate = ActivationName(GateActivation(unit));
  function.set_name(std::string(GatedUnitName(unit)));
  function.set_formula(absl::StrFormat("%s(gate) up", gate));
  function.set_derivative(absl::StrFormat("%s'(gate) up for gate, %s(gate) for up", gate, gate));
  AddAliases(GatedUnitName(unit), function);
  return function;
}

std::string AliasText(const v1::ActivationFunction::Alias& alias) {
  return absl::StrFormat("%s/%s", alias.framework(), alias.name());
}

absl::StatusOr<ExitCode> RunList(Context& context) {
  v1::ActivationFunctions functions;
  for (const ActivationInfo& info : Activations()) {
    *functions.add_functions() = ToProto(info);
  }
  for (int unit = 0; unit < kNumGatedUnits; ++unit) {
    *functions.add_functions() = ToProto(static_cast<GatedUnit>(unit));
  }
  for (const VectorFunctionInfo& info : VectorFunctions()) {
    *functions.add_functions() = ToProto(info);
  }
  Table table({{"ACTIVATION"}, {"FORMULA", Align::kLeft, true}, {"CALLED", Align::kLeft, true}});
  for (const v1::ActivationFunction& function : functions.functions()) {
    std::vector<std::string> aliases;
    for (const v1::ActivationFunction::Alias& alias : function.aliases()) {
      aliases.push_back(AliasText(alias));
    }
    table.AddRow({function.name(), function.formula(), absl::StrJoin(aliases, " ")});
  }
  context.Print(functions, table);
  return ExitCode::kPass;
}

// `y` and `dy` at a few points, to recognise a function by.
void AddValues(const Activation& activation, Table& table) {
  for (const double x : {-3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0}) {
    table.AddRow({absl::StrFormat("at %g", x),
                  absl::StrFormat("%.17g, slope %.6g", ActivationValue(activation, x),
                                  ActivationDerivative(activation, x))});
  }
}

absl::StatusOr<ExitCode> RunShow(Context& context, const std::string& name) {
  v1::ActivationFunction function;
  std::optional<Activation> activation;  // of one input
  if (const std::optional<GatedUnit> unit = FindGatedUnit(name)) {
    function = ToProto(*unit);
  } else if (const VectorFunctionInfo* const info = FindVectorFunction(name)) {
    function = ToProto(*info);
  } else {
    ASSAY_ASSIGN_OR_RETURN(activation, ParseActivation(name));
    function = ToProto(InfoOf(activation->kind));
    function.set_name(ActivationName(*activation));
  }
  Table table({{"FIELD"}, {"VALUE", Align::kLeft, false, true}});
  table.AddRow({"name", function.name()});
  table.AddRow({"formula", function.formula()});
  table.AddRow({"derivative", function.derivative()});
  if (!function.parameter().empty()) {
    table.AddRow({"parameter", activation ? absl::StrFormat("%s = %g", function.parameter(),
                                                            activation->parameter)
                                          : function.parameter()});
  }
  if (!function.note().empty()) {
    table.AddRow({"note", function.note()});
  }
  for (const v1::ActivationFunction::Alias& alias : function.aliases()) {
    table.AddRow({AliasText(alias), alias.note().empty() ? "the same" : alias.note()});
  }
  if (activation) {
    AddValues(*activation, table);
  }
  context.Print(function, table);
  return ExitCode::kPass;
}

// What is compared under a name: a function, or that of the gate of a gated unit.
struct Compared {
  std::string name;
  std::string formula;
  Activation activation;
  bool is_gated = false;
};

absl::StatusOr<Compared> FindCompared(const std::string& name) {
  if (const std::optional<GatedUnit> unit = FindGatedUnit(name)) {
    return Compared{name, ToProto(*unit).formula(), GateActivation(*unit), true};
  }
  ASSAY_ASSIGN_OR_RETURN(const Activation activation, ParseActivation(name));
  return Compared{ActivationName(activation), std::string(InfoOf(activation.kind).formula),
                  activation, false};
}

absl::StatusOr<ExitCode> RunCompare(Context& context, const ActivationOptions& options) {
  ASSAY_ASSIGN_OR_RETURN(const Compared first, FindCompared(options.first));
  ASSAY_ASSIGN_OR_RETURN(const Compared second, FindCompared(options.second));
  if (first.is_gated != second.is_gated) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "'%s' takes %s and '%s' %s", options.first, first.is_gated ? "two inputs" : "one input",
        options.second, second.is_gated ? "two inputs" : "one input"));
  }
  const ActivationDifference difference = CompareActivations(first.activation, second.activation);
  v1::ActivationDifference message;
  message.set_first(first.name);
  message.set_second(second.name);
  message.set_max_abs(difference.max_abs);
  message.set_max_abs_at(difference.max_abs_at);
  if (std::isfinite(difference.sqnr_db)) {
    message.set_sqnr_db(difference.sqnr_db);
  }
  Table table({{"FIELD"}, {"VALUE", Align::kLeft, false, true}});
  for (const Compared& side : {first, second}) {
    table.AddRow({side.name, side.formula});
  }
  if (difference.max_abs == 0) {
    table.AddRow({"difference", "none on [-12, 12]"});
  } else {
    table.AddRow(
        {"differ most", absl::StrFormat("at %s = %.3f%s: %.12g and %.12g, %.3g apart",
                                        first.is_gated ? "gate" : "x", difference.max_abs_at,
                                        first.is_gated ? ", up = 1" : "",
                                        ActivationValue(first.activation, difference.max_abs_at),
                                        ActivationValue(second.activation, difference.max_abs_at),
                                        difference.max_abs)});
    table.AddRow(
        {"SQNR", absl::StrFormat("%.1f dB for standard normal inputs", difference.sqnr_db)});
  }
  context.Print(message, table);
  return ExitCode::kPass;
}

// All numbers of a NumPy file, row by row.
absl::StatusOr<std::vector<double>> ReadCapture(const std::string& path) {
  ASSAY_ASSIGN_OR_RETURN(const formats::InputFile file, formats::InputFile::Open(path));
  formats::ReaderOptions options;
  options.npy_column = "capture";
  ASSAY_ASSIGN_OR_RETURN(const std::unique_ptr<formats::RowReader> reader,
                         formats::OpenNpy(file, options));
  std::vector<double> values;
  for (;;) {
    ASSAY_ASSIGN_OR_RETURN(const std::optional<formats::Rows> rows, reader->Next(kRowsAtOnce));
    if (!rows) {
      return values;
    }
    const Column& column = rows->columns.front();
    values.insert(values.end(), column.floats.begin(), column.floats.end());
    values.insert(values.end(), column.doubles.begin(), column.doubles.end());
  }
}

absl::StatusOr<ExitCode> RunExplain(Context& context, const ExplainFiles& files) {
  ASSAY_ASSIGN_OR_RETURN(const std::vector<double> inputs, ReadCapture(files.inputs));
  ASSAY_ASSIGN_OR_RETURN(const std::vector<double> before, ReadCapture(files.before));
  ASSAY_ASSIGN_OR_RETURN(const std::vector<double> after, ReadCapture(files.after));
  ASSAY_ASSIGN_OR_RETURN(const SwapName swap, NameCapturedSwap(inputs, before, after));
  v1::NamedSwap message;
  message.set_name(swap.name);
  if (swap.sqnr_db) {
    message.set_sqnr_db(*swap.sqnr_db);
  }
  message.set_explained(swap.explained);
  message.set_runner_up(swap.runner_up);
  message.set_runner_up_explained(swap.runner_up_explained);
  message.set_num_tried(swap.num_tried);
  Table table({{"SWAP"}, {"EVIDENCE", Align::kLeft, false, true}});
  table.AddRow({swap.name.empty() ? "none" : swap.name, SwapSentence(message)});
  context.Print(message, table);
  return ExitCode::kPass;
}

}  // namespace

void AddActivationCommand(CLI::App& app, Action& action) {
  CLI::App* activation = app.add_subcommand(
      "activation", "Formulas of activation functions and what frameworks call them");

  CLI::App* list = activation->add_subcommand("ls", "Lists activation functions");
  list->footer("Example: assay activation ls");
  list->callback([&action] { action = RunList; });

  auto show_options = std::make_shared<ActivationOptions>();
  CLI::App* show = activation->add_subcommand("show", "Shows one, with its names elsewhere");
  show->add_option("NAME", show_options->first,
                   "gelu_tanh, elu(0.5), or a framework's name: ggml/GELU")
      ->required();
  show->footer("Example: assay activation show ggml/GELU");
  show->callback([show_options, &action] {
    action = [show_options](Context& context) { return RunShow(context, show_options->first); };
  });

  auto compare_options = std::make_shared<ActivationOptions>();
  CLI::App* compare =
      activation->add_subcommand("compare", "Says where two differ most, and by how much");
  compare->add_option("A", compare_options->first, "One function")->required();
  compare->add_option("B", compare_options->second, "The other")->required();
  compare->footer("Example: assay activation compare gelu gelu_tanh");
  compare->callback([compare_options, &action] {
    action = [compare_options](Context& context) { return RunCompare(context, *compare_options); };
  });

  auto files = std::make_shared<ExplainFiles>();
  CLI::App* explain = activation->add_subcommand("explain",
                                                 "Says which pair of functions explains how two "
                                                 "captures of a layer differ, or that none does");
  explain->add_option("INPUTS", files->inputs, "What went into the activation, a .npy matrix")
      ->required();
  explain->add_option("BEFORE", files->before, "What came out, of equal shape")->required();
  explain->add_option("AFTER", files->after, "What comes out now")->required();
  explain->footer("Example: assay activation explain fc1.npy fc1_act.npy fc1_act_new.npy");
  explain->callback([files, &action] {
    action = [files](Context& context) { return RunExplain(context, *files); };
  });
}

}  // namespace assay::cli
