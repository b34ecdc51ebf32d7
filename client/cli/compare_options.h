#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/comparison_sides.h"
#include "client/cli/context.h"
#include "client/cli/exit_codes.h"
#include "client/cli/verdict_output.h"

namespace CLI {
class App;
}

namespace assay::cli {

// What `diff` and `gate` take.
struct CompareOptions {
  SidesOptions sides;
  std::string policy;  // path; empty: none
  std::vector<std::string> max_drops;
  std::vector<std::string> max_increases;
  std::optional<double> alpha;
  std::optional<std::int64_t> warmup_rows;
  std::vector<std::string> allow_changed;
  std::vector<std::string> cohort_pairs;
  bool find_slices = false;
  bool allow_confounded = false;
  std::vector<std::string> reports;  // FORMAT=FILE, beside standard output
};

// Adds the sides and everything that both commands take but the policy.
void AddCompareOptions(CLI::App& command, CompareOptions& options);

// Evaluates what has no run yet, compares and prints the report; the exit code is the verdict.
absl::StatusOr<ExitCode> Compare(Context& context, const CompareOptions& options);

}  // namespace assay::cli
