#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace assay {

// How far the results of a layer are from those of a baseline.
struct LayerDifference {
  double max_abs = 0;
  double mean_abs = 0;
  double rmse = 0;
  std::optional<double> relative_l2;    // |a - b| / |a|; absent: a is 0
  std::optional<double> sqnr_db;        // 20 log10(|a| / |a - b|); absent: equal, or a is 0
  std::optional<double> cosine;         // of everything as one vector
  std::optional<double> lowest_cosine;  // of a row with its counterpart; absent: a row is 0
  std::optional<double> mean_cosine;
};

// `baseline` and `candidate` hold the same number of rows of `width`. NaN or infinity on either
// side makes max_abs infinite.
LayerDifference CompareLayer(std::span<const double> baseline, std::span<const double> candidate,
                             std::int64_t width);

// The rows that lie furthest from their counterparts, by the L2 norm of the difference, largest
// first and of equal ones the first; at most `limit`, and none that is equal. A row with NaN or
// infinity counts as infinitely far. Arguments as above.
std::vector<std::int64_t> RowsFurthestApart(std::span<const double> baseline,
                                            std::span<const double> candidate, std::int64_t width,
                                            std::size_t limit);

enum class DifferenceTier : std::uint8_t {
  kIdentical = 1,
  kEquivalent = 2,        // at most kNoiseFactor times the noise floor
  kFormulaVariant = 3,    // SQNR of at least 60 dB
  kQuantizationLike = 4,  // 35 dB
  kDifferent = 5,         // 10 dB
  kBroken = 6,
};
inline constexpr double kNoiseFactor = 16;

// `noise_floor`: largest absolute difference of the baseline between double and float32 in either
// order of sums. The tiers are calibrated on trained models and only sort what to look at first;
// int8 and quick_gelu overlap.
DifferenceTier TierOf(const LayerDifference& difference, double noise_floor);

}  // namespace assay
