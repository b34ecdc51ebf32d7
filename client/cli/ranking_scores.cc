#include "client/cli/ranking_scores.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>

#include "client/cpp/status_macros.h"
#include "client/formats/input_file.h"
#include "client/formats/trec_fields.h"
#include "client/formats/trec_run.h"
#include "evaluators/metrics/document_judge.h"
#include "evaluators/metrics/ranking_measure.h"

namespace assay::cli {
namespace {

using Content = TrecEvalMeasure::Content;

// Starts the counts, at 0, of the cut-offs and grades that `measures` have.
void StartCounts(std::span<const TrecEvalMeasure> measures, RankingScores& scores) {
  for (const TrecEvalMeasure& measure : measures) {
    if (measure.content == Content::kScores) {
      scores.num_without_relevant[measure.measure.minimum_grade] = 0;
      if (measure.measure.cutoff > 0) {
        scores.num_tied[measure.measure.cutoff] = 0;
      }
    }
  }
}

void Count(const JudgedRanking& judged, const DocumentJudge& judge, RankingScores& scores) {
  for (auto& [cutoff, count] : scores.num_tied) {
    count += judge.IsTiedAt(cutoff) ? 1 : 0;
  }
  for (auto& [grade, count] : scores.num_without_relevant) {
    count += judged.relevant.empty() || judged.relevant.front() < grade ? 1 : 0;
  }
}

}  // namespace

absl::StatusOr<RankingScores> ScoreRun(const std::string& path, const formats::TrecQrels& qrels,
                                       std::span<const TrecEvalMeasure> measures,
                                       const RankingScope& scope) {
  ASSAY_ASSIGN_OR_RETURN(const formats::InputFile file, formats::InputFile::Open(path));
  ASSAY_ASSIGN_OR_RETURN(const formats::TrecRun run, formats::TrecRun::Read(file));
  const std::size_t num_queries = qrels.num_queries();
  RankingScores scores = {.path = path,
                          .tag = std::string(run.tag()),
                          .num_unjudged = run.num_queries(),
                          .num_rank_conflicts = run.num_rank_conflicts()};
  scores.values.assign(measures.size(),
                       std::vector<double>(num_queries, std::numeric_limits<double>::quiet_NaN()));
  scores.is_scored.assign(num_queries, false);
  StartCounts(measures, scores);
  DocumentJudge judge;
  for (std::size_t query = 0; query < num_queries; ++query) {
    if (run.Has(qrels.query(query))) {
      --scores.num_unjudged;
    } else {
      scores.missing.push_back(query);
      if (scope.ignores_missing) {
        continue;
      }
    }
    const std::optional<JudgedRanking> judged =
        judge.Judge(qrels.judgements(query), run.Ranking(qrels.query(query)), scope.max_ranked);
    if (!judged) {
      return formats::TrecDuplicate(file, qrels.query(query), judge.duplicate());
    }
    scores.is_scored[query] = true;
    ++scores.num_scored;
    for (std::size_t i = 0; i < measures.size(); ++i) {
      if (measures[i].content == Content::kScores) {
        scores.values[i][query] = ComputeRankingMeasure(measures[i].measure, *judged);
      }
    }
    Count(*judged, judge, scores);
  }
  return scores;
}

}  // namespace assay::cli
