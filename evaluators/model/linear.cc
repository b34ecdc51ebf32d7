#include "evaluators/model/linear.h"

#include <algorithm>
#include <cstddef>

namespace assay {
namespace {

constexpr std::int64_t kRowsAtOnce = 4;
constexpr std::int64_t kOutputsAtOnce = 256;

// Adds x[r][k] * weight[k][o] for kRows rows and outputs [begin, end), k in order.
template <typename T, std::int64_t kRows>
void Accumulate(const T* x, const T* weight, std::int64_t in, std::int64_t out, std::int64_t begin,
                std::int64_t end, T* y) {
  for (std::int64_t k = 0; k < in; ++k) {
    const T* const w = weight + k * out;
    for (std::int64_t row = 0; row < kRows; ++row) {
      const T factor = x[row * in + k];
      T* const sums = y + row * out;
      for (std::int64_t o = begin; o < end; ++o) {
        sums[o] += factor * w[o];
      }
    }
  }
}

}  // namespace

template <typename T>
Linear<T>::Linear(std::span<const double> weight, std::span<const double> bias, std::int64_t in,
                  std::int64_t out)
    : in_(in), out_(out), weight_(weight.size()), bias_(static_cast<std::size_t>(out), T(0)) {
  for (std::int64_t o = 0; o < out; ++o) {
    for (std::int64_t k = 0; k < in; ++k) {
      weight_[static_cast<std::size_t>(k * out + o)] =
          static_cast<T>(weight[static_cast<std::size_t>(o * in + k)]);
    }
  }
  std::transform(bias.begin(), bias.end(), bias_.begin(),
                 [](double value) { return static_cast<T>(value); });
}

template <typename T>
void Linear<T>::Multiply(std::span<const T> x, std::int64_t num_rows, std::span<T> y) const {
  for (std::int64_t row = 0; row < num_rows; ++row) {
    std::copy(bias_.begin(), bias_.end(), y.begin() + row * out_);
  }
  for (std::int64_t begin = 0; begin < out_; begin += kOutputsAtOnce) {
    const std::int64_t end = std::min(out_, begin + kOutputsAtOnce);
    std::int64_t row = 0;
    for (; row + kRowsAtOnce <= num_rows; row += kRowsAtOnce) {
      Accumulate<T, kRowsAtOnce>(x.data() + row * in_, weight_.data(), in_, out_, begin, end,
                                 y.data() + row * out_);
    }
    for (; row < num_rows; ++row) {
      Accumulate<T, 1>(x.data() + row * in_, weight_.data(), in_, out_, begin, end,
                       y.data() + row * out_);
    }
  }
}

template class Linear<float>;
template class Linear<double>;

}  // namespace assay
