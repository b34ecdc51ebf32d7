#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/context.h"
#include "client/cli/exit_codes.h"

namespace CLI {
class App;
}

namespace assay::cli {

// `assay score --qrels ... --run ...` as it was typed.
struct RankingScoreOptions {
  std::string qrels;
  std::vector<std::string> runs;
  std::vector<std::string> measures;
  bool shows_queries = false;
  std::int32_t minimum_grade = 1;
  std::int64_t max_ranked = std::numeric_limits<std::int64_t>::max();
  bool counts_missing = true;
  bool ignores_without_relevant = false;
  bool rounds_scores = false;
  std::string ties = "id";
  std::string duplicates = "refuse";
};

// Adds the options to `score`.
void AddRankingScoreOptions(CLI::App& score, RankingScoreOptions& options);

// Scores runs against qrels and prints what trec_eval would, or several runs side by side.
absl::StatusOr<ExitCode> ScoreRankings(const Context& context, const RankingScoreOptions& options);

}  // namespace assay::cli
