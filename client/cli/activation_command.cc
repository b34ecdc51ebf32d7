#include <CLI/CLI.hpp>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "assay/v1/reference_model_service.pb.h"
#include "client/cli/commands.h"
#include "client/cli/numbers.h"
#include "client/cpp/status_macros.h"
#include "evaluators/kernels/activation_difference.h"
#include "evaluators/kernels/activation_registry.h"

namespace assay::cli {
namespace {

struct ActivationOptions {
  std::string first;
  std::string second;
};

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

v1::ActivationFunction ToProto(const ActivationInfo& info) {
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
  const std::optional<GatedUnit> unit = FindGatedUnit(name);
  v1::ActivationFunction function;
  Activation activation;
  if (unit) {
    function = ToProto(*unit);
  } else {
    ASSAY_ASSIGN_OR_RETURN(activation, ParseActivation(name));
    function = ToProto(InfoOf(activation.kind));
    function.set_name(ActivationName(activation));
  }
  Table table({{"FIELD"}, {"VALUE", Align::kLeft, true}});
  table.AddRow({"name", function.name()});
  table.AddRow({"formula", function.formula()});
  table.AddRow({"derivative", function.derivative()});
  if (!function.parameter().empty()) {
    table.AddRow(
        {"parameter", absl::StrFormat("%s = %g", function.parameter(), activation.parameter)});
  }
  if (!function.note().empty()) {
    table.AddRow({"note", function.note()});
  }
  for (const v1::ActivationFunction::Alias& alias : function.aliases()) {
    table.AddRow({AliasText(alias), alias.note().empty() ? "the same" : alias.note()});
  }
  if (!unit) {
    AddValues(activation, table);
  }
  context.Print(function, table);
  return ExitCode::kPass;
}

absl::StatusOr<ExitCode> RunCompare(Context& context, const ActivationOptions& options) {
  ASSAY_ASSIGN_OR_RETURN(const Activation first, ParseActivation(options.first));
  ASSAY_ASSIGN_OR_RETURN(const Activation second, ParseActivation(options.second));
  const ActivationDifference difference = CompareActivations(first, second);
  v1::ActivationDifference message;
  message.set_first(ActivationName(first));
  message.set_second(ActivationName(second));
  message.set_max_abs(difference.max_abs);
  message.set_max_abs_at(difference.max_abs_at);
  if (std::isfinite(difference.sqnr_db)) {
    message.set_sqnr_db(difference.sqnr_db);
  }
  Table table({{"FIELD"}, {"VALUE", Align::kLeft, true}});
  for (const Activation& activation : {first, second}) {
    table.AddRow({ActivationName(activation), std::string(InfoOf(activation.kind).formula)});
  }
  if (difference.max_abs == 0) {
    table.AddRow({"difference", "none on [-12, 12]"});
  } else {
    table.AddRow(
        {"differ most",
         absl::StrFormat("at x = %.3f: %.12g and %.12g, %.3g apart", difference.max_abs_at,
                         ActivationValue(first, difference.max_abs_at),
                         ActivationValue(second, difference.max_abs_at), difference.max_abs)});
    table.AddRow(
        {"SQNR", absl::StrFormat("%.1f dB for standard normal inputs", difference.sqnr_db)});
  }
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
}

}  // namespace assay::cli
