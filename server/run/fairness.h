#pragma once

#include <string>
#include <string_view>
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

// A field that a model version may declare.
struct DeclaredField {
  std::string_view name;
  std::string store::ModelVersionRecord::*value;
};
inline constexpr DeclaredField kDeclaredFields[] = {
    {"activation", &store::ModelVersionRecord::activation},
    {"weights", &store::ModelVersionRecord::weights_digest},
    {"architecture", &store::ModelVersionRecord::architecture},
    {"dtype", &store::ModelVersionRecord::dtype},
    {"quantization", &store::ModelVersionRecord::quantization},
    {"preprocessing", &store::ModelVersionRecord::preprocessing},
};

// What differs between two model versions: the fields above and `config.KEY`. An empty value means
// not declared.
std::vector<store::FieldDifference> FindModelDifferences(
    const store::ModelVersionRecord& baseline, const store::ModelVersionRecord& candidate);

// "dataset: 'digits@1 ...' against 'digits@2 ...'; ..."
std::string DifferencesText(const std::vector<store::FieldDifference>& differences);

}  // namespace assay::run
