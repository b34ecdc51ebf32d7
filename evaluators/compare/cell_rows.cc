#include "evaluators/compare/cell_rows.h"

#include "absl/container/flat_hash_map.h"

namespace assay {

CellRows::CellRows(const PairedScores& scores, const CohortColumn* column) {
  const std::size_t num_rows = scores.baseline.size();
  const auto cell_of = [&](std::size_t row) -> std::int32_t {
    if ((scores.baseline_defined[row] & scores.candidate_defined[row]) == 0) {
      return -1;
    }
    return column == nullptr ? 0 : column->value_of[row];
  };
  begin_.resize((column == nullptr ? 1 : column->values.size()) + 1);
  for (std::size_t row = 0; row < num_rows; ++row) {
    if (const std::int32_t cell = cell_of(row); cell >= 0) {
      ++begin_[static_cast<std::size_t>(cell) + 1];
    }
  }
  for (std::size_t cell = 1; cell < begin_.size(); ++cell) {
    begin_[cell] += begin_[cell - 1];
  }
  rows_.resize(begin_.back());
  std::vector<std::size_t> next = begin_;
  for (std::size_t row = 0; row < num_rows; ++row) {
    if (const std::int32_t cell = cell_of(row); cell >= 0) {
      rows_[next[static_cast<std::size_t>(cell)]++] = static_cast<std::uint32_t>(row);
    }
  }
}

std::vector<double> RowDifferences(const PairedScores& scores,
                                   std::span<const std::uint32_t> rows) {
  std::vector<double> differences;
  differences.reserve(rows.size());
  for (const std::uint32_t row : rows) {
    differences.push_back(scores.candidate[row] - scores.baseline[row]);
  }
  return differences;
}

std::vector<ClusterSum> SumClusters(const PairedScores& scores, std::span<const std::uint32_t> rows,
                                    std::span<const std::int32_t> cluster_of) {
  std::vector<ClusterSum> sums;
  absl::flat_hash_map<std::int32_t, std::size_t> position;
  for (const std::uint32_t row : rows) {
    const std::int32_t cluster = cluster_of[row];
    std::size_t at = sums.size();
    if (cluster >= 0) {
      at = position.try_emplace(cluster, at).first->second;
    }
    if (at == sums.size()) {
      sums.emplace_back();
    }
    ++sums[at].num_rows;
    sums[at].difference += scores.candidate[row] - scores.baseline[row];
  }
  return sums;
}

}  // namespace assay
