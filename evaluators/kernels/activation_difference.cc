#include "evaluators/kernels/activation_difference.h"

#include <cmath>

namespace assay {
namespace {

constexpr int kStepsPerUnit = 1024;
constexpr int kRange = 12;
// Rounding alone does not move the place of the maximum to the other side of an even difference.
constexpr double kBeyondRounding = 1 + 1e-12;

double Difference(const Activation& f, const Activation& g, double x) {
  return std::fabs(ActivationValue(f, x) - ActivationValue(g, x));
}

}  // namespace

ActivationDifference CompareActivations(const Activation& f, const Activation& g) {
  ActivationDifference result;
  // The trapezoidal rule on a grid this fine is exact to double precision for smooth functions
  // under a Gaussian weight, and to 1e-7 across a kink.
  double signal = 0;
  double noise = 0;
  for (int step = 0; step <= kRange * kStepsPerUnit; ++step) {
    for (const int sign : {1, -1}) {
      const double x = sign * static_cast<double>(step) / kStepsPerUnit;
      const double difference = Difference(f, g, x);
      if (difference > result.max_abs * kBeyondRounding) {
        result.max_abs = difference;
        result.max_abs_at = x;
      }
      const double value = ActivationValue(f, x);
      const double weight = std::exp(-x * x / 2) * (step == 0 ? 0.5 : 1);
      signal += weight * value * value;
      noise += weight * difference * difference;
    }
  }
  result.sqnr_db = 10 * std::log10(signal / noise);
  return result;
}

}  // namespace assay
