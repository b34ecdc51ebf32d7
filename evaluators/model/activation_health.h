#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "evaluators/kernels/activation.h"

namespace assay {

// What an activation layer gives over all rows. Statistics are over n, not n - 1.
struct ActivationHealth {
  double pre_mean = 0;  // of the inputs
  double pre_std = 0;
  double mean = 0;  // of the results, and so on
  double std = 0;
  double min = 0;
  double max = 0;
  double max_abs = 0;
  double zero_share = 0;
  double negative_share = 0;
  std::optional<double> saturated_share;  // absent: the function is nowhere flat
  std::int32_t num_units = 0;
  std::int32_t dead_units = 0;      // 0 on every row
  std::int32_t constant_units = 0;  // one value on every row
  std::optional<double> kurtosis;   // excess; absent: constant, or beyond double
  // Largest channel's largest |result| over the median channel's; absent when that is 0.
  std::optional<double> outlier_ratio;
  // Of the centred results' singular values s: exp(entropy of s / sum s), and 1 / sum p^2 with
  // p = s^2 / sum s^2. Absent: constant, or more than kMaxRankUnits units.
  std::optional<double> effective_rank;
  std::optional<double> participation_ratio;
  // Of the 255 codes of a min-max uint8 quantisation, those spent below 0.
  double negative_codes = 0;
  // Results in kHistogramBins equal bins from `min` to `max`, which belongs to the last. Empty:
  // constant or not finite.
  std::vector<std::int64_t> histogram;
  std::int64_t num_not_finite = 0;  // results; the rest is then not measured
};

inline constexpr std::int64_t kMaxRankUnits = 256;
inline constexpr std::size_t kHistogramBins = 64;

// `inputs` and `results` hold rows of `width` units; there is at least one row.
ActivationHealth MeasureHealth(const Activation& activation, std::span<const double> inputs,
                               std::span<const double> results, std::int64_t width);

}  // namespace assay
