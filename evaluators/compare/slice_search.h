#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluators/compare/comparison.h"

namespace assay {

struct SliceSearchOptions {
  std::int64_t min_rows = kDefaultMinRows;  // paired rows of a slice in either half
  std::int64_t max_terms = 2;               // cohort values in a conjunction, 1 to 3
  std::int64_t max_tested = 20;             // slices that go from the search to the test
  double alpha = 0.05;                      // of the one-sided bounds
  TestOptions test;                         // seed of the split, and clusters, which stay whole
};

// A slice that was worst in the search half, as the other half shows it.
struct FoundSlice {
  std::vector<std::string> terms;  // "COLUMN=VALUE", all of which hold
  std::int64_t search_rows = 0;
  double search_delta = 0;  // biased, because the slice was chosen for it
  std::int64_t num_rows = 0;
  double baseline = 0;
  double candidate = 0;
  double delta = 0;
  std::optional<double> lower;  // one-sided 1 - alpha bounds of delta
  std::optional<double> upper;
  double p = 1;  // one-sided, H0: not worse; never 0
  double q = 1;  // Benjamini-Hochberg over the tested slices
};

struct SliceFindings {
  std::int64_t num_searched = 0;  // slices with enough rows
  std::int64_t search_rows = 0;   // paired rows in either half
  std::int64_t test_rows = 0;
  std::uint64_t seed = 0;
  std::vector<FoundSlice> slices;  // the tested ones, by the drop that is sure, largest first
};

// Looks for cohort values, and conjunctions of values of different columns, in which the candidate
// is worse. A random half of the rows (or clusters) chooses the slices with the largest drop for
// its standard error; the other half, which had no part in the choice, tests them, so its p values
// are honest. A conjunction is kept only when it drops by more than each slice that contains it.
// INVALID_ARGUMENT for a metric without direction or row scores and for options out of range.
// Bit-identical for any `parallel_for`.
absl::StatusOr<SliceFindings> FindRegressedSlices(const PairedScores& scores,
                                                  std::span<const CohortColumn> cohorts,
                                                  const ParallelFor& parallel_for,
                                                  const SliceSearchOptions& options = {});

}  // namespace assay
