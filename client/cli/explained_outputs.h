#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/context.h"
#include "client/cli/exit_codes.h"

namespace assay::cli {

// Recorded outputs and the model that they are said to come from, as they were typed.
struct ExplainOptions {
  std::string model;
  std::string dataset;
  std::vector<std::string> output_sets;
};

// Holds each output set against what the model gives for the same rows, and says which swap of
// activation functions explains the difference, or that none does. The exit code is 0 whatever is
// found.
absl::StatusOr<ExitCode> ExplainOutputs(Context& context, const ExplainOptions& options);

}  // namespace assay::cli
