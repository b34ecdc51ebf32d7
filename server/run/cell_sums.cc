#include "server/run/cell_sums.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace assay::run {
namespace {

void AddScore(CellSum& cell, double score) {
  ++cell.num_rows;
  cell.sum += score;
  cell.sum_of_squares += score * score;
  cell.is_binary &= score == 0 || score == 1;
}

}  // namespace

void CellSum::Add(const CellSum& later) {
  num_rows += later.num_rows;
  num_undefined += later.num_undefined;
  sum += later.sum;
  sum_of_squares += later.sum_of_squares;
  is_binary &= later.is_binary;
}

std::optional<double> CellSum::Mean() const {
  return num_rows == 0 ? std::nullopt : std::optional(sum / static_cast<double>(num_rows));
}

std::optional<Interval> CellSum::MeanInterval95(const MetricDescriptor& metric) const {
  std::optional<Interval> interval =
      metric.kind == MetricKind::kBinaryMean && is_binary
          ? WilsonInterval(static_cast<std::int64_t>(std::llround(sum)), num_rows)
          : MeanInterval(num_rows, sum, sum_of_squares);
  if (interval.has_value()) {
    interval->lower = std::max(interval->lower, metric.lowest);
    interval->upper = std::min(interval->upper, metric.highest);
  }
  return interval;
}

std::size_t NumCells(std::span<const CohortColumn> cohorts) {
  std::size_t num_cells = 1;
  for (const CohortColumn& cohort : cohorts) {
    num_cells += cohort.values.size();
  }
  return num_cells;
}

void SumChunk(const Column& scores, std::span<const RowStatus> status, bool scores_missing,
              std::span<const CohortColumn> cohorts, std::int64_t first_row,
              std::vector<CellSum>& cells) {
  cells.assign(NumCells(cohorts), {});
  const auto takes_part = [&](std::size_t row) {
    return status[row] == RowStatus::kScored ||
           (scores_missing && status[row] == RowStatus::kMissing);
  };
  std::size_t base = 0;
  const auto sum_rows = [&](const auto& value_of) {
    for (std::size_t row = 0; row < status.size(); ++row) {
      const std::int32_t value = value_of(row);
      if (value < 0 || !takes_part(row)) {
        continue;
      }
      CellSum& cell = cells[base + static_cast<std::size_t>(value)];
      if (scores.IsValid(static_cast<std::int64_t>(row))) {
        AddScore(cell, scores.doubles[row]);
      } else {
        ++cell.num_undefined;
      }
    }
  };
  sum_rows([](std::size_t) { return 0; });
  base = 1;
  for (const CohortColumn& cohort : cohorts) {
    const std::int32_t* const values = cohort.value_of.data() + first_row;
    sum_rows([values](std::size_t row) { return values[row]; });
    base += cohort.values.size();
  }
}

}  // namespace assay::run
