#pragma once

#include <cstdint>

#include "evaluators/kernels/dense_kernels.h"

// The loops of the dense kernels, for a `Lanes` type of the including file:
//
//   Scalar, Sum, Vector, SumVector   types; a Vector holds kLanes values
//   kRows, kVectors                  a tile: kRows rows of x times kVectors vectors of outputs,
//                                    sized so that its sums stay in registers
//   Load, LoadSum, Store, Zero, Broadcast, MultiplyAdd, Add
//
// `Lanes` must have internal linkage: then so has everything made from it here, and no function of
// one instruction set can stand in for that of another. Nothing of the standard library for the
// same reason.

#if defined(__clang__)
#define ASSAY_UNROLL _Pragma("unroll")
#else
#define ASSAY_UNROLL _Pragma("GCC unroll 16")
#endif
#define ASSAY_INLINE __attribute__((always_inline)) inline

namespace assay::kernels {

template <typename Lanes>
class DenseLoops {
 public:
  using Scalar = typename Lanes::Scalar;
  using Sum = typename Lanes::Sum;
  static constexpr std::int64_t kWidth = Lanes::kLanes * Lanes::kVectors;
  // A block of x (at most kBlockRows x kBlockDepth) stays in the second-level cache while the
  // panels stream past it. The padding keeps its rows out of each other's cache sets.
  static constexpr std::int64_t kBlockDepth = 3072 / static_cast<std::int64_t>(sizeof(Scalar));
  static constexpr std::int64_t kStride =
      kBlockDepth + 64 / static_cast<std::int64_t>(sizeof(Scalar));
  static constexpr std::int64_t kBlockRows = 16 * Lanes::kRows;

  static constexpr Product<Scalar, Sum> Entry() { return {kWidth, kBlockRows * kStride, Multiply}; }

 private:
  // Where a tile reads and writes. `depth` terms are added to what y holds, or to 0 if `is_first`.
  struct Tile {
    const Scalar* x;  // rows kStride apart
    const Scalar* panel;
    std::int64_t depth;
    Sum* y;
    std::int64_t y_stride;
    bool is_first;
    const Sum* bias;  // null: none, or not the last block
  };

  static std::int64_t Min(std::int64_t a, std::int64_t b) { return a < b ? a : b; }

  template <int kRows>
  static void MultiplyTile(const Tile& tile) {
    typename Lanes::SumVector sums[kRows][Lanes::kVectors];
    ASSAY_UNROLL
    for (int row = 0; row < kRows; ++row) {
      ASSAY_UNROLL
      for (int v = 0; v < Lanes::kVectors; ++v) {
        sums[row][v] = tile.is_first
                           ? Lanes::Zero()
                           : Lanes::LoadSum(tile.y + row * tile.y_stride + v * Lanes::kLanes);
      }
    }
    const Scalar* x = tile.x;
    const Scalar* panel = tile.panel;
    for (std::int64_t k = 0; k < tile.depth; ++k, ++x, panel += kWidth) {
      typename Lanes::Vector weights[Lanes::kVectors];
      ASSAY_UNROLL
      for (int v = 0; v < Lanes::kVectors; ++v) {
        weights[v] = Lanes::Load(panel + v * Lanes::kLanes);
      }
      ASSAY_UNROLL
      for (int row = 0; row < kRows; ++row) {
        const typename Lanes::Vector factor = Lanes::Broadcast(x + row * kStride);
        ASSAY_UNROLL
        for (int v = 0; v < Lanes::kVectors; ++v) {
          sums[row][v] = Lanes::MultiplyAdd(factor, weights[v], sums[row][v]);
        }
      }
    }
    ASSAY_UNROLL
    for (int row = 0; row < kRows; ++row) {
      ASSAY_UNROLL
      for (int v = 0; v < Lanes::kVectors; ++v) {
        if (tile.bias != nullptr) {
          sums[row][v] = Lanes::Add(sums[row][v], Lanes::LoadSum(tile.bias + v * Lanes::kLanes));
        }
        Lanes::Store(tile.y + row * tile.y_stride + v * Lanes::kLanes, sums[row][v]);
      }
    }
  }

  template <int kRows = Lanes::kRows>
  static void MultiplyRows(std::int64_t num_rows, const Tile& tile) {
    if constexpr (kRows > 1) {
      if (num_rows < kRows) {
        MultiplyRows<kRows - 1>(num_rows, tile);
        return;
      }
    }
    MultiplyTile<kRows>(tile);
  }

  // The last panel may be wider than what is left of y: the tile then works on a copy.
  static void MultiplyEdge(std::int64_t num_rows, std::int64_t width, Tile tile) {
    Sum* const y = tile.y;
    const std::int64_t y_stride = tile.y_stride;
    alignas(64) Sum copy[Lanes::kRows * kWidth];
    alignas(64) Sum bias[kWidth];
    for (std::int64_t row = 0; row < num_rows; ++row) {
      for (std::int64_t j = 0; j < kWidth; ++j) {
        copy[row * kWidth + j] = !tile.is_first && j < width ? y[row * y_stride + j] : Sum{0};
      }
    }
    if (tile.bias != nullptr) {
      for (std::int64_t j = 0; j < kWidth; ++j) {
        bias[j] = j < width ? tile.bias[j] : Sum{0};
      }
      tile.bias = bias;
    }
    tile.y = copy;
    tile.y_stride = kWidth;
    MultiplyRows(num_rows, tile);
    for (std::int64_t row = 0; row < num_rows; ++row) {
      for (std::int64_t j = 0; j < width; ++j) {
        y[row * y_stride + j] = copy[row * kWidth + j];
      }
    }
  }

  static void CopyBlock(const Scalar* x, std::int64_t num_rows, std::int64_t x_stride,
                        std::int64_t depth, Scalar* block) {
    if (depth == 0) {
      return;  // `x` may be null.
    }
    for (std::int64_t row = 0; row < num_rows; ++row) {
      __builtin_memcpy(block + row * kStride, x + row * x_stride,
                       static_cast<std::size_t>(depth) * sizeof(Scalar));
    }
  }

  static void Multiply(const Scalar* x, std::int64_t num_rows, std::int64_t x_stride,
                       const Scalar* panels, std::int64_t depth, std::int64_t num_outputs,
                       const Sum* bias, Sum* y, std::int64_t y_stride, Scalar* workspace) {
    const std::int64_t num_row_blocks = (num_rows + kBlockRows - 1) / kBlockRows;
    for (std::int64_t block = 0; block < num_row_blocks; ++block) {
      const std::int64_t begin = block * num_rows / num_row_blocks;
      const std::int64_t end = (block + 1) * num_rows / num_row_blocks;
      // One pass even without terms: it writes the bias.
      for (std::int64_t k = 0; k == 0 || k < depth; k += kBlockDepth) {
        const std::int64_t block_depth = Min(kBlockDepth, depth - k);
        CopyBlock(x + begin * x_stride + k, end - begin, x_stride, block_depth, workspace);
        const Tile tile = {.x = workspace,
                           .panel = panels + k * kWidth,
                           .depth = block_depth,
                           .y = y + begin * y_stride,
                           .y_stride = y_stride,
                           .is_first = k == 0,
                           .bias = k + kBlockDepth >= depth ? bias : nullptr};
        MultiplyBlock(end - begin, depth, num_outputs, tile);
      }
    }
  }

  // Every panel times the rows of one block, in tiles of nearly equal height.
  static void MultiplyBlock(std::int64_t num_rows, std::int64_t depth, std::int64_t num_outputs,
                            const Tile& block) {
    const std::int64_t num_tiles = (num_rows + Lanes::kRows - 1) / Lanes::kRows;
    for (std::int64_t j = 0; j < num_outputs; j += kWidth) {
      const std::int64_t width = Min(kWidth, num_outputs - j);
      for (std::int64_t t = 0; t < num_tiles; ++t) {
        const std::int64_t begin = t * num_rows / num_tiles;
        const std::int64_t end = (t + 1) * num_rows / num_tiles;
        Tile tile = block;
        tile.x += begin * kStride;
        tile.panel += j * depth;
        tile.y += begin * block.y_stride + j;
        tile.bias = block.bias == nullptr ? nullptr : block.bias + j;
        if (width == kWidth) {
          MultiplyRows(end - begin, tile);
        } else {
          MultiplyEdge(end - begin, width, tile);
        }
      }
    }
  }
};

// `Lanes::AtLeast(vector, threshold)` has bit i set where lane i is at least the threshold.
template <typename Lanes>
std::int64_t FindAtLeast(const float* values, std::int64_t size, float threshold,
                         std::int32_t* positions) {
  const typename Lanes::Vector bound = Lanes::Broadcast(&threshold);
  std::int64_t found = 0;
  std::int64_t i = 0;
  for (; i + Lanes::kLanes <= size; i += Lanes::kLanes) {
    for (std::uint32_t mask = Lanes::AtLeast(Lanes::Load(values + i), bound); mask != 0;
         mask &= mask - 1) {
      positions[found++] = static_cast<std::int32_t>(i + __builtin_ctz(mask));
    }
  }
  for (; i < size; ++i) {
    if (values[i] >= threshold) {
      positions[found++] = static_cast<std::int32_t>(i);
    }
  }
  return found;
}

}  // namespace assay::kernels
