#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/context.h"
#include "client/cli/exit_codes.h"

namespace CLI {
class App;
}

namespace assay::cli {

// `assay score --labels ... --predictions ...` as it was typed.
struct LabelScoreOptions {
  std::string labels;
  std::string predictions;
};

// Adds the options to `score`.
void AddLabelScoreOptions(CLI::App& score, LabelScoreOptions& options);

// Scores predictions against labels by ground_truth_match; `measures` are its options, several
// joined by commas. Rows are matched by `key` where both files have one, else by order, and the
// output says which.
absl::StatusOr<ExitCode> ScoreLabels(const Context& context, const LabelScoreOptions& options,
                                     const std::vector<std::string>& measures);

}  // namespace assay::cli
