#include "server/run/score_columns.h"

#include <algorithm>
#include <cstddef>
#include <string>

#include "absl/strings/str_format.h"
#include "server/base/status_macros.h"
#include "server/run/parallel_for.h"

namespace assay::run {
namespace {

std::int64_t NumChunks(std::int64_t num_rows) {
  return (num_rows + store::kChunkRows - 1) / store::kChunkRows;
}

}  // namespace

std::vector<MetricDescriptor> RowMetrics(std::span<const MetricDescriptor> metrics) {
  std::vector<MetricDescriptor> with_rows;
  for (const MetricDescriptor& metric : metrics) {
    if (metric.kind != MetricKind::kCorpus) {
      with_rows.push_back(metric);
    }
  }
  return with_rows;
}

std::vector<store::ColumnRecord> ScoreColumns(std::span<const MetricDescriptor> metrics) {
  std::vector<store::ColumnRecord> columns;
  const auto add = [&](std::string_view name, ColumnType type) {
    store::ColumnRecord column;
    column.number = static_cast<std::int32_t>(columns.size());
    column.name = name;
    column.type = type;
    columns.push_back(column);
  };
  for (const MetricDescriptor& metric : RowMetrics(metrics)) {
    add(metric.id, ColumnType::kFloat64);
  }
  add(kStatusColumn, ColumnType::kInt64);
  add(kFactsColumn, ColumnType::kText);
  return columns;
}

bool IsBinary(const ScoreArray& scores) {
  for (std::size_t i = 0; i < scores.values.size(); ++i) {
    if (scores.defined[i] != 0 && scores.values[i] != 0 && scores.values[i] != 1) {
      return false;
    }
  }
  return true;
}

void UnpackScores(const Column& chunk, std::span<double> values, std::span<std::uint8_t> defined) {
  std::ranges::copy(chunk.doubles, values.begin());
  if (chunk.validity.empty()) {
    std::ranges::fill(defined, std::uint8_t{1});
    return;
  }
  for (std::size_t i = 0; i < defined.size(); ++i) {
    defined[i] = static_cast<std::uint8_t>((chunk.validity[i / 8] >> (i % 8)) & 1);
  }
}

absl::Status LoadScores(store::Store& store, store::Id project, store::Id run,
                        const store::ColumnRecord& column, std::int64_t num_rows,
                        const ParallelFor& parallel_for, ScoreArray& scores) {
  scores.values.resize(static_cast<std::size_t>(num_rows));
  scores.defined.resize(static_cast<std::size_t>(num_rows));
  return ForEach(parallel_for, NumChunks(num_rows), [&](std::int64_t number) -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(const Column chunk,
                           store.columns().ReadChunk(project, run, column, number));
    ASSAY_RETURN_IF_ERROR(CheckChunk(chunk, column, number, num_rows));
    const auto begin = static_cast<std::size_t>(number * store::kChunkRows);
    const auto size = static_cast<std::size_t>(chunk.num_rows);
    UnpackScores(chunk, std::span(scores.values).subspan(begin, size),
                 std::span(scores.defined).subspan(begin, size));
    return absl::OkStatus();
  });
}

absl::StatusOr<std::vector<RowStatus>> LoadStatus(store::Store& store, store::Id project,
                                                  store::Id run, const store::ColumnRecord& column,
                                                  std::int64_t num_rows,
                                                  const ParallelFor& parallel_for) {
  std::vector<RowStatus> status(static_cast<std::size_t>(num_rows));
  const auto load = [&](std::int64_t number) -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(const Column chunk,
                           store.columns().ReadChunk(project, run, column, number));
    ASSAY_RETURN_IF_ERROR(CheckChunk(chunk, column, number, num_rows));
    std::ranges::transform(chunk.int64s, status.begin() + number * store::kChunkRows,
                           [](std::int64_t value) { return static_cast<RowStatus>(value); });
    return absl::OkStatus();
  };
  ASSAY_RETURN_IF_ERROR(ForEach(parallel_for, NumChunks(num_rows), load));
  return status;
}

absl::Status CheckChunk(const Column& chunk, const store::ColumnRecord& column,
                        std::int64_t chunk_number, std::int64_t num_rows) {
  const std::int64_t wanted =
      std::min(store::kChunkRows, num_rows - chunk_number * store::kChunkRows);
  if (chunk.type != column.type || chunk.num_rows != wanted) {
    return absl::DataLossError(absl::StrFormat(
        "column '%s', chunk %d: %d rows of %s, want %d of %s", column.name, chunk_number,
        chunk.num_rows, ColumnTypeName(chunk.type), wanted, ColumnTypeName(column.type)));
  }
  return absl::OkStatus();
}

}  // namespace assay::run
