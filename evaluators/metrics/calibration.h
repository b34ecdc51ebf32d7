#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "evaluators/evaluator.h"

namespace assay {

// Rows whose confidence fell into one bin. Confidences are summed as multiples of 2^-62, so that
// the sum is exact to 2^-63 a row and the same in any order.
struct ReliabilityBin {
  double lowest = 0;
  double highest = 0;
  std::int64_t num_rows = 0;
  std::int64_t num_hits = 0;
  __int128 confidence = 0;

  void Add(double value, bool is_hit);
  double MeanConfidence() const;  // num_rows > 0
};

// Which bin a confidence on an edge belongs to: the one it ends (the first bin has 0 as well), or
// the one it starts (the last bin has 1 as well).
enum class BinEdges : std::uint8_t { kRightClosed, kLeftClosed };

// Bins [i / n, (i + 1) / n], i = 0 ... n - 1.
class EqualWidthBins {
 public:
  EqualWidthBins(int num_bins, BinEdges edges);
  void Add(double confidence, bool is_hit);
  std::size_t BinOf(double confidence) const;
  void Merge(const EqualWidthBins& later);
  const std::vector<ReliabilityBin>& bins() const { return bins_; }

 private:
  BinEdges edges_;
  std::vector<ReliabilityBin> bins_;
};

// (confidence, is it right?) of rows as bins of equal numbers of rows: rows are ranked by
// confidence from 0, and rank r of n is in bin r * num_bins / n, rounded down. Rows of equal
// confidence share the bin of the first of them.
std::vector<ReliabilityBin> EqualMassBins(std::vector<std::pair<double, bool>> rows, int num_bins);

// Expected calibration error: sum over the bins of |hits - summed confidence|, over the number of
// rows. Absent without rows.
std::optional<double> CalibrationError(std::span<const ReliabilityBin> bins);

// Columns `lowest`, `highest`, `count`, `confidence`, `accuracy`: a row each bin; the last two are
// null in an empty bin.
ResultTable ReliabilityTable(std::string name, std::string description,
                             std::span<const ReliabilityBin> bins);

}  // namespace assay
