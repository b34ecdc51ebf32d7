#include "evaluators/statistics/incomplete_beta.h"

#include <cassert>
#include <cmath>
#include <limits>
#include <numbers>

namespace assay {
namespace {

// log(n!) minus Stirling's formula for it, for real n > 0. The series needs n >= 16; below that,
// delta(n) = delta(n + 1) + (n + 1/2) log(1 + 1/n) - 1.
double StirlingError(double n) {
  double below = 0;
  while (n < 16) {
    below += (n + 0.5) * std::log1p(1 / n) - 1;
    n += 1;
  }
  const double square = n * n;
  const double series =
      (1.0 / 12 -
       (1.0 / 360 -
        (1.0 / 1260 - (1.0 / 1680 - (1.0 / 1188 - 691.0 / 360360 / square) / square) / square) /
            square) /
           square) /
      n;
  return below + series;
}

// Deviance x log(x / mean) + mean - x, without cancellation where x is close to `mean`.
double Deviance(double x, double mean) {
  const double difference = x - mean;
  if (std::fabs(difference) >= 0.1 * (x + mean)) {
    return x * std::log(x / mean) - difference;
  }
  const double v = difference / (x + mean);
  double sum = difference * v;
  double term = 2 * x * v;
  for (int j = 1; j < 1000; ++j) {
    term *= v * v;
    const double next = sum + term / (2 * j + 1);
    if (next == sum) {
      break;
    }
    sum = next;
  }
  return sum;
}

// I_x(a, b) for x at most about the mean, where the fraction
//   x^a y^b / B(a, b) / (beta_0 + alpha_1 / (beta_1 + alpha_2 / (beta_2 + ...)))
// converges in O(sqrt(a + b)) steps. Its terms hold y, so nothing cancels where x is close to 1.
// Modified Lentz evaluation.
double LowerTail(double a, double b, double x, double y) {
  constexpr double kTiny = 1e-280;
  constexpr double kPrecision = std::numeric_limits<double>::epsilon() / 2;
  constexpr int kMostSteps = 1'000'000;
  const auto away_from_zero = [](double value) { return std::fabs(value) < kTiny ? kTiny : value; };
  const double above_mean = a * y - b * x;  // a - (a + b) x

  double fraction = away_from_zero(a * (above_mean + 1) / (a + 1));
  double numerator = fraction;
  double denominator = 0;
  for (int step = 1; step < kMostSteps; ++step) {
    const double m = step;
    const double scale = a + 2 * m - 1;
    const double alpha = (m * (a + m - 1) / scale) * ((a + b + m - 1) / scale) * (b - m) * x * x;
    const double beta =
        m + m * (b - m) * x / scale + (a + m) * (above_mean + 1 + m * (1 + y)) / (a + 2 * m + 1);
    denominator = 1 / away_from_zero(beta + alpha * denominator);
    numerator = away_from_zero(beta + alpha / numerator);
    const double change = numerator * denominator;
    fraction *= change;
    if (std::fabs(change - 1) <= kPrecision) {
      break;
    }
  }
  return BetaKernel(a, b, x, y) / fraction;
}

}  // namespace

double BetaKernel(double a, double b, double x, double y) {
  const double n = a + b;
  const double log_ratio = StirlingError(n) - StirlingError(a) - StirlingError(b) -
                           Deviance(a, n * x) - Deviance(b, n * y);
  return std::exp(log_ratio) * std::sqrt(a * (b / n) / (2 * std::numbers::pi));
}

Tails IncompleteBeta(double a, double b, double x, double y) {
  assert(a > 0 && b > 0);
  if (x <= 0) {
    return {0, 1};
  }
  if (y <= 0) {
    return {1, 0};
  }
  if (x * (a + b + 2) <= a + 1) {
    const double lower = LowerTail(a, b, x, y);
    return {lower, 1 - lower};
  }
  const double upper = LowerTail(b, a, y, x);
  return {1 - upper, upper};
}

}  // namespace assay
