#include "evaluators/kernels/packed_matrix.h"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <type_traits>

#include "evaluators/kernels/workspace.h"

namespace assay {
namespace {

template <typename T>
const kernels::Product<T>& ActiveProduct() {
  if constexpr (std::is_same_v<T, float>) {
    return kernels::ActiveDenseKernels().floats;
  } else {
    return kernels::ActiveDenseKernels().doubles;
  }
}

}  // namespace

template <typename T>
void PackedMatrix<T>::Free::operator()(T* values) const {
  ::operator delete[](values, kernels::kWorkspaceAlignment);
}

template <typename T>
PackedMatrix<T>::PackedMatrix(std::span<const T> values, std::int64_t num_rows, std::int64_t depth)
    : product_(&ActiveProduct<T>()), num_rows_(num_rows), depth_(depth) {
  assert(std::ssize(values) == num_rows * depth);
  const std::int64_t width = product_->panel_width;
  const std::int64_t num_panels = (num_rows + width - 1) / width;
  const auto size = static_cast<std::size_t>(num_panels * depth * width);
  panels_.reset(static_cast<T*>(::operator new[](size * sizeof(T), kernels::kWorkspaceAlignment)));
  T* to = panels_.get();
  for (std::int64_t first = 0; first < num_rows; first += width) {
    const T* const rows = values.data() + first * depth;
    const std::int64_t present = std::min(width, num_rows - first);
    for (std::int64_t k = 0; k < depth; ++k, to += width) {
      for (std::int64_t j = 0; j < width; ++j) {
        to[j] = j < present ? rows[j * depth + k] : T{0};
      }
    }
  }
}

template <typename T>
void PackedMatrix<T>::Multiply(const T* x, std::int64_t num_x_rows, std::int64_t x_stride,
                               std::span<const T> bias, T* y, std::int64_t y_stride) const {
  assert(bias.empty() || std::ssize(bias) == num_rows_);
  product_->multiply(x, num_x_rows, x_stride, panels_.get(), depth_, num_rows_,
                     bias.empty() ? nullptr : bias.data(), y, y_stride,
                     kernels::ThreadWorkspace<T>(product_->workspace_size));
}

template <typename T>
void PackedMatrix<T>::MultiplyRange(std::int64_t begin, std::int64_t end, const T* x,
                                    std::int64_t num_x_rows, std::int64_t x_stride, T* y,
                                    std::int64_t y_stride) const {
  assert(begin % product_->panel_width == 0 && begin <= end && end <= num_rows_);
  product_->multiply(x, num_x_rows, x_stride, panels_.get() + begin * depth_, depth_, end - begin,
                     nullptr, y, y_stride, kernels::ThreadWorkspace<T>(product_->workspace_size));
}

template class PackedMatrix<float>;
template class PackedMatrix<double>;

}  // namespace assay
