#pragma once

#include <cstdint>
#include <span>

#include "absl/status/status.h"
#include "evaluators/compare/comparison.h"
#include "evaluators/compare/gate.h"
#include "evaluators/evaluator.h"
#include "server/run/fairness.h"
#include "server/store/store.h"

namespace assay::run {

// Says in `result` whether the two runs may be compared, and refuses the comparison where they may
// not, or where `is_expired`: the baseline that it gates against holds no more.
void JudgeFairness(const store::ComparisonRecord& comparison, const ComparedRun& baseline,
                   const ComparedRun& candidate, bool is_expired, store::ComparisonResult& result);

// Says in `result`, by metric and once for all, that times and costs prove nothing about the models
// unless one machine measured both sides.
void MarkUnproven(const ComparedRun& baseline, const ComparedRun& candidate,
                  store::ComparisonResult& result);

// What the gates of a comparison rest on.
struct Evidence {
  const ComparedRun& baseline;
  const ComparedRun& candidate;
  std::span<const PairedScores> scores;      // that gates name
  std::span<const CohortColumn> cohorts;     // of the candidate's rows
  std::span<const CorpusDraws> draws;        // of cells that gates name
  std::span<const std::int32_t> cluster_of;  // as in TestOptions
};

// Judges gates and budgets and says the verdict; everything else of `result` is filled in. Gates on
// times and costs of different machines are refused, and those without evidence. Errors as
// JudgeGates.
absl::Status JudgeComparison(const store::ComparisonRecord& comparison, const Evidence& evidence,
                             const ParallelFor& parallel_for, store::ComparisonResult& result);

}  // namespace assay::run
