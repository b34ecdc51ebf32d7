#include <CLI/CLI.hpp>
#include <algorithm>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "assay/v1/run_service.pb.h"
#include "client/cli/commands.h"
#include "client/cli/metric_message.h"
#include "client/cli/numbers.h"
#include "client/cli/table.h"
#include "client/cpp/status_macros.h"
#include "evaluators/metrics/embedding_change.h"
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

// Metrics under the name of what computes them.
struct Group {
  std::string name;
  std::string spec;  // empty: no evaluator, `diff` computes them
  std::vector<MetricDescriptor> metrics;
};

absl::StatusOr<Group> GroupOf(const std::string& name, const std::string& spec) {
  ASSAY_ASSIGN_OR_RETURN(const std::unique_ptr<const Evaluator> evaluator, MakeEvaluator(spec));
  return Group{name, evaluator->spec(), {evaluator->metrics().begin(), evaluator->metrics().end()}};
}

absl::StatusOr<std::vector<Group>> EveryGroup() {
  std::vector<Group> groups;
  for (const std::string& name : EvaluatorNames()) {
    ASSAY_ASSIGN_OR_RETURN(groups.emplace_back(), GroupOf(name, FullSpec(name)));
  }
  groups.push_back({"embedding_change", "", EmbeddingChangeMetrics()});
  return groups;
}

absl::StatusOr<ExitCode> RunList(const Context& context) {
  Table table({{"EVALUATOR"}, {"METRIC"}, {"BETTER"}, {"RANGE"}, {"UNIT"}, {"DEFINITION"}});
  v1::Run metrics;
  ASSAY_ASSIGN_OR_RETURN(const std::vector<Group> groups, EveryGroup());
  for (const Group& group : groups) {
    if (!group.spec.empty()) {
      metrics.add_evaluators(group.spec);
    }
    for (const MetricDescriptor& metric : group.metrics) {
      AddMetric(metric, metrics);
      table.AddRow({group.name, metric.id, std::string(DirectionWord(metric.direction)),
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

// The metrics that `reference` means: a specification, a name in EVALUATOR of `ls`, or a metric.
absl::StatusOr<std::vector<MetricDescriptor>> Find(const std::string& reference) {
  if (reference.find(':') != std::string::npos) {
    ASSAY_ASSIGN_OR_RETURN(Group group, GroupOf(reference, reference));
    return std::move(group.metrics);
  }
  ASSAY_ASSIGN_OR_RETURN(std::vector<Group> groups, EveryGroup());
  std::vector<MetricDescriptor> found;
  for (Group& group : groups) {
    if (group.name == reference) {
      return std::move(group.metrics);
    }
    std::ranges::copy_if(group.metrics, std::back_inserter(found),
                         [&](const MetricDescriptor& metric) { return metric.id == reference; });
  }
  if (found.empty()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "'%s' is no evaluator and no metric of one; see assay evaluator ls", reference));
  }
  return found;
}

absl::StatusOr<ExitCode> RunShow(const Context& context, const std::string& reference) {
  ASSAY_ASSIGN_OR_RETURN(const std::vector<MetricDescriptor> found, Find(reference));
  v1::Run metrics;
  std::string text;
  Table table({{"METRIC"}, {"DEFINITION"}, {"FORMULA"}, {"UNDEFINED"}, {"SOURCE"}});
  for (const MetricDescriptor& metric : found) {
    AddMetric(metric, metrics);
    text += (text.empty() ? "" : "\n") + MetricText(metric, context.palette());
    table.AddRow(
        {metric.id, metric.definition_id, metric.formula, metric.undefined, metric.source});
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
