#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "evaluators/kernels/packed_matrix.h"

namespace assay {

// y = x W^T + bias for rows of x, with the packed W of PackedMatrix: a row's result depends on
// nothing but the row. T is float or double. Immutable; thread-safe.
template <typename T>
class Linear {
 public:
  // `weight` is [out, in]; an empty bias is zero.
  Linear(std::span<const double> weight, std::span<const double> bias, std::int64_t in,
         std::int64_t out);
  // `x` holds num_rows rows of `in` values, `y` room for as many of `out`.
  void Multiply(std::span<const T> x, std::int64_t num_rows, std::span<T> y) const;

 private:
  PackedMatrix<T> weight_;
  std::vector<T> bias_;  // out
};

extern template class Linear<float>;
extern template class Linear<double>;

}  // namespace assay
