#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "evaluators/evaluator.h"
#include "server/store/store.h"

namespace assay::run {

// The columns of a run, aligned to the rows of its dataset version: in this order one FLOAT64 a
// metric with row scores, named by the metric's id, null where the row has no defined score; the
// INT64 `status`; and the hidden text `$facts`, which holds what evaluators counted in a chunk in
// the chunk's first row and exists only for chunks where they counted something.

// How an example fared: the values of `status`.
enum class RowStatus : std::uint8_t { kScored = 0, kMissing = 1, kError = 2, kFiltered = 3 };

inline constexpr std::string_view kStatusColumn = "status";
inline constexpr std::string_view kFactsColumn = "$facts";

// Metrics that have row scores, in order.
std::vector<MetricDescriptor> RowMetrics(std::span<const MetricDescriptor> metrics);
// Records of the columns of a run without digests: row metrics, `status`, `$facts`.
std::vector<store::ColumnRecord> ScoreColumns(std::span<const MetricDescriptor> metrics);

// One metric over all rows. defined bits are 0 or 1; an undefined value is 0.
struct ScoreArray {
  std::vector<double> values;
  std::vector<std::uint8_t> defined;
};

// Every defined score is 0 or 1.
bool IsBinary(const ScoreArray& scores);

// Writes the scores of a chunk of a score column to `values` and `defined`, which have its rows.
void UnpackScores(const Column& chunk, std::span<double> values, std::span<std::uint8_t> defined);

// Reads a score column of a run into `scores`, whose memory is used again.
absl::Status LoadScores(store::Store& store, store::Id project, store::Id run,
                        const store::ColumnRecord& column, std::int64_t num_rows,
                        const ParallelFor& parallel_for, ScoreArray& scores);
// Reads the `status` column of a run.
absl::StatusOr<std::vector<RowStatus>> LoadStatus(store::Store& store, store::Id project,
                                                  store::Id run, const store::ColumnRecord& column,
                                                  std::int64_t num_rows,
                                                  const ParallelFor& parallel_for);

// DATA_LOSS unless a chunk has the rows and the type that its place asks for.
absl::Status CheckChunk(const Column& chunk, const store::ColumnRecord& column,
                        std::int64_t chunk_number, std::int64_t num_rows);

}  // namespace assay::run
