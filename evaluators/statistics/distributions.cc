#include "evaluators/statistics/distributions.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <numbers>

namespace assay {
namespace {

using Coefficients = std::array<double, 8>;

// Polynomial with the constant term first.
double Polynomial(const Coefficients& coefficients, double x) {
  double value = 0;
  for (std::size_t i = coefficients.size(); i-- > 0;) {
    value = value * x + coefficients[i];
  }
  return value;
}

// The rational approximations of AS 241: near the middle, in the tails, far in the tails.
constexpr Coefficients kMiddleNumerator = {3.3871328727963666080e0,  1.3314166789178437745e+2,
                                           1.9715909503065514427e+3, 1.3731693765509461125e+4,
                                           4.5921953931549871457e+4, 6.7265770927008700853e+4,
                                           3.3430575583588128105e+4, 2.5090809287301226727e+3};
constexpr Coefficients kMiddleDenominator = {1.0,
                                             4.2313330701600911252e+1,
                                             6.8718700749205790830e+2,
                                             5.3941960214247511077e+3,
                                             2.1213794301586595867e+4,
                                             3.9307895800092710610e+4,
                                             2.8729085735721942674e+4,
                                             5.2264952788528545610e+3};
constexpr Coefficients kTailNumerator = {1.42343711074968357734e0,  4.63033784615654529590e0,
                                         5.76949722146069140550e0,  3.64784832476320460504e0,
                                         1.27045825245236838258e0,  2.41780725177450611770e-1,
                                         2.27238449892691845833e-2, 7.74545014278341407640e-4};
constexpr Coefficients kTailDenominator = {1.0,
                                           2.05319162663775882187e0,
                                           1.67638483018380384940e0,
                                           6.89767334985100004550e-1,
                                           1.48103976427480074590e-1,
                                           1.51986665636164571966e-2,
                                           5.47593808499534494600e-4,
                                           1.05075007164441684324e-9};
constexpr Coefficients kFarNumerator = {6.65790464350110377720e0,  5.46378491116411436990e0,
                                        1.78482653991729133580e0,  2.96560571828504891230e-1,
                                        2.65321895265761230930e-2, 1.24266094738807843860e-3,
                                        2.71155556874348757815e-5, 2.01033439929228813265e-7};
constexpr Coefficients kFarDenominator = {1.0,
                                          5.99832206555887937690e-1,
                                          1.36929880922735805310e-1,
                                          1.48753612908506148525e-2,
                                          7.86869131145613259100e-4,
                                          1.84631831751005468180e-5,
                                          1.42151175831644588870e-7,
                                          2.04426310338993978564e-15};

}  // namespace

double ReportedP(double p) { return std::clamp(p, kSmallestP, 1.0); }

Tails NormalTails(double z) {
  const double scaled = z / std::numbers::sqrt2;
  return {0.5 * std::erfc(-scaled), 0.5 * std::erfc(scaled)};
}

double NormalQuantile(double upper) {
  assert(upper > 0 && upper < 1);
  const double from_middle = 0.5 - upper;
  if (std::fabs(from_middle) <= 0.425) {
    const double r = 0.180625 - from_middle * from_middle;
    return from_middle * Polynomial(kMiddleNumerator, r) / Polynomial(kMiddleDenominator, r);
  }
  const double r = std::sqrt(-std::log(from_middle > 0 ? upper : 1 - upper));
  const double size =
      r <= 5 ? Polynomial(kTailNumerator, r - 1.6) / Polynomial(kTailDenominator, r - 1.6)
             : Polynomial(kFarNumerator, r - 5) / Polynomial(kFarDenominator, r - 5);
  return from_middle > 0 ? size : -size;
}

Tails StudentTails(double t, double degrees) {
  assert(degrees > 0);
  const double square = t * t;
  // P(|T| > |t|) = I_x(degrees / 2, 1 / 2) with x = degrees / (degrees + t^2).
  const Tails beta =
      IncompleteBeta(degrees / 2, 0.5, degrees / (degrees + square), square / (degrees + square));
  const double outer = beta.lower / 2;
  const double inner = 0.5 + beta.upper / 2;
  return t > 0 ? Tails{inner, outer} : Tails{outer, inner};
}

double StudentQuantile(double upper, double degrees) {
  assert(upper > 0 && upper < 1);
  if (upper > 0.5) {
    return -StudentQuantile(1 - upper, degrees);
  }
  if (upper == 0.5) {
    return 0;
  }
  // Newton's method on log(tail) as a function of log(t): that function falls and is concave, so
  // after the first step every step moves towards the root from the same side.
  double t = NormalQuantile(upper);
  for (int step = 0; step < 100; ++step) {
    const double tail = StudentTails(t, degrees).upper;
    const double square = t * t;
    const double density_times_t =
        BetaKernel(degrees / 2, 0.5, degrees / (degrees + square), square / (degrees + square));
    const double change = std::log(tail / upper) * tail / density_times_t;
    t *= std::exp(change);
    if (std::fabs(change) < 1e-15) {
      break;
    }
  }
  return t;
}

double BinomialAtMost(double k, double n, double p) {
  if (k < 0) {
    return 0;
  }
  return k >= n ? 1 : IncompleteBeta(k + 1, n - k, p, 1 - p).upper;
}

double BinomialAtLeast(double k, double n, double p) {
  if (k <= 0) {
    return 1;
  }
  return k > n ? 0 : IncompleteBeta(k, n - k + 1, p, 1 - p).lower;
}

double FairBinomialAt(std::int64_t k, std::int64_t n) {
  assert(k >= 0 && k <= n);
  const double total = static_cast<double>(n);
  if (k == 0 || k == n) {
    return std::exp2(-total);
  }
  // C(n, k) x^k y^(n - k) = BetaKernel(k, n - k, x, y) n / (k (n - k)).
  const double a = static_cast<double>(k);
  const double b = static_cast<double>(n - k);
  return BetaKernel(a, b, 0.5, 0.5) * (total / a / b);
}

}  // namespace assay
