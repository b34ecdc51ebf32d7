#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/run/pairing.h"
#include "server/run/run_inputs.h"
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

// Where a row stands in the list of a comparison. Small: a scan keeps as many as there are on the
// pages up to the one asked for.
struct RowPlace {
  double order = 0;      // worst first; infinite for an unpaired row
  std::int64_t row = 0;  // as in ComparisonRow
  RowBucket bucket = RowBucket::kAny;
  double baseline = 0;  // 0 where undefined
  double candidate = 0;
  bool has_baseline = false;
  bool has_candidate = false;

  bool operator<(const RowPlace& other) const {
    return order != other.order ? order < other.order : row < other.row;
  }
};

struct ScannedRows {
  std::vector<RowPlace> places;  // of the page, worst first, then by position
  std::int64_t total_rows = 0;   // that match, on all pages
};

// The two sides of a comparison.
struct ScannedSides {
  store::Id baseline_run = 0;
  store::Id candidate_run = 0;
  const RunInputs& baseline;
  const RunInputs& candidate;
  const Pairing& pairing;  // of their dataset versions
};

// Scans the score columns of `metric` for the rows of a query: those with a score on at least one
// side. Unpaired and changed rows come last, and among them the examples that only the baseline's
// dataset version has. Of rows that are named it reads only the chunks that they lie in.
// INVALID_ARGUMENT names an unknown cohort; of named rows only an unknown column of one.
absl::StatusOr<ScannedRows> ScanRows(store::Store& store, store::Id project,
                                     const ScannedSides& sides, const MetricDescriptor& metric,
                                     const RowQuery& query);

}  // namespace assay::run
