#include "evaluators/kernels/packed_codes.h"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "evaluators/kernels/dense_kernels.h"
#include "evaluators/kernels/isa.h"
#include "evaluators/kernels/workspace.h"

namespace assay {
namespace {

constexpr std::int64_t kQuad = 4;
// 512 * 255 * 128 < 2^24: float32 sums of so many products are exact.
constexpr std::int64_t kSliceDepth = 512;
constexpr std::int64_t kRowBlock = 64;

std::int64_t NumQuads(std::int64_t depth) { return (depth + kQuad - 1) / kQuad; }

}  // namespace

PackedCodes::PackedCodes(std::span<const std::int8_t> codes, std::int64_t num_rows,
                         std::int64_t depth)
    : num_rows_(num_rows), depth_(depth), uses_vnni_(HasVnni()) {
  assert(std::ssize(codes) == num_rows * depth && depth <= kMaxDepth);
  row_sums_.reserve(static_cast<std::size_t>(num_rows));
  for (std::int64_t row = 0; row < num_rows; ++row) {
    std::int32_t sum = 0;
    for (std::int64_t k = 0; k < depth; ++k) {
      sum += codes[static_cast<std::size_t>(row * depth + k)];
    }
    row_sums_.push_back(sum);
  }
  if (uses_vnni_) {
    PackQuads(codes);
    return;
  }
  for (std::int64_t first = 0; first < depth; first += kSliceDepth) {
    const std::int64_t slice_depth = std::min(kSliceDepth, depth - first);
    std::vector<float> slice;
    slice.reserve(static_cast<std::size_t>(num_rows * slice_depth));
    for (std::int64_t row = 0; row < num_rows; ++row) {
      const auto begin = codes.begin() + row * depth + first;
      slice.insert(slice.end(), begin, begin + slice_depth);
    }
    slices_.emplace_back(slice, num_rows, slice_depth);
  }
}

void PackedCodes::PackQuads(std::span<const std::int8_t> codes) {
  const std::int64_t width = kernels::VnniProduct().panel_width;
  const std::int64_t num_quads = NumQuads(depth_);
  const std::int64_t num_panels = (num_rows_ + width - 1) / width;
  quads_.resize(static_cast<std::size_t>(num_panels * num_quads * width));
  for (std::int64_t row = 0; row < num_rows_; ++row) {
    std::uint32_t* const panel = quads_.data() + row / width * num_quads * width + row % width;
    for (std::int64_t quad = 0; quad < num_quads; ++quad) {
      const std::int64_t begin = quad * kQuad;
      std::memcpy(panel + quad * width, codes.data() + row * depth_ + begin,
                  static_cast<std::size_t>(std::min(kQuad, depth_ - begin)));
    }
  }
}

void PackedCodes::Multiply(const std::uint8_t* x, std::int64_t num_x_rows, std::int64_t x_stride,
                           std::int32_t* y, std::int64_t y_stride) const {
  if (uses_vnni_) {
    MultiplyQuads(x, num_x_rows, x_stride, y, y_stride);
  } else {
    MultiplyFloats(x, num_x_rows, x_stride, y, y_stride);
  }
}

void PackedCodes::MultiplyQuads(const std::uint8_t* x, std::int64_t num_x_rows,
                                std::int64_t x_stride, std::int32_t* y,
                                std::int64_t y_stride) const {
  const kernels::Product<std::uint32_t, std::int32_t>& product = kernels::VnniProduct();
  const std::int64_t num_quads = NumQuads(depth_);
  // Whole quads, the last filled up with zeros, behind the kernel's own workspace.
  auto* const workspace = kernels::ThreadWorkspace<std::uint32_t>(
      product.workspace_size + std::min(kRowBlock * 4, num_x_rows) * num_quads);
  std::uint32_t* const rows = workspace + product.workspace_size;
  for (std::int64_t begin = 0; begin < num_x_rows; begin += kRowBlock * 4) {
    const std::int64_t num_rows = std::min(kRowBlock * 4, num_x_rows - begin);
    for (std::int64_t row = 0; row < num_rows; ++row) {
      std::uint32_t* const to = rows + row * num_quads;
      if (num_quads > 0) {
        to[num_quads - 1] = 0;
      }
      std::memcpy(to, x + (begin + row) * x_stride, static_cast<std::size_t>(depth_));
    }
    product.multiply(rows, num_rows, num_quads, quads_.data(), num_quads, num_rows_, nullptr,
                     y + begin * y_stride, y_stride, workspace);
  }
}

void PackedCodes::MultiplyFloats(const std::uint8_t* x, std::int64_t num_x_rows,
                                 std::int64_t x_stride, std::int32_t* y,
                                 std::int64_t y_stride) const {
  std::vector<float> from(static_cast<std::size_t>(kRowBlock * std::min(kSliceDepth, depth_)));
  std::vector<float> sums(static_cast<std::size_t>(kRowBlock * num_rows_));
  for (std::int64_t begin = 0; begin < num_x_rows; begin += kRowBlock) {
    const std::int64_t num_rows = std::min(kRowBlock, num_x_rows - begin);
    for (std::int64_t row = begin; row < begin + num_rows; ++row) {
      std::fill_n(y + row * y_stride, num_rows_, 0);
    }
    std::int64_t first = 0;
    for (const PackedMatrix<float>& slice : slices_) {
      for (std::int64_t row = 0; row < num_rows; ++row) {
        const std::uint8_t* const codes = x + (begin + row) * x_stride + first;
        std::copy(codes, codes + slice.depth(), from.begin() + row * slice.depth());
      }
      slice.Multiply(from.data(), num_rows, slice.depth(), {}, sums.data(), num_rows_);
      for (std::int64_t row = 0; row < num_rows; ++row) {
        std::int32_t* const to = y + (begin + row) * y_stride;
        for (std::int64_t j = 0; j < num_rows_; ++j) {
          to[j] += static_cast<std::int32_t>(sums[static_cast<std::size_t>(row * num_rows_ + j)]);
        }
      }
      first += slice.depth();
    }
  }
}

}  // namespace assay
