#pragma once

#include <cstdint>
#include <span>

#include "absl/status/statusor.h"
#include "evaluators/compare/comparison.h"
#include "evaluators/statistics/interval.h"

namespace assay {

// How often gates raise an alarm although there is nothing to find: an A/A test.
struct FalseAlarms {
  std::int64_t num_pairs = 0;
  std::int64_t num_alarms = 0;  // pairs in which at least one gate would say REGRESSED
  double rate = 0;
  Interval interval;  // Clopper-Pearson, `alpha` beyond each end (90 % at alpha 0.05)
};

struct SelfTest {
  std::int64_t num_rows = 0;
  std::int64_t num_gates = 0;  // all rows, and every cohort with enough rows
  double alpha = 0.05;
  std::uint64_t seed = 0;
  FalseAlarms uncorrected;  // a raw p of at most alpha in any gate
  FalseAlarms holm;         // an adjusted one
  FalseAlarms overall;      // the gate on all rows alone
};

// Makes `num_pairs` A/A pairs from real pairs of scores: the two sides of every row (or of all rows
// of a cluster) are swapped at random, so that by construction neither side is worse, and judges
// each at margin 0. Gates are all rows and the cohorts that have `min_rows` rows, or clusters where
// there are any. INVALID_ARGUMENT for a metric without direction, an alpha outside (0, 0.5), or too
// few rows. Bit-identical for any `parallel_for`.
absl::StatusOr<SelfTest> RunSelfTest(const PairedScores& scores,
                                     std::span<const CohortColumn> cohorts,
                                     const ParallelFor& parallel_for, std::int64_t num_pairs,
                                     double alpha, const TestOptions& options = {},
                                     std::int64_t min_rows = kDefaultMinRows);

}  // namespace assay
