#pragma once

#include "evaluators/kernels/double_double.h"

namespace assay {

// Phi(-a) = scaled * exp(-a^2 / 2) for a >= 0, Phi the standard normal distribution function: the
// lower tail without the cancellation of 1 + erf. `scaled` is within 1 ulp.
struct NormalTail {
  double scaled = 0;
  double gaussian = 0;        // exp(-a^2 / 2)
  double gaussian_error = 0;  // relative: the exact value is gaussian * (1 + gaussian_error)
};

// `a` in [0, 1e150].
NormalTail NormalTailAt(double a);

// a * Phi(-a), within 2 ulp where it is a normal number.
double TimesNormalTail(double a, const NormalTail& tail);

// Phi(-a) - a phi(a), the derivative of x Phi(x) at -a, within 2 ulp where it is a normal number,
// next to its zero at 0.7518 too. `a` as above.
DoubleDouble NormalTailSlope(double a);

}  // namespace assay
