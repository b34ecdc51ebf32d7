#include "evaluators/metrics/calibration.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "evaluators/metrics/result_columns.h"

namespace assay {
namespace {

constexpr int kFractionBits = 62;

double FromFixed(__int128 value) { return std::ldexp(static_cast<double>(value), -kFractionBits); }

}  // namespace

void ReliabilityBin::Add(double value, bool is_hit) {
  ++num_rows;
  num_hits += is_hit ? 1 : 0;
  confidence += std::llrint(std::ldexp(value, kFractionBits));
}

double ReliabilityBin::MeanConfidence() const {
  return FromFixed(confidence) / static_cast<double>(num_rows);
}

EqualWidthBins::EqualWidthBins(int num_bins, BinEdges edges)
    : edges_(edges), bins_(static_cast<std::size_t>(num_bins)) {
  for (int i = 0; i < num_bins; ++i) {
    bins_[static_cast<std::size_t>(i)].lowest = static_cast<double>(i) / num_bins;
    bins_[static_cast<std::size_t>(i)].highest = static_cast<double>(i + 1) / num_bins;
  }
}

std::size_t EqualWidthBins::BinOf(double confidence) const {
  const auto ends_before = [&](const ReliabilityBin& bin) {
    return edges_ == BinEdges::kRightClosed ? bin.highest < confidence : bin.highest <= confidence;
  };
  auto bin = std::ranges::partition_point(bins_, ends_before);
  if (bin == bins_.end()) {
    --bin;  // Confidence 1 where bins are left-closed.
  }
  return static_cast<std::size_t>(bin - bins_.begin());
}

void EqualWidthBins::Add(double confidence, bool is_hit) {
  bins_[BinOf(confidence)].Add(confidence, is_hit);
}

void EqualWidthBins::Merge(const EqualWidthBins& later) {
  for (std::size_t i = 0; i < bins_.size(); ++i) {
    bins_[i].num_rows += later.bins_[i].num_rows;
    bins_[i].num_hits += later.bins_[i].num_hits;
    bins_[i].confidence += later.bins_[i].confidence;
  }
}

std::vector<ReliabilityBin> EqualMassBins(std::vector<std::pair<double, bool>> rows, int num_bins) {
  std::vector<ReliabilityBin> bins(static_cast<std::size_t>(num_bins));
  std::ranges::sort(rows);
  std::size_t bin = 0;
  for (std::size_t rank = 0; rank < rows.size(); ++rank) {
    if (rank == 0 || rows[rank].first != rows[rank - 1].first) {
      bin = rank * static_cast<std::size_t>(num_bins) / rows.size();
    }
    if (bins[bin].num_rows == 0) {
      bins[bin].lowest = rows[rank].first;
    }
    bins[bin].highest = rows[rank].first;
    bins[bin].Add(rows[rank].first, rows[rank].second);
  }
  std::erase_if(bins, [](const ReliabilityBin& empty) { return empty.num_rows == 0; });
  return bins;
}

std::optional<double> CalibrationError(std::span<const ReliabilityBin> bins) {
  double sum = 0;
  std::int64_t num_rows = 0;
  for (const ReliabilityBin& bin : bins) {
    sum += std::abs(static_cast<double>(bin.num_hits) - FromFixed(bin.confidence));
    num_rows += bin.num_rows;
  }
  return num_rows == 0 ? std::nullopt
                       : std::optional(std::min(1.0, sum / static_cast<double>(num_rows)));
}

ResultTable ReliabilityTable(std::string name, std::string description,
                             std::span<const ReliabilityBin> bins) {
  Column lowest = ResultColumn("lowest", ColumnType::kFloat64);
  Column highest = ResultColumn("highest", ColumnType::kFloat64);
  Column count = ResultColumn("count", ColumnType::kInt64);
  Column confidence = ResultColumn("confidence", ColumnType::kFloat64);
  Column accuracy = ResultColumn("accuracy", ColumnType::kFloat64);
  for (const ReliabilityBin& bin : bins) {
    AppendValue(lowest, std::optional(bin.lowest));
    AppendValue(highest, std::optional(bin.highest));
    AppendValue(count, bin.num_rows);
    const bool is_empty = bin.num_rows == 0;
    AppendValue(confidence, is_empty ? std::nullopt : std::optional(bin.MeanConfidence()));
    AppendValue(accuracy, is_empty ? std::nullopt
                                   : std::optional(static_cast<double>(bin.num_hits) /
                                                   static_cast<double>(bin.num_rows)));
  }
  return {.name = std::move(name),
          .description = std::move(description),
          .columns = {std::move(lowest), std::move(highest), std::move(count),
                      std::move(confidence), std::move(accuracy)}};
}

}  // namespace assay
