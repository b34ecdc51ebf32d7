#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluators/evaluator.h"
#include "evaluators/metrics/evaluator_spec.h"

namespace assay {

// `ranking`: the output `ranking` of a query against the example's `relevance`. Options are
// measures as ParseRankingMeasure reads them; without options: nDCG@10, nDCG, AP, RR, R@10, R@100,
// P@10. Every example with relevance is scored, a missing ranking as an empty one. Counts, of
// judged queries: `tied at cut-off K` for every cut-off, `without a relevant document` (with rel=N:
// `without a document of grade N or more`), `without a ranking`. INVALID_ARGUMENT for an unknown
// measure.
absl::StatusOr<std::unique_ptr<const Evaluator>> MakeRanking(const EvaluatorSpec& spec);

// Options that fit the columns; empty when the evaluator does not.
std::vector<std::string> RankingOptions(const ColumnTypes& columns);

}  // namespace assay
