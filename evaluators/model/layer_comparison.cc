#include "evaluators/model/layer_comparison.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>

namespace assay {

LayerDifference CompareLayer(std::span<const double> baseline, std::span<const double> candidate,
                             std::int64_t width) {
  LayerDifference difference;
  double signal = 0;
  double noise = 0;
  double other = 0;
  double product = 0;
  double absolute = 0;
  double cosines = 0;
  double lowest = std::numeric_limits<double>::infinity();
  bool has_zero_row = false;
  const auto columns = static_cast<std::size_t>(width);
  for (std::size_t begin = 0; begin < baseline.size(); begin += columns) {
    double row_a = 0;
    double row_b = 0;
    double row_ab = 0;
    for (std::size_t i = begin; i < begin + columns; ++i) {
      const double a = baseline[i];
      const double b = candidate[i];
      const double distance = std::fabs(a - b);
      // NaN compares false with everything.
      difference.max_abs =
          distance <= difference.max_abs
              ? difference.max_abs
              : (std::isfinite(distance) ? distance : std::numeric_limits<double>::infinity());
      absolute += distance;
      noise += distance * distance;
      row_a += a * a;
      row_b += b * b;
      row_ab += a * b;
    }
    signal += row_a;
    other += row_b;
    product += row_ab;
    if (row_a > 0 && row_b > 0) {
      const double cosine = row_ab / std::sqrt(row_a * row_b);
      lowest = std::min(lowest, cosine);
      cosines += cosine;
    } else {
      has_zero_row = true;
    }
  }
  const auto n = static_cast<double>(baseline.size());
  difference.mean_abs = absolute / n;
  difference.rmse = std::sqrt(noise / n);
  if (signal > 0) {
    difference.relative_l2 = std::sqrt(noise / signal);
  }
  if (signal > 0 && noise > 0) {
    difference.sqnr_db = 20 * std::log10(std::sqrt(signal) / std::sqrt(noise));
  }
  if (signal > 0 && other > 0) {
    difference.cosine = product / (std::sqrt(signal) * std::sqrt(other));
  }
  if (!has_zero_row && !baseline.empty()) {
    difference.lowest_cosine = lowest;
    difference.mean_cosine = cosines / (n / static_cast<double>(width));
  }
  return difference;
}

std::vector<std::int64_t> RowsFurthestApart(std::span<const double> baseline,
                                            std::span<const double> candidate, std::int64_t width,
                                            std::size_t limit) {
  const auto columns = static_cast<std::size_t>(width);
  std::vector<std::pair<double, std::int64_t>> moved;  // squared distance and row
  for (std::int64_t row = 0; row * width < std::ssize(baseline); ++row) {
    const std::size_t begin = static_cast<std::size_t>(row) * columns;
    double distance = 0;
    for (std::size_t i = begin; i < begin + columns; ++i) {
      distance += (baseline[i] - candidate[i]) * (baseline[i] - candidate[i]);
    }
    if (distance != 0) {  // NaN too
      moved.emplace_back(
          std::isfinite(distance) ? distance : std::numeric_limits<double>::infinity(), row);
    }
  }
  const auto end = moved.begin() + static_cast<std::ptrdiff_t>(std::min(limit, moved.size()));
  std::partial_sort(moved.begin(), end, moved.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  });
  std::vector<std::int64_t> rows;
  for (auto each = moved.begin(); each != end; ++each) {
    rows.push_back(each->second);
  }
  return rows;
}

DifferenceTier TierOf(const LayerDifference& difference, double noise_floor) {
  constexpr double kFormulaDb = 60;
  constexpr double kQuantizationDb = 35;
  constexpr double kBrokenDb = 10;
  if (difference.max_abs == 0) {
    return DifferenceTier::kIdentical;
  }
  if (difference.max_abs <= kNoiseFactor * noise_floor) {
    return DifferenceTier::kEquivalent;
  }
  if (!std::isfinite(difference.max_abs) || !difference.sqnr_db ||
      !(*difference.sqnr_db >= kBrokenDb)) {  // NaN where squares overflow
    return DifferenceTier::kBroken;
  }
  if (*difference.sqnr_db >= kFormulaDb) {
    return DifferenceTier::kFormulaVariant;
  }
  return *difference.sqnr_db >= kQuantizationDb ? DifferenceTier::kQuantizationLike
                                                : DifferenceTier::kDifferent;
}

}  // namespace assay
