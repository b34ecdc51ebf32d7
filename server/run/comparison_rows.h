#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/store/store.h"

namespace assay::run {

enum class RowBucket : std::uint8_t {
  kAny = 0,        // in a query every row; in a row: none of the others (a tie between several
                   // outputs, a change of a metric without direction)
  kBroken = 1,     // right before, wrong after; for other metrics: worse
  kFixed = 2,      // wrong before, right after; for other metrics: better
  kBothWrong = 3,  // wrong both times; for other metrics: equal
  kBothRight = 4,
  kUnpaired = 5,  // scored on one side only
};

struct RowQuery {
  std::string metric = {};  // empty: the flip metric, else the first with row scores
  RowBucket bucket = RowBucket::kAny;
  std::string cohort = {};       // "COLUMN=VALUE"; empty: all
  std::int64_t offset_rank = 0;  // rows to skip in the order of the list
  std::int32_t limit = 50;
};

// One example, before and after. Texts are shortened to 1,000 characters, whole code points.
struct ComparisonRow {
  std::int64_t row = 0;
  std::string key;
  RowBucket bucket = RowBucket::kAny;
  std::optional<double> baseline_score;
  std::optional<double> candidate_score;
  std::string input;
  std::string expected;
  std::string baseline_output;
  std::string candidate_output;
  std::string baseline_trace_id;
  std::string candidate_trace_id;
  std::vector<std::string> cohorts;
};

struct RowPage {
  std::vector<ComparisonRow> rows;  // worst first, then by position
  std::int64_t total_rows = 0;
  std::string metric;
};

// Reads rows of a succeeded comparison: those with a score on at least one side, in one scan of the
// two score columns. Unpaired rows come last. Examples that only the baseline's dataset version has
// are not listed. INVALID_ARGUMENT names an unknown metric or cohort; FAILED_PRECONDITION when the
// comparison has not succeeded, was refused or has no row scores.
absl::StatusOr<RowPage> ListComparisonRows(store::Store& store, store::Id project,
                                           const store::ComparisonRecord& comparison,
                                           const RowQuery& query);

}  // namespace assay::run
