#include "server/run/fairness.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "server/base/status_macros.h"

namespace assay::run {
namespace {

std::string DatasetText(const store::DatasetVersionRecord& dataset) {
  return absl::StrFormat("%s@%d %s", dataset.dataset_name, dataset.number,
                         store::DigestText(dataset.digest));
}

// In the order of bytes: the order in which evaluators were asked for changes no score.
std::string EvaluatorsText(std::vector<std::string> evaluators) {
  std::ranges::sort(evaluators);
  return absl::StrJoin(evaluators, " ");
}

void AddIfDifferent(std::string field, std::string baseline, std::string candidate,
                    std::vector<store::FieldDifference>& differences) {
  if (baseline != candidate) {
    differences.push_back({std::move(field), std::move(baseline), std::move(candidate)});
  }
}

}  // namespace

absl::StatusOr<ComparedRun> OpenComparedRun(store::Store& store, store::Id project, store::Id run) {
  ComparedRun side;
  ASSAY_ASSIGN_OR_RETURN(side.run, store.runs().GetRun(project, run));
  ASSAY_ASSIGN_OR_RETURN(side.dataset,
                         store.datasets().GetVersion(project, side.run.dataset_version_id));
  ASSAY_ASSIGN_OR_RETURN(side.outputs,
                         store.models().GetOutputSet(project, side.run.output_set_id));
  ASSAY_ASSIGN_OR_RETURN(side.model, store.models().GetVersion(project, side.run.model_version_id));
  return side;
}

std::vector<store::FieldDifference> FindConfounds(const ComparedRun& baseline,
                                                  const ComparedRun& candidate) {
  std::vector<store::FieldDifference> confounds;
  // Equal content is one dataset, whatever its versions are called.
  if (baseline.dataset.digest != candidate.dataset.digest) {
    confounds.push_back({"dataset", DatasetText(baseline.dataset), DatasetText(candidate.dataset)});
  }
  AddIfDifferent("row_filter", baseline.run.row_filter, candidate.run.row_filter, confounds);
  AddIfDifferent("evaluators", EvaluatorsText(baseline.run.evaluators),
                 EvaluatorsText(candidate.run.evaluators), confounds);
  for (const MetricDescriptor& metric : candidate.run.metrics) {
    const auto other = std::ranges::find(baseline.run.metrics, metric.id, &MetricDescriptor::id);
    if (other != baseline.run.metrics.end()) {
      AddIfDifferent(absl::StrFormat("definition of %s", metric.id), other->definition_id,
                     metric.definition_id, confounds);
    }
  }
  return confounds;
}

std::vector<store::FieldDifference> FindModelDifferences(
    const store::ModelVersionRecord& baseline, const store::ModelVersionRecord& candidate) {
  std::vector<store::FieldDifference> differences;
  for (const DeclaredField& field : kDeclaredFields) {
    AddIfDifferent(std::string(field.name), baseline.*field.value, candidate.*field.value,
                   differences);
  }
  std::map<std::string, std::pair<std::string, std::string>> config;
  for (const auto& [key, value] : baseline.config) {
    config[key].first = value;
  }
  for (const auto& [key, value] : candidate.config) {
    config[key].second = value;
  }
  for (const auto& [key, values] : config) {
    AddIfDifferent(absl::StrFormat("config.%s", key), values.first, values.second, differences);
  }
  return differences;
}

std::string DifferencesText(const std::vector<store::FieldDifference>& differences) {
  return absl::StrJoin(differences, "; ",
                       [](std::string* out, const store::FieldDifference& difference) {
                         out->append(absl::StrFormat("%s: '%s' against '%s'", difference.field,
                                                     difference.baseline, difference.candidate));
                       });
}

}  // namespace assay::run
