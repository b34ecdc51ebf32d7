#include "evaluators/model/entropy_calibration.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <vector>

namespace assay {
namespace {

constexpr std::size_t kBins = 2048;
constexpr std::size_t kLevels = 128;
constexpr std::size_t kStep = 16;
constexpr double kEmptyBin = 1e-12;

// Each bin of `counts` shares the mean of the bins of its level that are not empty.
std::vector<double> Quantised(std::span<const double> counts) {
  std::vector<double> quantised(counts.size(), 0.0);
  std::size_t begin = 0;
  while (begin < counts.size()) {
    const std::size_t level = begin * kLevels / counts.size();
    std::size_t end = begin;
    double sum = 0;
    double filled = 0;
    for (; end < counts.size() && end * kLevels / counts.size() == level; ++end) {
      sum += counts[end];
      filled += counts[end] > 0 ? 1 : 0;
    }
    for (; begin < end; ++begin) {
      quantised[begin] = counts[begin] > 0 ? sum / filled : 0;
    }
  }
  return quantised;
}

// Divergence of `quantised` from `counts` with `beyond` added to the last bin.
double Divergence(std::span<const double> counts, double beyond,
                  std::span<const double> quantised) {
  const double total = std::accumulate(counts.begin(), counts.end(), beyond);
  const double quantised_total = std::accumulate(quantised.begin(), quantised.end(), 0.0);
  double divergence = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const double p = (counts[i] + (i + 1 == counts.size() ? beyond : 0)) / total;
    if (p > 0) {
      divergence += p * std::log(p / std::max(quantised[i] / quantised_total, kEmptyBin));
    }
  }
  return divergence;
}

}  // namespace

ValueRange EntropyRange(std::span<const double> values) {
  ValueRange range;
  double largest = 0;
  for (const double value : values) {
    range.low = std::min(range.low, value);
    range.high = std::max(range.high, value);
    largest = std::max(largest, std::fabs(value));
  }
  if (largest == 0) {
    return range;
  }
  std::vector<double> counts(kBins, 0.0);
  for (const double value : values) {
    const double position = std::fabs(value) / largest * kBins;
    counts[std::min(static_cast<std::size_t>(position), kBins - 1)] += 1;
  }
  const auto num_values = static_cast<double>(values.size());
  double lowest = std::numeric_limits<double>::infinity();
  std::size_t best = kBins;
  double within = 0;
  std::size_t counted = 0;
  for (std::size_t bins = kLevels; bins <= kBins; bins += kStep) {
    for (; counted < bins; ++counted) {
      within += counts[counted];
    }
    if (within == 0) {
      continue;
    }
    const std::span<const double> kept(counts.data(), bins);
    const double divergence = Divergence(kept, num_values - within, Quantised(kept));
    if (divergence < lowest) {
      lowest = divergence;
      best = bins;
    }
  }
  const double threshold = largest * static_cast<double>(best) / kBins;
  return {std::max(range.low, -threshold), std::min(range.high, threshold)};
}

}  // namespace assay
