#include "evaluators/statistics/ordered_bootstrap.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "evaluators/statistics/poisson_sums.h"

namespace assay {
namespace {

constexpr std::size_t kMostTileBytes = std::size_t{32} << 20;
constexpr std::size_t kMostTileDraws = 256;
constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

// Weights of a few consecutive draws: [row][draw], at most 255 each.
class TileWeights {
 public:
  // unit_of[i]: the unit, below num_units, that row i is drawn with.
  TileWeights(std::vector<std::uint32_t> unit_of, std::size_t num_units, const RandomSource& source)
      : unit_of_(std::move(unit_of)), num_units_(num_units), source_(source) {
    draws_ = kMostTileDraws;
    while (draws_ > 8 && draws_ * num_units_ > kMostTileBytes) {
      draws_ /= 2;
    }
    weights_.resize(draws_ * num_units_);
    for (std::size_t uniform = 0; uniform < table_.size(); ++uniform) {
      table_[uniform] =
          static_cast<std::uint8_t>(PoissonWeight(static_cast<std::uint16_t>(uniform)));
    }
  }

  std::size_t draws() const { return draws_; }
  Resampling resampling() const {
    return num_units_ < kFewestPoissonRows ? Resampling::kIndices : Resampling::kPoisson;
  }
  const std::uint8_t* Row(std::size_t row) const {
    return weights_.data() + unit_of_[row] * draws_;
  }

  void Fill(std::uint32_t first_draw) {
    if (resampling() == Resampling::kIndices) {
      FillByIndex(first_draw);
      return;
    }
    for (std::size_t begin = 0; begin < num_units_; begin += 8) {
      const std::size_t size = std::min<std::size_t>(8, num_units_ - begin);
      for (std::size_t draw = 0; draw < draws_; ++draw) {
        const PhiloxCounter words =
            PhiloxRounds(source_.Counter(first_draw + static_cast<std::uint32_t>(draw),
                                         static_cast<std::uint32_t>(begin / 8)),
                         source_.Key());
        for (std::size_t i = 0; i < size; ++i) {
          weights_[(begin + i) * draws_ + draw] = table_[(words[i / 2] >> (16 * (i % 2))) & 0xFFFF];
        }
      }
    }
  }

 private:
  void FillByIndex(std::uint32_t first_draw) {
    std::fill(weights_.begin(), weights_.end(), std::uint8_t{0});
    for (std::size_t draw = 0; draw < draws_; ++draw) {
      RandomSequence random(source_, first_draw + static_cast<std::uint32_t>(draw));
      for (std::size_t i = 0; i < num_units_; ++i) {
        ++weights_[random.Below(num_units_) * draws_ + draw];
      }
    }
  }

  const std::vector<std::uint32_t> unit_of_;
  const std::size_t num_units_;
  const RandomSource source_;
  std::size_t draws_ = 0;
  std::vector<std::uint8_t> weights_;
  std::array<std::uint8_t, 65'536> table_{};
};

// Rows of one side by rising value; positions are those in the rows that count.
struct Order {
  std::vector<std::uint32_t> position;
  std::vector<double> value;
  std::vector<RowPart> part;

  bool operator==(const Order&) const = default;
  // End of the rows that have the value of row `begin`.
  std::size_t EndOfTies(std::size_t begin) const {
    std::size_t end = begin + 1;
    while (end < value.size() && value[end] == value[begin]) {
      ++end;
    }
    return end;
  }
};

Order Sort(const OrderedColumn& column, std::span<const std::uint32_t> rows) {
  Order order;
  for (std::uint32_t i = 0; i < rows.size(); ++i) {
    if (column.part[rows[i]] != RowPart::kNone) {
      order.position.push_back(i);
    }
  }
  std::sort(order.position.begin(), order.position.end(), [&](std::uint32_t a, std::uint32_t b) {
    const double left = column.value[rows[a]];
    const double right = column.value[rows[b]];
    return left != right ? left < right : a < b;
  });
  for (const std::uint32_t position : order.position) {
    order.value.push_back(column.value[rows[position]]);
    order.part.push_back(column.part[rows[position]]);
  }
  return order;
}

using Totals = std::array<double, kMostTileDraws>;

// Weights of all rows are 1 where `weights` is nullptr; then there is one draw.
class Weights {
 public:
  explicit Weights(const TileWeights* tile) : tile_(tile) {}
  std::size_t draws() const { return tile_ == nullptr ? 1 : tile_->draws(); }
  const std::uint8_t* Row(std::size_t row) const {
    return tile_ == nullptr ? &kOne : tile_->Row(row);
  }

 private:
  static constexpr std::uint8_t kOne = 1;
  const TileWeights* tile_;
};

void Add(const std::uint8_t* row, std::size_t draws, Totals& to) {
  for (std::size_t draw = 0; draw < draws; ++draw) {
    to[draw] += row[draw];
  }
}

Totals SumOfWeights(const Order& order, const Weights& weights) {
  Totals sum{};
  for (const std::uint32_t position : order.position) {
    Add(weights.Row(position), weights.draws(), sum);
  }
  return sum;
}

// Of the one column.
class QuantileMeasure {
 public:
  QuantileMeasure(double share, bool has_clusters) : share_(share), has_clusters_(has_clusters) {}

  void Measure(std::span<const Order> orders, const Weights& weights, Totals& values) const {
    const Order& order = orders.front();
    const std::size_t draws = weights.draws();
    Totals target = SumOfWeights(order, weights);
    for (std::size_t draw = 0; draw < draws; ++draw) {
      values[draw] = kUndefined;
      // Weights are whole numbers, so only the product rounds.
      target[draw] = share_ * target[draw] * (1 - 1e-12);
    }
    Totals sum{};
    std::size_t num_open = draws;
    for (std::size_t i = 0; i < order.position.size() && num_open > 0; ++i) {
      const std::uint8_t* const row = weights.Row(order.position[i]);
      Add(row, draws, sum);
      if (i + 1 < FirstToLookAt(order.position.size()) && draws > 1) {
        continue;
      }
      for (std::size_t draw = 0; draw < draws; ++draw) {
        if (sum[draw] >= target[draw] && sum[draw] > 0 && std::isnan(values[draw])) {
          values[draw] = order.value[i];
          --num_open;
        }
      }
    }
  }

 private:
  // Rows of independent weights reach no target so many standard deviations early; clusters may.
  std::size_t FirstToLookAt(std::size_t num_rows) const {
    const double n = static_cast<double>(num_rows);
    const double first = share_ * n - 9 * std::sqrt(n);
    return has_clusters_ || first < 0 ? 0 : static_cast<std::size_t>(first);
  }

  double share_;
  bool has_clusters_;
};

// The mean over the columns that have an area.
class AreaMeasure {
 public:
  static void Measure(std::span<const Order> orders, const Weights& weights, Totals& values) {
    const std::size_t draws = weights.draws();
    Totals sum{};
    Totals num_defined{};
    for (const Order& order : orders) {
      Totals areas;
      MeasureOne(order, weights, areas);
      for (std::size_t draw = 0; draw < draws; ++draw) {
        if (!std::isnan(areas[draw])) {
          sum[draw] += areas[draw];
          num_defined[draw] += 1;
        }
      }
    }
    for (std::size_t draw = 0; draw < draws; ++draw) {
      values[draw] = num_defined[draw] > 0 ? sum[draw] / num_defined[draw] : kUndefined;
    }
  }

 private:
  // Weights are whole numbers, so only the division rounds.
  struct Counts {
    Totals positives{};
    Totals negatives{};
    Totals half_wins{};
  };

  static void MeasureOne(const Order& order, const Weights& weights, Totals& areas) {
    const std::size_t draws = weights.draws();
    Counts counts;
    for (std::size_t begin = 0; begin < order.position.size();) {
      const std::size_t end = order.EndOfTies(begin);
      if (end == begin + 1) {
        AddAlone(weights.Row(order.position[begin]), order.part[begin], draws, counts);
      } else {
        AddTied(order, begin, end, weights, counts);
      }
      begin = end;
    }
    for (std::size_t draw = 0; draw < draws; ++draw) {
      const double pairs = counts.positives[draw] * counts.negatives[draw];
      areas[draw] = pairs > 0 ? counts.half_wins[draw] / (2 * pairs) : kUndefined;
    }
  }

  static void AddAlone(const std::uint8_t* row, RowPart part, std::size_t draws, Counts& counts) {
    if (part == RowPart::kNegative) {
      Add(row, draws, counts.negatives);
      return;
    }
    for (std::size_t draw = 0; draw < draws; ++draw) {
      counts.half_wins[draw] += row[draw] * (2 * counts.negatives[draw]);
      counts.positives[draw] += row[draw];
    }
  }

  static void AddTied(const Order& order, std::size_t begin, std::size_t end,
                      const Weights& weights, Counts& counts) {
    const std::size_t draws = weights.draws();
    Totals positives{};
    Totals negatives{};
    for (std::size_t i = begin; i < end; ++i) {
      Add(weights.Row(order.position[i]), draws,
          order.part[i] == RowPart::kPositive ? positives : negatives);
    }
    for (std::size_t draw = 0; draw < draws; ++draw) {
      counts.half_wins[draw] += positives[draw] * (2 * counts.negatives[draw] + negatives[draw]);
      counts.positives[draw] += positives[draw];
      counts.negatives[draw] += negatives[draw];
    }
  }
};

// Of the one column.
class CalibrationMeasure {
 public:
  explicit CalibrationMeasure(int num_bins) : num_bins_(num_bins) {}

  void Measure(std::span<const Order> orders, const Weights& weights, Totals& values) const {
    const Order& order = orders.front();
    const std::size_t draws = weights.draws();
    const Totals num_rows = SumOfWeights(order, weights);
    Bins bins{.end = num_rows};
    for (std::size_t begin = 0; begin < order.position.size();) {
      const std::size_t end = order.EndOfTies(begin);
      CloseBins(num_rows, draws, bins);
      for (std::size_t i = begin; i < end; ++i) {
        const std::uint8_t* const row = weights.Row(order.position[i]);
        const double gap = (order.part[i] == RowPart::kPositive ? 1 : 0) - order.value[i];
        for (std::size_t draw = 0; draw < draws; ++draw) {
          bins.gap[draw] += row[draw] * gap;
          bins.rank[draw] += row[draw];
        }
      }
      begin = end;
    }
    for (std::size_t draw = 0; draw < draws; ++draw) {
      const double error = bins.error[draw] + std::fabs(bins.gap[draw]);
      values[draw] = num_rows[draw] > 0 ? error / num_rows[draw] : kUndefined;
    }
  }

 private:
  // By draw, the bin that is being filled: rank r of n is in bin r num_bins / n, rounded down.
  struct Bins {
    Totals end;      // the rank where it ends, times num_bins
    Totals rank{};   // of the next row
    Totals gap{};    // positive rows - summed values
    Totals error{};  // of the bins before it
  };

  void CloseBins(const Totals& num_rows, std::size_t draws, Bins& bins) const {
    for (std::size_t draw = 0; draw < draws; ++draw) {
      const double rank = num_bins_ * bins.rank[draw];
      if (rank < bins.end[draw] || num_rows[draw] == 0) {
        continue;
      }
      bins.error[draw] += std::fabs(bins.gap[draw]);
      bins.gap[draw] = 0;
      while (rank >= bins.end[draw]) {
        bins.end[draw] += num_rows[draw];
      }
    }
  }

  double num_bins_;
};

bool HasPart(std::span<const OrderedColumn> columns, std::uint32_t row) {
  return std::ranges::any_of(
      columns, [row](const OrderedColumn& column) { return column.part[row] != RowPart::kNone; });
}

std::vector<Order> SortEach(std::span<const OrderedColumn> columns,
                            std::span<const std::uint32_t> rows) {
  std::vector<Order> orders;
  for (const OrderedColumn& column : columns) {
    orders.push_back(Sort(column, rows));
  }
  return orders;
}

template <typename Measure>
std::optional<double> Observe(const Measure& measure, std::span<const Order> orders) {
  Totals values{};
  measure.Measure(orders, Weights(nullptr), values);
  return std::isnan(values[0]) ? std::nullopt : std::optional(values[0]);
}

template <typename Measure>
PairedBootstrap Bootstrap(const Measure& measure, std::span<const OrderedColumn> baseline,
                          std::span<const OrderedColumn> candidate, double factor,
                          std::span<const std::uint32_t> rows,
                          std::span<const std::int32_t> cluster_of, const RandomSource& source,
                          std::int64_t draws) {
  std::vector<std::uint32_t> counted;
  for (const std::uint32_t row : rows) {
    if (HasPart(baseline, row) || HasPart(candidate, row)) {
      counted.push_back(row);
    }
  }
  PairedBootstrap result;
  result.num_rows = static_cast<std::int64_t>(counted.size());
  const std::vector<Order> before = SortEach(baseline, counted);
  const std::vector<Order> after = SortEach(candidate, counted);
  result.baseline = Observe(measure, before);
  result.candidate = Observe(measure, after);
  std::vector<std::uint32_t> unit_of(counted.size());
  std::size_t num_units = counted.size();
  if (cluster_of.empty()) {
    std::iota(unit_of.begin(), unit_of.end(), std::uint32_t{0});
  } else {
    num_units = 0;
    absl::flat_hash_map<std::int32_t, std::uint32_t> number;
    for (std::size_t i = 0; i < counted.size(); ++i) {
      const std::int32_t cluster = cluster_of[counted[i]];
      auto next = static_cast<std::uint32_t>(num_units);
      if (cluster >= 0) {
        next = number.try_emplace(cluster, next).first->second;
      }
      unit_of[i] = next;
      num_units = std::max(num_units, std::size_t{next} + 1);
    }
    result.num_clusters = static_cast<std::int64_t>(num_units);
  }
  if (!result.baseline.has_value() || !result.candidate.has_value()) {
    return result;
  }
  result.is_identical = before == after;
  if (result.is_identical) {
    return result;
  }
  TileWeights tile(std::move(unit_of), num_units, source);
  result.resampling = tile.resampling();
  std::vector<double> differences;
  Totals before_values{};
  Totals after_values{};
  const auto tile_draws = static_cast<std::int64_t>(tile.draws());
  for (std::int64_t first = 0; first < draws; first += tile_draws) {
    tile.Fill(static_cast<std::uint32_t>(first));
    measure.Measure(before, Weights(&tile), before_values);
    measure.Measure(after, Weights(&tile), after_values);
    for (std::int64_t draw = 0; draw < std::min(tile_draws, draws - first); ++draw) {
      const auto at = static_cast<std::size_t>(draw);
      differences.push_back(after_values[at] - factor * before_values[at]);
    }
  }
  result.differences = Replicates(std::move(differences));
  return result;
}

}  // namespace

PairedBootstrap BootstrapQuantiles(const OrderedColumn& baseline, const OrderedColumn& candidate,
                                   double share, double factor, std::span<const std::uint32_t> rows,
                                   std::span<const std::int32_t> cluster_of,
                                   const RandomSource& source, std::int64_t draws) {
  return Bootstrap(QuantileMeasure(share, !cluster_of.empty()), {&baseline, 1}, {&candidate, 1},
                   factor, rows, cluster_of, source, draws);
}

PairedBootstrap BootstrapAreas(std::span<const OrderedColumn> baseline,
                               std::span<const OrderedColumn> candidate, double factor,
                               std::span<const std::uint32_t> rows,
                               std::span<const std::int32_t> cluster_of, const RandomSource& source,
                               std::int64_t draws) {
  return Bootstrap(AreaMeasure(), baseline, candidate, factor, rows, cluster_of, source, draws);
}

PairedBootstrap BootstrapCalibration(const OrderedColumn& baseline, const OrderedColumn& candidate,
                                     int num_bins, double factor,
                                     std::span<const std::uint32_t> rows,
                                     std::span<const std::int32_t> cluster_of,
                                     const RandomSource& source, std::int64_t draws) {
  return Bootstrap(CalibrationMeasure(num_bins), {&baseline, 1}, {&candidate, 1}, factor, rows,
                   cluster_of, source, draws);
}

}  // namespace assay
