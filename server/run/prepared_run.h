#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluators/evaluator.h"
#include "server/run/output_index.h"
#include "server/run/row_source.h"
#include "server/run/run_inputs.h"
#include "server/store/store.h"

namespace assay::run {

// A stored run with everything that its jobs share. Immutable and thread-safe.
struct PreparedRun {
  store::Id project = 0;
  store::RunRecord run;
  std::shared_ptr<const RunInputs> inputs;
  std::shared_ptr<const OutputIndex> index;  // nullptr when the output set is aligned
  RowFilter filter;
  std::vector<std::unique_ptr<const Evaluator>> evaluators;

  // "runs/12".
  std::string resource() const;
  // Reads the columns that these evaluators of the run need.
  RowSource Source(store::Store& store, const std::vector<const Evaluator*>& for_evaluators) const;
};

// Reads a run, its inputs and the index of its outputs. FAILED_PRECONDITION when this build knows
// an evaluator of the run no more or computes another metric by that name.
absl::StatusOr<std::shared_ptr<const PreparedRun>> PrepareRun(store::Store& store,
                                                              store::Id project, store::Id run);

}  // namespace assay::run
