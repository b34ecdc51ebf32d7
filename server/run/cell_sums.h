#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "evaluators/columns.h"
#include "evaluators/compare/comparison.h"
#include "evaluators/evaluator.h"
#include "evaluators/statistics/interval.h"
#include "server/run/score_columns.h"

namespace assay::run {

// Sums of one metric over the rows of one cell. Adding up blocks in row order gives the same bits
// whoever summed the blocks.
struct CellSum {
  std::int64_t num_rows = 0;  // with a defined score
  std::int64_t num_undefined = 0;
  double sum = 0;
  double sum_of_squares = 0;
  bool is_binary = true;  // every score is 0 or 1

  void Add(const CellSum& later);
  std::optional<double> Mean() const;
  // Two-sided 95 % interval of the mean, cut to the metric's range.
  std::optional<Interval> MeanInterval95(const MetricDescriptor& metric) const;
};

// Number of cells: all rows, and every value of every cohort column.
std::size_t NumCells(std::span<const CohortColumn> cohorts);

// Sums of the scores in `scores`, a chunk whose first row is `first_row`, by cell: all rows first,
// then cohort values in order. Rows that are neither scored nor, with `scores_missing`, missing
// take no part. `cells` is overwritten.
void SumChunk(const Column& scores, std::span<const RowStatus> status, bool scores_missing,
              std::span<const CohortColumn> cohorts, std::int64_t first_row,
              std::vector<CellSum>& cells);

}  // namespace assay::run
