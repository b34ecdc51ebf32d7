#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "evaluators/kernels/packed_matrix.h"

namespace assay {

// An int8 matrix [num_rows, depth] laid out for exact products with rows of uint8 codes:
//
//   y[i, j] = sum over k of x[i, k] W[j, k], in int32
//
// With the zero point z of x, the product of the values is y[i, j] - z row_sums()[j]; signed codes
// in x are passed plus 128, with z = 128. VNNI instructions where HasVnni(), elsewhere float32
// products of at most 512 terms, which are exact, added up in int32: the same numbers. Nothing
// saturates. Immutable and thread-safe.
class PackedCodes {
 public:
  // Every sum fits 32 bits up to this depth.
  static constexpr std::int64_t kMaxDepth = 65'536;

  // Copies `codes`, num_rows x depth row by row; depth is at most kMaxDepth.
  PackedCodes(std::span<const std::int8_t> codes, std::int64_t num_rows, std::int64_t depth);

  std::int64_t num_rows() const { return num_rows_; }
  std::int64_t depth() const { return depth_; }
  // Sum of the codes of each row.
  std::span<const std::int32_t> row_sums() const { return row_sums_; }

  // `x` has num_x_rows rows of depth() codes, x_stride apart; `y` gets num_x_rows rows of
  // num_rows() sums, y_stride apart.
  void Multiply(const std::uint8_t* x, std::int64_t num_x_rows, std::int64_t x_stride,
                std::int32_t* y, std::int64_t y_stride) const;

 private:
  void PackQuads(std::span<const std::int8_t> codes);
  void MultiplyQuads(const std::uint8_t* x, std::int64_t num_x_rows, std::int64_t x_stride,
                     std::int32_t* y, std::int64_t y_stride) const;
  void MultiplyFloats(const std::uint8_t* x, std::int64_t num_x_rows, std::int64_t x_stride,
                      std::int32_t* y, std::int64_t y_stride) const;

  std::int64_t num_rows_;
  std::int64_t depth_;
  bool uses_vnni_;
  std::vector<std::int32_t> row_sums_;
  std::vector<std::uint32_t> quads_;         // panels of four codes, with VNNI
  std::vector<PackedMatrix<float>> slices_;  // of kSliceDepth columns, without
};

}  // namespace assay
