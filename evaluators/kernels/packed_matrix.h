#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "evaluators/kernels/dense_kernels.h"

namespace assay {

// A matrix [num_rows, depth] laid out for products y = x W^T + b with it: weights of a linear
// layer, or the vectors that a search compares with. T is float or double. Immutable and
// thread-safe.
//
// y[i, j] = x[i, 0] W[j, 0] + x[i, 1] W[j, 1] + ..., from 0 in this order, and + b[j] last, in the
// arithmetic of T. So a value does not depend on how many rows x has, on where its row stands, on
// the columns computed with it, or on threads. Levels v3 and v4 fuse each product with its addition
// and give equal bits; the baseline rounds both.
template <typename T>
class PackedMatrix {
 public:
  // Copies `values`, num_rows x depth row by row, into the layout of the active level.
  PackedMatrix(std::span<const T> values, std::int64_t num_rows, std::int64_t depth);

  std::int64_t num_rows() const { return num_rows_; }
  std::int64_t depth() const { return depth_; }
  // Rows are stored in groups of this many; MultiplyRange starts at a multiple of it.
  std::int64_t group_size() const { return product_->panel_width; }

  // `x` has num_x_rows rows of depth() values, x_stride apart; `y` gets num_x_rows rows of
  // num_rows() values, y_stride apart. `bias` has num_rows() values or none. x and y do not
  // overlap.
  void Multiply(const T* x, std::int64_t num_x_rows, std::int64_t x_stride, std::span<const T> bias,
                T* y, std::int64_t y_stride) const;
  // The columns of y for rows [begin, end) of this matrix: y[i, 0] belongs to `begin`.
  void MultiplyRange(std::int64_t begin, std::int64_t end, const T* x, std::int64_t num_x_rows,
                     std::int64_t x_stride, T* y, std::int64_t y_stride) const;

 private:
  struct Free {
    void operator()(T* values) const;
  };

  const kernels::Product<T>* product_;
  std::int64_t num_rows_;
  std::int64_t depth_;
  std::unique_ptr<T[], Free> panels_;
};

extern template class PackedMatrix<float>;
extern template class PackedMatrix<double>;

}  // namespace assay
