#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "assay/v1/run_service.pb.h"
#include "client/cli/commands.h"
#include "client/cli/numbers.h"
#include "client/cli/table.h"
#include "client/cpp/status_macros.h"
#include "evaluators/registry.h"

namespace assay::cli {
namespace {

std::string_view DirectionWord(Direction direction) {
  switch (direction) {
    case Direction::kHigher:
      return "higher";
    case Direction::kLower:
      return "lower";
    case Direction::kNone:
      return "none";
  }
  return "none";
}

std::string RangeText(const MetricDescriptor& metric) {
  return absl::StrFormat("[%g, %g]", metric.lowest, metric.highest);
}

// Metrics are listed as the metrics of a run that has not happened.
void AddMetric(const MetricDescriptor& from, v1::Run& to) {
  v1::Metric& metric = *to.add_metrics();
  metric.set_id(from.id);
  metric.set_definition_id(from.definition_id);
  metric.set_direction(static_cast<v1::Direction>(from.direction));
  metric.set_kind(static_cast<v1::MetricKind>(from.kind));
  metric.set_unit(from.unit);
  metric.set_lowest(from.lowest);
  metric.set_highest(from.highest);
  metric.set_formula(from.formula);
  metric.set_undefined(from.undefined);
  metric.set_source(from.source);
}

absl::StatusOr<ExitCode> RunList(const Context& context) {
  Table table({{"EVALUATOR"}, {"METRIC"}, {"BETTER"}, {"RANGE"}, {"UNIT"}, {"DEFINITION"}});
  v1::Run metrics;
  for (const std::string& name : EvaluatorNames()) {
    ASSAY_ASSIGN_OR_RETURN(const std::unique_ptr<const Evaluator> evaluator,
                           MakeEvaluator(FullSpec(name)));
    metrics.add_evaluators(evaluator->spec());
    for (const MetricDescriptor& metric : evaluator->metrics()) {
      AddMetric(metric, metrics);
      table.AddRow({name, metric.id, std::string(DirectionWord(metric.direction)),
                    RangeText(metric), metric.unit, metric.definition_id});
    }
  }
  context.Print(metrics, table);
  return ExitCode::kPass;
}

std::string MetricText(const MetricDescriptor& metric, const Palette& palette) {
  return absl::StrFormat(
      "%s  %s\n  formula    %s\n  better     %s\n  range      %s%s%s\n  undefined  %s\n"
      "  source     %s\n",
      palette(Ink::kBold, metric.id), metric.definition_id, metric.formula,
      DirectionWord(metric.direction), RangeText(metric), metric.unit.empty() ? "" : " ",
      metric.unit, metric.undefined, metric.source);
}

// `reference`: an evaluator, a specification, or a metric as `ls` lists it.
absl::StatusOr<ExitCode> RunShow(const Context& context, const std::string& reference) {
  std::vector<std::string> specs;
  std::string only_metric;
  if (const std::string full = FullSpec(reference); !full.empty()) {
    specs = {full};
  } else if (reference.find(':') != std::string::npos) {
    specs = {reference};
  } else {
    only_metric = reference;
    for (const std::string& name : EvaluatorNames()) {
      specs.push_back(FullSpec(name));
    }
  }
  v1::Run metrics;
  std::string text;
  Table table({{"METRIC"}, {"DEFINITION"}, {"FORMULA"}, {"UNDEFINED"}, {"SOURCE"}});
  for (const std::string& spec : specs) {
    ASSAY_ASSIGN_OR_RETURN(const std::unique_ptr<const Evaluator> evaluator, MakeEvaluator(spec));
    for (const MetricDescriptor& metric : evaluator->metrics()) {
      if (only_metric.empty() || metric.id == only_metric) {
        AddMetric(metric, metrics);
        text += (text.empty() ? "" : "\n") + MetricText(metric, context.palette());
        table.AddRow(
            {metric.id, metric.definition_id, metric.formula, metric.undefined, metric.source});
      }
    }
  }
  if (text.empty()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "'%s' is no evaluator and no metric of one; see assay evaluator ls", reference));
  }
  if (context.format() == OutputFormat::kText) {
    context.PrintReport(std::move(text));
  } else {
    context.Print(metrics, table);
  }
  return ExitCode::kPass;
}

}  // namespace

void AddEvaluatorCommand(CLI::App& app, Action& action) {
  CLI::App* evaluator =
      app.add_subcommand("evaluator", "Lists and defines the metrics, without a server");
  CLI::App* list = evaluator->add_subcommand("ls", "Lists every metric of every evaluator");
  list->footer("Example: assay evaluator ls");
  list->callback([&action] { action = [](Context& context) { return RunList(context); }; });

  auto reference = std::make_shared<std::string>();
  CLI::App* show = evaluator->add_subcommand("show", "Defines the metrics of an evaluator");
  show->add_option("EVALUATOR", *reference,
                   "Evaluator, metric, or specification as --evaluator takes it")
      ->required();
  show->footer(
      "Example: assay evaluator show ground_truth_match\n"
      "         assay evaluator show ground_truth_match:ece,bins=10,labels=no|yes");
  show->callback([reference, &action] {
    action = [reference](Context& context) { return RunShow(context, *reference); };
  });
}

}  // namespace assay::cli
