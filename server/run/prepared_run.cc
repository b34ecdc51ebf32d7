#include "server/run/prepared_run.h"

#include <algorithm>
#include <cstddef>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "evaluators/registry.h"
#include "server/base/status_macros.h"

namespace assay::run {
namespace {

// A run that a newer or older build stored may mean other numbers by the same names.
absl::Status CheckMetrics(const PreparedRun& prepared) {
  std::vector<const MetricDescriptor*> metrics;
  for (const auto& evaluator : prepared.evaluators) {
    for (const MetricDescriptor& metric : evaluator->metrics()) {
      metrics.push_back(&metric);
    }
  }
  const auto is_same = [](const MetricDescriptor* mine, const MetricDescriptor& stored) {
    return mine->id == stored.id && mine->definition_id == stored.definition_id;
  };
  if (!std::ranges::equal(metrics, prepared.run.metrics, is_same)) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "%s was made by another build, whose metrics differ; evaluate again", prepared.resource()));
  }
  return absl::OkStatus();
}

}  // namespace

std::string PreparedRun::resource() const { return absl::StrFormat("runs/%d", run.id); }

RowSource PreparedRun::Source(store::Store& store,
                              const std::vector<const Evaluator*>& for_evaluators) const {
  std::set<std::string> example_columns;
  std::set<std::string> output_columns;
  RowSource::Options options;
  for (const Evaluator* const evaluator : for_evaluators) {
    for (std::string& name : evaluator->example_columns()) {
      example_columns.insert(std::move(name));
    }
    for (std::string& name : evaluator->output_columns()) {
      output_columns.insert(std::move(name));
    }
    options.with_missing |= evaluator->ScoresMissingOutputs();
  }
  options.example_columns.assign(example_columns.begin(), example_columns.end());
  options.output_columns.assign(output_columns.begin(), output_columns.end());
  return RowSource(store, inputs, index, filter, std::move(options));
}

absl::StatusOr<std::shared_ptr<const PreparedRun>> PrepareRun(store::Store& store,
                                                              store::Id project, store::Id run) {
  auto prepared = std::make_shared<PreparedRun>();
  prepared->project = project;
  ASSAY_ASSIGN_OR_RETURN(prepared->run, store.runs().GetRun(project, run));
  ASSAY_ASSIGN_OR_RETURN(RunInputs inputs,
                         OpenRunInputs(store, project, prepared->run.output_set_id));
  ASSAY_ASSIGN_OR_RETURN(prepared->filter, ParseRowFilter(prepared->run.row_filter));
  ASSAY_ASSIGN_OR_RETURN(prepared->evaluators, MakeEvaluators(prepared->run.evaluators));
  ASSAY_RETURN_IF_ERROR(CheckMetrics(*prepared));
  if (!inputs.outputs.is_aligned) {
    ASSAY_ASSIGN_OR_RETURN(OutputIndex index, OutputIndex::Load(store, inputs));
    prepared->index = std::make_shared<const OutputIndex>(std::move(index));
  }
  prepared->inputs = std::make_shared<const RunInputs>(std::move(inputs));
  return prepared;
}

}  // namespace assay::run
