#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/store/store.h"

namespace assay::run {

// One side of a comparison.
struct ComparedRun {
  store::RunRecord run;
  store::DatasetVersionRecord dataset;
  store::OutputSetRecord outputs;
  store::ModelVersionRecord model;
};

absl::StatusOr<ComparedRun> OpenComparedRun(store::Store& store, store::Id project, store::Id run);

// What must match between two runs and does not: dataset, row_filter, evaluators, and the
// definition of each metric that both compute. Empty: the comparison is clean.
std::vector<store::FieldDifference> FindConfounds(const ComparedRun& baseline,
                                                  const ComparedRun& candidate);

// What differs between two model versions: activation, weights_digest and `config.KEY`. An empty
// value means not declared.
std::vector<store::FieldDifference> FindModelDifferences(
    const store::ModelVersionRecord& baseline, const store::ModelVersionRecord& candidate);

// "dataset: 'digits@1 ...' against 'digits@2 ...'; ..."
std::string DifferencesText(const std::vector<store::FieldDifference>& differences);

}  // namespace assay::run
