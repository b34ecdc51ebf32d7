#pragma once

#include <span>

namespace assay {

// (x - mean) / sqrt(variance + epsilon) * gamma + beta, variance over n; an empty beta is zero.
// `x` and `y` may be the same memory, here and below.
void LayerNorm(std::span<const double> x, std::span<const double> gamma,
               std::span<const double> beta, double epsilon, std::span<double> y);
// x / sqrt(mean of squares + epsilon) * gamma.
void RmsNorm(std::span<const double> x, std::span<const double> gamma, double epsilon,
             std::span<double> y);
// x / |x|; a zero vector stays zero.
void L2Norm(std::span<const double> x, std::span<double> y);

}  // namespace assay
