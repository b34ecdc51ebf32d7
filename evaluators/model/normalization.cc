#include "evaluators/model/normalization.h"

#include <cmath>
#include <cstddef>

namespace assay {

void LayerNorm(std::span<const double> x, std::span<const double> gamma,
               std::span<const double> beta, double epsilon, std::span<double> y) {
  const auto n = static_cast<double>(x.size());
  double sum = 0;
  for (const double value : x) {
    sum += value;
  }
  const double mean = sum / n;
  double squares = 0;
  for (const double value : x) {
    squares += (value - mean) * (value - mean);
  }
  const double deviation = std::sqrt(squares / n + epsilon);
  for (std::size_t i = 0; i < x.size(); ++i) {
    y[i] = (x[i] - mean) / deviation * gamma[i] + (beta.empty() ? 0 : beta[i]);
  }
}

void RmsNorm(std::span<const double> x, std::span<const double> gamma, double epsilon,
             std::span<double> y) {
  double squares = 0;
  for (const double value : x) {
    squares += value * value;
  }
  const double root = std::sqrt(squares / static_cast<double>(x.size()) + epsilon);
  for (std::size_t i = 0; i < x.size(); ++i) {
    y[i] = x[i] / root * gamma[i];
  }
}

void L2Norm(std::span<const double> x, std::span<double> y) {
  double squares = 0;
  for (const double value : x) {
    squares += value * value;
  }
  const double length = std::sqrt(squares);
  for (std::size_t i = 0; i < x.size(); ++i) {
    y[i] = length == 0 ? 0 : x[i] / length;
  }
}

}  // namespace assay
