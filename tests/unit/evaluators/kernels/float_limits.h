#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "evaluators/kernels/activation.h"

namespace assay {

// The accuracy that float_activation.h states.

// The most ulp that the float32 form of a function may be off: everywhere, or for x >= -1 where it
// is more than 2.
inline double FloatMaxUlps(ActivationKind kind) {
  switch (kind) {
    case ActivationKind::kGelu:
    case ActivationKind::kGeluTanh:
    case ActivationKind::kQuickGelu:
    case ActivationKind::kSilu:
    case ActivationKind::kSwish:
    case ActivationKind::kMish:
      return 4;
    default:
      return 2;
  }
}

// |y - exact| in units of the last place of a float32 of this size.
inline double FloatUlps(float y, double exact) {
  int exponent = 0;
  std::frexp(exact, &exponent);
  return std::fabs(static_cast<double>(y) - exact) / std::ldexp(1, std::max(exponent - 24, -149));
}

// Whether `y` may stand for `exact`, the value at `x`. Limits and NaN are exact.
inline testing::AssertionResult IsWithinFloatLimits(double max_ulps, float x, float y,
                                                    double exact) {
  constexpr double kTailError = 1e-5;
  const auto smallest = static_cast<double>(std::numeric_limits<float>::min());
  const bool is_equal = y == static_cast<float>(exact) || (std::isnan(y) && std::isnan(exact));
  const bool is_tail = x < -1 && max_ulps > 2;
  const bool is_near = is_tail ? std::fabs(static_cast<double>(y) - exact) <=
                                     kTailError * std::max(std::fabs(exact), smallest)
                               : FloatUlps(y, exact) <= max_ulps;
  if (is_equal || (std::isfinite(y) && is_near)) {
    return testing::AssertionSuccess();
  }
  return testing::AssertionFailure() << "at " << x << ": " << y << " for " << exact;
}

}  // namespace assay
