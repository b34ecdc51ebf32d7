#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/formats/trec_qrels.h"
#include "evaluators/metrics/document_judge.h"
#include "evaluators/metrics/trec_eval_measures.h"

namespace assay::cli {

// What counts, and how; by default as trec_eval has it with `-c`.
struct RankingScope {
  JudgingRules rules;
  bool ignores_missing = false;           // leave out judged queries that the run lacks
  bool ignores_without_relevant = false;  // measures are undefined without a relevant document
  bool rounds_scores = false;             // to float32
};

// What a run scores on judged queries.
struct RankingScores {
  std::string path;
  std::string tag;
  // By measure, then by query of the qrels. NaN: undefined, or the query is left out.
  std::vector<std::vector<double>> values;
  std::vector<bool> is_scored;  // by query
  std::int64_t num_scored = 0;

  // What a reader should know.
  std::vector<std::size_t> missing;               // judged queries that the run lacks
  std::int64_t num_unjudged = 0;                  // queries of the run without judgements
  std::int64_t num_dropped = 0;                   // lines, see DocumentJudge
  std::int64_t num_rank_conflicts = 0;            // lines, see TrecRun
  std::map<std::int32_t, std::int64_t> num_tied;  // queries, by cut-off
  std::map<std::int32_t, std::int64_t> num_without_relevant;  // queries, by minimum grade
};

// Scores the run in the file `path`. INVALID_ARGUMENT names file, line and field of what is wrong.
absl::StatusOr<RankingScores> ScoreRun(const std::string& path, const formats::TrecQrels& qrels,
                                       std::span<const TrecEvalMeasure> measures,
                                       const RankingScope& scope);

}  // namespace assay::cli
