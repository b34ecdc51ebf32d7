#include "evaluators/model/activation_health.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

namespace assay {
namespace {

constexpr double kFlatTail = 0.01;  // of tanh and sigmoid
constexpr double kCodes = 255;

double Mean(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) {
    sum += value;
  }
  return sum / static_cast<double>(values.size());
}

// Mean of (x - mean)^power.
double Moment(std::span<const double> values, double mean, int power) {
  double sum = 0;
  for (const double value : values) {
    const double square = (value - mean) * (value - mean);
    sum += power == 2 ? square : square * square;
  }
  return sum / static_cast<double>(values.size());
}

// Whether the function is flat at `x`; absent when it is nowhere.
std::optional<bool> IsSaturated(const Activation& activation, double x) {
  switch (activation.kind) {
    case ActivationKind::kTanh:
    case ActivationKind::kSoftsign:
      return std::fabs(ActivationValue(activation, x)) > 1 - kFlatTail;
    case ActivationKind::kSigmoid: {
      const double y = ActivationValue(activation, x);
      return y < kFlatTail || y > 1 - kFlatTail;
    }
    case ActivationKind::kRelu6:
      return x >= 6;
    case ActivationKind::kHardtanh:
      return std::fabs(x) >= 1;
    case ActivationKind::kHardsigmoid:
      return std::fabs(x) >= 3;
    default:
      return std::nullopt;
  }
}

std::optional<double> SaturatedShare(const Activation& activation, std::span<const double> inputs) {
  if (!IsSaturated(activation, 0)) {
    return std::nullopt;
  }
  std::int64_t saturated = 0;
  for (const double x : inputs) {
    saturated += *IsSaturated(activation, x) ? 1 : 0;
  }
  return static_cast<double>(saturated) / static_cast<double>(inputs.size());
}

std::vector<std::int64_t> Histogram(std::span<const double> values, double min, double max) {
  // Of halves, since the range of finite values may not be finite.
  const double half_range = max / 2 - min / 2;
  std::vector<std::int64_t> counts(kHistogramBins);
  for (const double value : values) {
    const double share = (value / 2 - min / 2) / half_range;
    const auto bin = static_cast<std::size_t>(share * static_cast<double>(kHistogramBins));
    counts[std::min(bin, kHistogramBins - 1)] += 1;
  }
  return counts;
}

void MeasureUnits(std::span<const double> results, std::size_t width, ActivationHealth& health) {
  std::vector<double> low(results.begin(), results.begin() + static_cast<std::ptrdiff_t>(width));
  std::vector<double> high = low;
  for (std::size_t i = 0; i < results.size(); ++i) {
    low[i % width] = std::min(low[i % width], results[i]);
    high[i % width] = std::max(high[i % width], results[i]);
  }
  std::vector<double> largest(width);
  for (std::size_t unit = 0; unit < width; ++unit) {
    largest[unit] = std::max(std::fabs(low[unit]), std::fabs(high[unit]));
    health.constant_units += low[unit] == high[unit] ? 1 : 0;
    health.dead_units += largest[unit] == 0 ? 1 : 0;
  }
  std::sort(largest.begin(), largest.end());
  const double median = (largest[(width - 1) / 2] + largest[width / 2]) / 2;
  if (median > 0) {
    health.outlier_ratio = largest.back() / median;
  }
}

void MeasureRank(std::span<const double> results, std::size_t width, ActivationHealth& health) {
  using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const auto columns = static_cast<Eigen::Index>(width);
  const auto rows = static_cast<Eigen::Index>(results.size()) / columns;
  Eigen::MatrixXd centred = Eigen::Map<const Matrix>(results.data(), rows, columns);
  centred.rowwise() -= centred.colwise().mean().eval();
  const double largest = centred.cwiseAbs().maxCoeff();
  if (!(largest > 0) || !std::isfinite(largest)) {
    return;
  }
  // By a power of two, which changes no digit: squares of large results would overflow.
  centred *= std::ldexp(1, std::clamp(-std::ilogb(largest), -1000, 1000));
  if (rows > columns) {
    // The triangle has the same singular values and is smaller.
    const Eigen::MatrixXd triangle = Eigen::HouseholderQR<Eigen::MatrixXd>(centred)
                                         .matrixQR()
                                         .topRows(columns)
                                         .triangularView<Eigen::Upper>();
    centred = triangle;
  }
  const Eigen::VectorXd singular = Eigen::BDCSVD<Eigen::MatrixXd>(centred).singularValues();
  const double sum = singular.sum();
  const double squares = singular.squaredNorm();
  if (!(squares > 0)) {
    return;
  }
  double entropy = 0;
  double concentration = 0;
  for (const double value : singular) {
    const double p = value / sum;
    entropy -= p > 0 ? p * std::log(p) : 0;
    const double energy = value * value / squares;
    concentration += energy * energy;
  }
  health.effective_rank = std::exp(entropy);
  health.participation_ratio = 1 / concentration;
}

}  // namespace

ActivationHealth MeasureHealth(const Activation& activation, std::span<const double> inputs,
                               std::span<const double> results, std::int64_t width) {
  ActivationHealth health;
  health.num_units = static_cast<std::int32_t>(width);
  std::int64_t zeros = 0;
  std::int64_t negatives = 0;
  health.min = std::numeric_limits<double>::infinity();
  health.max = -health.min;
  for (const double value : results) {
    health.num_not_finite += std::isfinite(value) ? 0 : 1;
    zeros += value == 0 ? 1 : 0;
    negatives += value < 0 ? 1 : 0;
    health.min = std::min(health.min, value);
    health.max = std::max(health.max, value);
  }
  const auto n = static_cast<double>(results.size());
  health.zero_share = static_cast<double>(zeros) / n;
  health.negative_share = static_cast<double>(negatives) / n;
  health.max_abs = std::max(std::fabs(health.min), std::fabs(health.max));
  if (health.num_not_finite > 0) {
    return health;
  }
  health.pre_mean = Mean(inputs);
  health.pre_std = std::sqrt(Moment(inputs, health.pre_mean, 2));
  health.mean = Mean(results);
  const double variance = Moment(results, health.mean, 2);
  health.std = std::sqrt(variance);
  const double kurtosis = Moment(results, health.mean, 4) / (variance * variance) - 3;
  if (std::isfinite(kurtosis)) {  // neither constant nor beyond the range of fourth powers
    health.kurtosis = kurtosis;
  }
  if (health.min / 2 < health.max / 2) {
    health.histogram = Histogram(results, health.min, health.max);
  }
  health.saturated_share = SaturatedShare(activation, inputs);
  const double low = std::min(health.min, 0.0);
  const double range = std::max(health.max, 0.0) - low;
  health.negative_codes = low < 0 ? kCodes * (-low / range) : 0;
  const auto num_units = static_cast<std::size_t>(width);
  MeasureUnits(results, num_units, health);
  if (width <= kMaxRankUnits) {
    MeasureRank(results, num_units, health);
  }
  return health;
}

}  // namespace assay
