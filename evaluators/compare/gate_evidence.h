#pragma once

#include <cstdint>
#include <optional>

#include "evaluators/compare/paired_summary.h"
#include "evaluators/evaluator.h"

namespace assay {

// What is known about one gate's cell, with the sign turned so that worse is negative.
struct GateEvidence {
  MetricKind kind = MetricKind::kMean;
  std::int64_t num_rows = 0;
  std::int64_t num_better = 0;
  std::int64_t num_worse = 0;
  double delta = 0;
  double standard_deviation = 0;
  bool is_constant = true;
  double range = 0;  // largest possible difference of a row; may be infinite
};

// `metric` has a direction and row scores.
GateEvidence MakeGateEvidence(const PairedSummary& summary, const MetricDescriptor& metric);

// With fewer changed rows a binary gate needs an exact bound beside the score interval to pass.
inline constexpr std::int64_t kFewDiscordantRows = 10;
inline bool HasFewDiscordantRows(const GateEvidence& evidence) {
  return evidence.kind == MetricKind::kBinaryMean &&
         evidence.num_better + evidence.num_worse < kFewDiscordantRows;
}

// One-sided 1 - alpha bounds of the true delta, and the one-sided p of H0: delta >= -margin, got by
// inverting the method of the bounds, so that p <= alpha exactly where upper < -margin. By kind:
//   kBinaryMean     Tango's score interval
//   kMean           paired t
//   kMean, constant t has no spread to go by. At most u = 1 - alpha^(1 / n) of all rows differ from
//                   those seen (Clopper-Pearson for 0 of n), each by at most `range`. Where the
//                   range is infinite, both bounds are the difference seen and p is that of the
//                   sign-flip test, 2^-n.
struct GateBounds {
  double lower = 0;
  double upper = 0;
  double p = 1;
};
// Absent when nothing can be said: no row, a score that is infinite, or constant differences of a
// metric without a finite range on so few rows that 2^-n > alpha.
std::optional<GateBounds> BoundsOf(const GateEvidence& evidence, double margin, double alpha);

// About how many rows decide if later rows look like these, at least `least_rows`. A regression is
// counted as decided when it holds after correction over `num_gates`. Absent when no number up to
// 10^9 does, as when delta is exactly at the margin.
std::optional<std::int64_t> RowsToDecide(const GateEvidence& evidence, double margin, double alpha,
                                         std::int64_t num_gates, std::int64_t least_rows);

}  // namespace assay
