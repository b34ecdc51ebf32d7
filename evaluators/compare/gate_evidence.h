#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "evaluators/compare/paired_summary.h"
#include "evaluators/evaluator.h"

namespace assay {

// What a gate rests on.
enum class EvidenceKind : std::uint8_t {
  kBinary = 1,  // right-or-wrong rows, each side one share
  kMean = 2,    // differences of row scores
  kShare = 3,   // how many rows something bad happened to
  kDraws = 4,   // resampled differences
};

// What is known about one gate's cell, with the sign turned so that worse is negative.
struct GateEvidence {
  EvidenceKind kind = EvidenceKind::kMean;
  std::int64_t num_rows = 0;
  std::int64_t num_better = 0;
  std::int64_t num_worse = 0;
  double delta = 0;
  double standard_deviation = 0;
  bool is_constant = true;
  double range = 0;           // largest possible difference of a row; may be infinite
  std::vector<double> draws;  // ascending
  bool is_binary = false;     // rows are right or wrong, whatever the kind
  // num_rows counts clusters of rows. num_better and num_worse are rows all the same.
  bool has_clusters = false;
};

// Of row scores, by cluster where the summary has clusters. `metric` has a direction and row
// scores.
GateEvidence MakeGateEvidence(const PairedSummary& summary, const MetricDescriptor& metric);
// Of a share: `num_bad` of `num_rows` rows.
GateEvidence MakeShareEvidence(std::int64_t num_bad, std::int64_t num_rows);
// Of draws, with the difference observed. `num_rows` counts what was drawn: rows, or clusters.
GateEvidence MakeDrawsEvidence(std::int64_t num_rows, double delta, std::vector<double> draws);

// How the bounds of such evidence are computed, for people.
std::string EvidenceMethod(const GateEvidence& evidence);

// With fewer changed rows a gate on right-or-wrong rows needs an exact bound beside the interval to
// pass.
inline constexpr std::int64_t kFewDiscordantRows = 10;
inline bool HasFewDiscordantRows(const GateEvidence& evidence) {
  return evidence.is_binary && evidence.num_better + evidence.num_worse < kFewDiscordantRows;
}
// That bound: Clopper-Pearson's upper one of the share that got worse. With clusters each of these
// rows counts as one cluster of all, so that rows which share their luck are not taken for more.
double ExactWorseBound(const GateEvidence& evidence, double alpha);

// One-sided 1 - alpha bounds of the true delta, and the one-sided p of H0: delta >= -margin, got by
// inverting the method of the bounds, so that p <= alpha exactly where upper < -margin. By kind:
//   kBinary         Tango's score interval
//   kMean           paired t
//   kShare          Clopper-Pearson bounds of the share
//   kDraws          percentiles of the draws; p = (1 + draws at or above -margin) / (1 + draws)
//   kMean, constant t has no spread to go by. At most u = 1 - alpha^(1 / n) of all rows differ from
//                   those seen (Clopper-Pearson for 0 of n), each by at most `range`. Where the
//                   range is infinite, both bounds are the difference seen and p is that of the
//                   sign-flip test, 2^-n.
struct GateBounds {
  double lower = 0;
  double upper = 0;
  double p = 1;
};
// Absent when nothing can be said: no row, no draws, a score that is infinite, or constant
// differences of a metric without a finite range on so few rows that 2^-n > alpha.
std::optional<GateBounds> BoundsOf(const GateEvidence& evidence, double margin, double alpha);

// About how many rows decide if later rows look like these, at least `least_rows`. A regression is
// counted as decided when it holds after correction over `num_gates`. Absent when no number up to
// 10^9 does, as when delta is exactly at the margin.
std::optional<std::int64_t> RowsToDecide(const GateEvidence& evidence, double margin, double alpha,
                                         std::int64_t num_gates, std::int64_t least_rows);

}  // namespace assay
