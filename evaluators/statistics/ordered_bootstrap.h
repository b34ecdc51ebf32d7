#pragma once

#include <cstdint>
#include <span>

#include "evaluators/statistics/paired_bootstrap.h"
#include "evaluators/statistics/philox.h"

namespace assay {

// What a row is to a metric that depends on the order of values.
enum class RowPart : std::uint8_t { kNone = 0, kNegative = 1, kPositive = 2 };

// One side of such a metric. Values are not NaN where a row has a part.
struct OrderedColumn {
  std::span<const double> value;  // by row
  std::span<const RowPart> part;  // by row
};

// The paired bootstrap of metrics that no totals by outcome determine: every row (or cluster;
// `cluster_of` as in TestOptions) keeps a Poisson(1) weight of its own, fewer than
// kFewestPoissonRows are drawn by index. Takes time in proportion to rows x draws x columns, and
// about 32 MiB beside 13 bytes a row, column and side. The same bits on every platform.

// The differences are candidate minus `factor` times baseline.

// The `share` quantile: the smallest value whose rows up to it are at least `share` of all (type 1
// of R. J. Hyndman and Y. Fan 1996). Rows with either part count. 0 < share < 1.
PairedBootstrap BootstrapQuantiles(const OrderedColumn& baseline, const OrderedColumn& candidate,
                                   double share, double factor, std::span<const std::uint32_t> rows,
                                   std::span<const std::int32_t> cluster_of,
                                   const RandomSource& source, std::int64_t draws);

// The area under the ROC curve: the share of (positive, negative) pairs of rows in which the
// positive has the higher value, equal values counting half. Of several columns the mean of the
// areas, without those of columns that lack positives or negatives. Undefined when all do.
PairedBootstrap BootstrapAreas(std::span<const OrderedColumn> baseline,
                               std::span<const OrderedColumn> candidate, double factor,
                               std::span<const std::uint32_t> rows,
                               std::span<const std::int32_t> cluster_of, const RandomSource& source,
                               std::int64_t draws);

// The calibration error over bins of equal numbers of rows, as EqualMassBins cuts them (rows of
// equal value share a bin): the sum over `num_bins` bins of |positive rows - summed values|, over
// the number of rows. Values are confidences in [0, 1]; a row is positive where it is right.
// Undefined without rows.
PairedBootstrap BootstrapCalibration(const OrderedColumn& baseline, const OrderedColumn& candidate,
                                     int num_bins, double factor,
                                     std::span<const std::uint32_t> rows,
                                     std::span<const std::int32_t> cluster_of,
                                     const RandomSource& source, std::int64_t draws);

}  // namespace assay
