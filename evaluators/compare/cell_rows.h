#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "evaluators/compare/comparison.h"

namespace assay {

// The paired rows of every cell of one cohort column, ascending; without a column, of the one cell
// that holds all of them. Takes 4 bytes a row.
class CellRows {
 public:
  CellRows(const PairedScores& scores, const CohortColumn* column);

  std::size_t size() const { return begin_.size() - 1; }
  std::span<const std::uint32_t> rows(std::size_t cell) const {
    return std::span(rows_).subspan(begin_[cell], begin_[cell + 1] - begin_[cell]);
  }

 private:
  std::vector<std::size_t> begin_;
  std::vector<std::uint32_t> rows_;
};

// Differences (candidate minus baseline) of `rows`, in order.
std::vector<double> RowDifferences(const PairedScores& scores, std::span<const std::uint32_t> rows);

// The differences of one cluster's rows.
struct ClusterSum {
  std::int64_t num_rows = 0;
  double difference = 0;
};

// By cluster, in the order in which `rows` first meets them; `cluster_of` as in TestOptions.
std::vector<ClusterSum> SumClusters(const PairedScores& scores, std::span<const std::uint32_t> rows,
                                    std::span<const std::int32_t> cluster_of);

}  // namespace assay
