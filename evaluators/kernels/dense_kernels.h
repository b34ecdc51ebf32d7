#pragma once

#include <cstdint>

// The boundary between the per-ISA variants of the dense kernels and the rest of the program: plain
// structs, function pointers and raw pointers only, so that nothing compiled for a newer machine is
// merged with code that runs on an older one. Users include packed_matrix.h.
namespace assay::kernels {

// Products with a packed right-hand side. Panel p holds rows [p * panel_width, ...) of a matrix
// with `depth` columns, as depth x panel_width values, missing rows being 0; panels follow each
// other.
//
//   y[i, j] = sum over k of x[i, k] * panel row j[k], then + bias[j] when `bias` is not null
//
// A sum starts from 0 and takes its terms one by one in ascending k, whatever the shape around it:
// with fused multiply-add at v3 and v4 (equal bits), with two roundings at the baseline.
// `workspace` has `workspace_size` values, aligned to 64 bytes. x, y and bias are not aligned.
template <typename T, typename Sum = T>
struct Product {
  std::int64_t panel_width;
  std::int64_t workspace_size;
  void (*multiply)(const T* x, std::int64_t num_rows, std::int64_t x_stride, const T* panels,
                   std::int64_t depth, std::int64_t num_outputs, const Sum* bias, Sum* y,
                   std::int64_t y_stride, T* workspace);
};

struct DenseKernels {
  Product<float> floats;
  Product<double> doubles;
  // Writes the positions i, ascending, where values[i] >= threshold; returns how many. `positions`
  // has room for `size`. NaN is at least nothing.
  std::int64_t (*find_at_least)(const float* values, std::int64_t size, float threshold,
                                std::int32_t* positions);
};

// Products of codes where HasVnni(): a value of x is four uint8, one of a panel four int8. Exact as
// long as the sums fit 32 bits.
const Product<std::uint32_t, std::int32_t>& VnniProduct();

const DenseKernels& BaselineDenseKernels();
const DenseKernels& V3DenseKernels();
const DenseKernels& V4DenseKernels();

// Those of ActiveIsa().
const DenseKernels& ActiveDenseKernels();

}  // namespace assay::kernels
