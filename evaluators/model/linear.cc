#include "evaluators/model/linear.h"

#include <algorithm>
#include <cassert>
#include <cstddef>

namespace assay {
namespace {

template <typename T>
std::vector<T> Rounded(std::span<const double> values) {
  std::vector<T> rounded(values.size());
  std::transform(values.begin(), values.end(), rounded.begin(),
                 [](double value) { return static_cast<T>(value); });
  return rounded;
}

}  // namespace

template <typename T>
Linear<T>::Linear(std::span<const double> weight, std::span<const double> bias, std::int64_t in,
                  std::int64_t out)
    : weight_(Rounded<T>(weight), out, in), bias_(Rounded<T>(bias)) {}

template <typename T>
void Linear<T>::Multiply(std::span<const T> x, std::int64_t num_rows, std::span<T> y) const {
  assert(std::ssize(x) == num_rows * weight_.depth());
  weight_.Multiply(x.data(), num_rows, weight_.depth(), bias_, y.data(), weight_.num_rows());
}

template class Linear<float>;
template class Linear<double>;

}  // namespace assay
