#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluators/metrics/ranking_measure.h"

namespace assay {

// One line of a report as trec_eval writes it.
struct TrecEvalMeasure {
  enum class Content : std::uint8_t { kRunId, kNumQueries, kScores };
  // How the values of the queries become one; the geometric mean takes values below 0.00001 as
  // 0.00001.
  enum class Summary : std::uint8_t { kMean, kSum, kGeometricMean };

  std::string name;  // as printed
  Content content = Content::kScores;
  RankingMeasure measure;  // kScores only, as all that follows
  Summary summary = Summary::kMean;
  bool is_count = false;
  bool has_query_lines = true;
};

// The measures that `names` ask for. Each is a list, between commas, of
// - names of trec_eval: `map`, `P` with its usual cut-offs, `P.5,10`, `ndcg_cut_10`, `official`,
//   `all_trec` (as far as we have its measures);
// - names that ParseRankingMeasure reads: `nDCG@10`, `P@5(rel=2)`.
// Those of trec_eval come first, in its order, then the others as given, each once. Where a name
// says nothing of a minimum grade, `minimum_grade` holds. INVALID_ARGUMENT names what is unknown.
absl::StatusOr<std::vector<TrecEvalMeasure>> ParseTrecEvalMeasures(
    std::span<const std::string> names, std::int32_t minimum_grade);

// The summary of `values`, one a query, in order. NaN stands for undefined and is left out; absent
// when nothing is left.
std::optional<double> Summarize(TrecEvalMeasure::Summary summary, std::span<const double> values);

}  // namespace assay
