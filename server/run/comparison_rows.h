#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/store/store.h"

namespace assay::run {

using store::RowBucket;

struct RowQuery {
  std::string metric = {};  // empty: the flip metric, else the first with row scores
  RowBucket bucket = RowBucket::kAny;
  std::string cohort = {};              // "COLUMN=VALUE"; empty: all
  std::vector<std::int64_t> rows = {};  // positions, see ComparisonRow; empty: all
  std::int64_t offset_rank = 0;         // rows to skip in the order of the list
  std::int32_t limit = 50;
};

// One example, before and after. `row` is its position in the candidate's dataset version; an
// example that only the baseline's has counts behind those: their number plus its own position.
struct ComparisonRow : store::RowRecord {
  // Among earlier comparisons on this dataset version, the ten newest of other outputs, and in how
  // many of them the example flipped.
  std::int32_t num_recent_comparisons = 0;
  std::int32_t num_recent_flips = 0;
};

struct RowPage {
  std::vector<ComparisonRow> rows;  // worst first, then by position
  std::int64_t total_rows = 0;
  std::string metric;
};

// What tells a comparison's flips from others: dataset version and output sets, without bits.
absl::StatusOr<store::FlipsRecord> FlipsOf(store::Store& store, store::Id project,
                                           const store::ComparisonRecord& comparison);

// The first rows by a metric with row scores, to be stored with the comparison.
absl::StatusOr<store::RowListRecord> FirstRows(store::Store& store, store::Id project,
                                               const store::ComparisonRecord& comparison,
                                               const MetricComparison& compared);

// Reads rows of a succeeded comparison: those with a score on at least one side, from the stored
// rows where they suffice, else in one scan of the two score columns; of named rows it reads only
// the chunks that they lie in. Unpaired and changed rows come last, and among them the examples
// that only the baseline's dataset version has. Texts of an example are those of the candidate's
// version, where it has it. INVALID_ARGUMENT names an unknown metric or cohort; FAILED_PRECONDITION
// when the comparison has not succeeded, was refused or has no row scores.
absl::StatusOr<RowPage> ListComparisonRows(store::Store& store, store::Id project,
                                           const store::ComparisonRecord& comparison,
                                           const RowQuery& query);

}  // namespace assay::run
