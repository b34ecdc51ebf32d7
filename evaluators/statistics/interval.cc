#include "evaluators/statistics/interval.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "evaluators/statistics/distributions.h"

namespace assay {
namespace {

// Point of [0, 1] where `is_below` turns from true to false, to the last bit.
template <typename Predicate>
double Boundary(const Predicate& is_below) {
  double low = 0;
  double high = 1;
  for (;;) {
    const double middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) {
      return middle;
    }
    (is_below(middle) ? low : high) = middle;
  }
}

}  // namespace

std::optional<Interval> MeanInterval(std::int64_t num_values, double sum, double sum_of_squares,
                                     double confidence) {
  if (num_values < 2 || !std::isfinite(sum) || !std::isfinite(sum_of_squares)) {
    return std::nullopt;
  }
  const double n = static_cast<double>(num_values);
  const double mean = sum / n;
  const double centred = sum_of_squares - sum * mean;
  if (centred <= 1e-12 * sum_of_squares) {
    return std::nullopt;
  }
  const double standard_error = std::sqrt(centred / (n - 1) / n);
  const double half = StudentQuantile((1 - confidence) / 2, n - 1) * standard_error;
  return Interval{mean - half, mean + half};
}

std::optional<Interval> WilsonInterval(std::int64_t num_successes, std::int64_t num_values,
                                       double confidence) {
  assert(num_successes >= 0 && num_successes <= num_values);
  if (num_values <= 0) {
    return std::nullopt;
  }
  const double n = static_cast<double>(num_values);
  const double k = static_cast<double>(num_successes);
  const double z = NormalQuantile((1 - confidence) / 2);
  const double centre = k + z * z / 2;
  const double half = z * std::sqrt(k * ((n - k) / n) + z * z / 4);
  return Interval{num_successes == 0 ? 0 : (centre - half) / (n + z * z),
                  num_successes == num_values ? 1 : (centre + half) / (n + z * z)};
}

double ClopperPearsonLower(std::int64_t num_successes, std::int64_t num_values, double alpha) {
  assert(num_successes >= 0 && num_successes <= num_values && num_values > 0);
  const double n = static_cast<double>(num_values);
  if (num_successes == 0) {
    return 0;
  }
  if (num_successes == num_values) {
    return std::exp(std::log(alpha) / n);
  }
  const double k = static_cast<double>(num_successes);
  return Boundary([&](double share) { return BinomialAtLeast(k, n, share) <= alpha; });
}

double ClopperPearsonUpper(std::int64_t num_successes, std::int64_t num_values, double alpha) {
  assert(num_successes >= 0 && num_successes <= num_values && num_values > 0);
  const double n = static_cast<double>(num_values);
  if (num_successes == num_values) {
    return 1;
  }
  if (num_successes == 0) {
    return -std::expm1(std::log(alpha) / n);
  }
  const double k = static_cast<double>(num_successes);
  return Boundary([&](double share) { return BinomialAtMost(k, n, share) > alpha; });
}

}  // namespace assay
