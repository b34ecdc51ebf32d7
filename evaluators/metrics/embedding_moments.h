#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "evaluators/columns.h"
#include "evaluators/evaluator.h"

namespace assay {

// Rows of a vector column, centred and divided by the largest magnitude of a component, so that no
// square leaves the range of doubles. Refers to the column and the rows.
class CenteredRows {
 public:
  CenteredRows(const Column& vectors, std::span<const std::int64_t> rows);

  std::int64_t num_rows() const { return std::ssize(rows_); }
  std::int32_t dimension() const { return vectors_->dimension; }
  // |x_i|^2 of every row, and their sum.
  std::span<const double> squared_norms() const { return squared_norms_; }
  double total() const { return total_; }
  // True when the rows differ by no more than rounding.
  bool is_constant() const { return is_constant_; }

  // Writes row i, dimension() values `stride` apart.
  void Read(std::int64_t i, double* to, std::int64_t stride) const;

 private:
  const Column* vectors_;
  std::span<const std::int64_t> rows_;
  double scale_ = 0;
  std::vector<double> center_;
  std::vector<double> squared_norms_;
  double total_ = 0;
  bool is_constant_ = false;
};

// X^T Y, a.dimension() x b.dimension(), row-major. Summed in row order.
std::vector<double> CrossProduct(const CenteredRows& a, const CenteredRows& b,
                                 const ParallelFor& parallel_for);

}  // namespace assay
