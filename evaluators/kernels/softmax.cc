#include "evaluators/kernels/softmax.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "absl/strings/str_format.h"

namespace assay {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// (x - max) / T with the policies for infinities: 0 for every +inf and -inf below them.
double Shifted(double logit, double highest, double temperature) {
  if (highest == kInfinity) {
    return logit == kInfinity ? 0 : -kInfinity;
  }
  return logit == -kInfinity ? -kInfinity : (logit - highest) / temperature;
}

// Puts the shifted logits into `shifted` and returns the sum of their exponentials; NaN when a
// logit is NaN.
absl::Status Shift(std::span<const double> logits, double temperature, std::span<double> shifted,
                   double& sum) {
  if (!(temperature > 0)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("softmax: the temperature must be above 0, not %g", temperature));
  }
  double highest = -kInfinity;
  bool has_nan = false;
  for (const double logit : logits) {
    has_nan = has_nan || std::isnan(logit);
    highest = std::max(highest, logit);
  }
  if (has_nan) {
    std::fill(shifted.begin(), shifted.end(), std::numeric_limits<double>::quiet_NaN());
    sum = std::numeric_limits<double>::quiet_NaN();
    return absl::OkStatus();
  }
  if (highest == -kInfinity && !logits.empty()) {
    return absl::InvalidArgumentError("softmax: every logit is -inf");
  }
  sum = 0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    shifted[i] = Shifted(logits[i], highest, temperature);
    sum += std::exp(shifted[i]);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Softmax(std::span<const double> logits, double temperature,
                     std::span<double> probabilities) {
  double sum = 0;
  absl::Status status = Shift(logits, temperature, probabilities, sum);
  for (double& value : probabilities) {
    value = std::exp(value) / sum;
  }
  return status;
}

absl::Status LogSoftmax(std::span<const double> logits, double temperature,
                        std::span<double> log_probabilities) {
  double sum = 0;
  absl::Status status = Shift(logits, temperature, log_probabilities, sum);
  const double log_sum = std::log(sum);
  for (double& value : log_probabilities) {
    value -= log_sum;
  }
  return status;
}

}  // namespace assay
