#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluators/compare/comparison.h"

namespace assay {

// A metric that is not a mean under resampling of the rows of one cell, the same rows on both
// sides.
struct CorpusDraws {
  MetricDescriptor metric;
  std::string cohort;  // "COLUMN=VALUE"; empty: all paired rows
  double factor = 1;   // FactorOf of the gates that it serves
  std::int64_t num_rows = 0;
  std::int64_t num_clusters = 0;  // 0: rows are independent
  double baseline = 0;            // as observed
  double candidate = 0;
  // Candidate minus factor times baseline, by draw; draws without a value on a side are left out.
  // One alone: no row differs, so that drawing shows nothing.
  std::vector<double> differences;
};

// True for limits on the share of rows that something bad happened to.
inline bool IsShare(const Gate& gate) {
  return gate.kind == LimitKind::kMaxFlips || gate.kind == LimitKind::kMaxChanged;
}

// What a gate multiplies the baseline by, so that its limit becomes 0: 1 - limit for
// max_relative_drop, 1 + limit for max_relative_increase, else 1.
double FactorOf(const Gate& gate);

// What gates are judged by.
struct GateInputs {
  std::span<const PairedScores> scores;   // of the metrics that gates name
  std::span<const CohortColumn> cohorts;  // aligned with the scores
  std::span<const CorpusDraws> draws;     // of the cells that gates on corpus metrics name
  // Why a gate cannot be judged, by position; empty text: it can. May have no entries at all.
  std::span<const std::string> refusals;
  std::span<const std::int32_t> cluster_of;  // as in TestOptions
  bool identical_outputs = false;
};

// Judges every gate and then corrects over all of them. INVALID_ARGUMENT, naming `gates[i]`, for a
// gate on a metric that is absent, has no direction or does not go with the limit, on an unknown
// cohort, or with a limit that is negative or not finite, and for an alpha outside (0, 0.5). A gate
// with a refusal is kRefused. With `identical_outputs` every other gate passes as "identical
// outputs". With fewer paired rows than it needs a gate is INCONCLUSIVE. gate_evidence.h has the
// methods.
absl::StatusOr<std::vector<GateResult>> JudgeGates(const Policy& policy, const GateInputs& inputs,
                                                   const ParallelFor& parallel_for);

// What is wrong with a gate on `metric`, whatever the data; OK when nothing is. `is_averaged` as in
// PairedScores.
absl::Status CheckGate(const Gate& gate, std::size_t index, const MetricDescriptor& metric,
                       bool is_averaged);

// Over all gates and budgets: kRefused before kRegressed before kInconclusive before kPass. A
// supporting gate counts unless it is INCONCLUSIVE, an advisory gate never does. kNone when nothing
// counts.
Verdict OverallVerdict(std::span<const GateResult> gates,
                       std::span<const BudgetResult> budgets = {});

// Exit code of a verdict: 0 pass or none, 1 regressed, 3 refused, 4 inconclusive.
int ExitCode(Verdict verdict);

}  // namespace assay
