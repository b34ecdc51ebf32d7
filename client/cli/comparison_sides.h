#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "assay/v1/run_service.pb.h"
#include "client/cli/context.h"

namespace assay::cli {

// What to compare, as it was typed.
struct SidesOptions {
  std::string baseline;   // run, baseline or model version
  std::string candidate;  // the same
  std::string dataset;    // empty: from a run, or the one that both models have outputs on
  std::vector<std::string> evaluators;  // for what has no run yet; empty: what the columns allow
};

// Two runs that succeeded.
struct Sides {
  v1::Run baseline;
  v1::Run candidate;
  // Resource names to compare by: of the run, or of the baseline that was typed.
  std::string baseline_name;
  std::string candidate_name;
};

// The runs of both sides. A model version is evaluated, unless an equal run is there: on the
// dataset, with the row filter and the evaluators of the other side when that is a run, and
// otherwise with the evaluators that both sides' columns allow. FAILED_PRECONDITION when a run does
// not succeed; INVALID_ARGUMENT when the dataset is not clear.
absl::StatusOr<Sides> EvaluateSides(Context& context, const SidesOptions& options);

}  // namespace assay::cli
