#include "client/cli/ranking_scores.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
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

bool HasRelevant(const JudgedRanking& judged, std::int32_t minimum_grade) {
  return !judged.relevant.empty() && judged.relevant.front() >= minimum_grade;
}

void Count(const JudgedRanking& judged, const DocumentJudge& judge, RankingScores& scores) {
  for (auto& [cutoff, count] : scores.num_tied) {
    count += judge.IsTiedAt(cutoff) ? 1 : 0;
  }
  for (auto& [grade, count] : scores.num_without_relevant) {
    count += HasRelevant(judged, grade) ? 0 : 1;
  }
}

// Scores the queries of a run one by one.
class RunScorer {
 public:
  RunScorer(const std::string& path, const formats::TrecQrels& qrels,
            std::span<const TrecEvalMeasure> measures, const RankingScope& scope)
      : qrels_(qrels), measures_(measures), scope_(scope) {
    scores_.path = path;
    scores_.values.assign(
        measures.size(),
        std::vector<double>(qrels.num_queries(), std::numeric_limits<double>::quiet_NaN()));
    scores_.is_scored.assign(qrels.num_queries(), false);
    StartCounts(measures, scores_);
  }

  // Scores a query of the run; false when a document stands twice in it: that is duplicate().
  bool Add(const formats::TrecRunReader::Segment& segment) {
    const std::optional<std::size_t> query = qrels_.Find(segment.query);
    if (query) {
      return ScoreQuery(*query, segment.documents);
    }
    ++scores_.num_unjudged;
    return true;
  }
  std::string_view duplicate() const { return judge_.duplicate(); }

  // After all queries of the run.
  RankingScores Finish(std::string_view tag, std::int64_t num_rank_conflicts) && {
    scores_.tag = tag;
    scores_.num_rank_conflicts = num_rank_conflicts;
    for (std::size_t query = 0; query < qrels_.num_queries(); ++query) {
      if (!scores_.is_scored[query]) {
        scores_.missing.push_back(query);
        if (!scope_.ignores_missing) {
          ScoreQuery(query, {});
        }
      }
    }
    return std::move(scores_);
  }

 private:
  bool ScoreQuery(std::size_t query, std::span<const RankedDocument> ranking) {
    const std::optional<JudgedRanking> judged =
        judge_.Judge(qrels_.judgements(query), ranking, scope_.rules);
    if (!judged) {
      return false;
    }
    scores_.is_scored[query] = true;
    ++scores_.num_scored;
    for (std::size_t i = 0; i < measures_.size(); ++i) {
      if (measures_[i].content == Content::kScores && !IsLeftOut(measures_[i].measure, *judged)) {
        scores_.values[i][query] = ComputeRankingMeasure(measures_[i].measure, *judged);
      }
    }
    scores_.num_dropped += judge_.num_dropped();
    Count(*judged, judge_, scores_);
    return true;
  }

  bool IsLeftOut(const RankingMeasure& measure, const JudgedRanking& judged) const {
    return scope_.ignores_without_relevant && !HasRelevant(judged, measure.minimum_grade);
  }

  const formats::TrecQrels& qrels_;
  const std::span<const TrecEvalMeasure> measures_;
  const RankingScope scope_;
  DocumentJudge judge_;
  RankingScores scores_;
};

// Scores a run as it is read. Absent when the lines of a query do not stand together.
absl::StatusOr<std::optional<RankingScores>> ScoreGrouped(const formats::InputFile& file,
                                                          bool rounds_scores, RunScorer scorer) {
  absl::flat_hash_set<std::string_view> seen;
  formats::TrecRunReader reader(file, rounds_scores);
  while (true) {
    ASSAY_ASSIGN_OR_RETURN(const std::optional<formats::TrecRunReader::Segment> segment,
                           reader.Next());
    if (!segment) {
      return std::move(scorer).Finish(reader.tag(), reader.num_rank_conflicts());
    }
    if (!seen.insert(segment->query).second) {
      return std::nullopt;
    }
    if (!scorer.Add(*segment)) {
      return formats::TrecDuplicate(file, segment->query, scorer.duplicate());
    }
  }
}

}  // namespace

absl::StatusOr<RankingScores> ScoreRun(const std::string& path, const formats::TrecQrels& qrels,
                                       std::span<const TrecEvalMeasure> measures,
                                       const RankingScope& scope) {
  ASSAY_ASSIGN_OR_RETURN(const formats::InputFile file, formats::InputFile::Open(path));
  RunScorer scorer(path, qrels, measures, scope);
  ASSAY_ASSIGN_OR_RETURN(std::optional<RankingScores> scores,
                         ScoreGrouped(file, scope.rounds_scores, scorer));
  if (scores) {
    return *std::move(scores);
  }
  ASSAY_ASSIGN_OR_RETURN(const formats::TrecRun run,
                         formats::TrecRun::Read(file, scope.rounds_scores));
  for (std::size_t i = 0; i < run.num_queries(); ++i) {
    if (!scorer.Add(run.query(i))) {
      return formats::TrecDuplicate(file, run.query(i).query, scorer.duplicate());
    }
  }
  return std::move(scorer).Finish(run.tag(), run.num_rank_conflicts());
}

}  // namespace assay::cli
