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

class QuantileMeasure {
 public:
  QuantileMeasure(double share, bool has_clusters) : share_(share), has_clusters_(has_clusters) {}

  void Measure(const Order& order, const Weights& weights, Totals& values) const {
    const std::size_t draws = weights.draws();
    Totals target{};
    for (const std::uint32_t position : order.position) {
      Add(weights.Row(position), draws, target);
    }
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
  static void Add(const std::uint8_t* row, std::size_t draws, Totals& to) {
    for (std::size_t draw = 0; draw < draws; ++draw) {
      to[draw] += row[draw];
    }
  }
  // Rows of independent weights reach no target so many standard deviations early; clusters may.
  std::size_t FirstToLookAt(std::size_t num_rows) const {
    const double n = static_cast<double>(num_rows);
    const double first = share_ * n - 9 * std::sqrt(n);
    return has_clusters_ || first < 0 ? 0 : static_cast<std::size_t>(first);
  }

  double share_;
  bool has_clusters_;
};

class AreaMeasure {
 public:
  static void Measure(const Order& order, const Weights& weights, Totals& values) {
    const std::size_t draws = weights.draws();
    Totals positives{};
    Totals negatives{};
    Totals half_wins{};
    for (std::size_t begin = 0; begin < order.position.size();) {
      std::size_t end = begin + 1;
      while (end < order.position.size() && order.value[end] == order.value[begin]) {
        ++end;
      }
      Totals tied_positives{};
      Totals tied_negatives{};
      for (std::size_t i = begin; i < end; ++i) {
        const std::uint8_t* const row = weights.Row(order.position[i]);
        Totals& to = order.part[i] == RowPart::kPositive ? tied_positives : tied_negatives;
        for (std::size_t draw = 0; draw < draws; ++draw) {
          to[draw] += row[draw];
        }
      }
      for (std::size_t draw = 0; draw < draws; ++draw) {
        half_wins[draw] += tied_positives[draw] * (2 * negatives[draw] + tied_negatives[draw]);
        positives[draw] += tied_positives[draw];
        negatives[draw] += tied_negatives[draw];
      }
      begin = end;
    }
    for (std::size_t draw = 0; draw < draws; ++draw) {
      const double pairs = positives[draw] * negatives[draw];
      values[draw] = pairs > 0 ? half_wins[draw] / (2 * pairs) : kUndefined;
    }
  }
};

std::optional<double> Defined(double value) {
  return std::isnan(value) ? std::nullopt : std::optional(value);
}

template <typename Measure>
PairedBootstrap Bootstrap(const Measure& measure, const OrderedColumn& baseline,
                          const OrderedColumn& candidate, double factor,
                          std::span<const std::uint32_t> rows,
                          std::span<const std::int32_t> cluster_of, const RandomSource& source,
                          std::int64_t draws) {
  std::vector<std::uint32_t> counted;
  for (const std::uint32_t row : rows) {
    if (baseline.part[row] != RowPart::kNone || candidate.part[row] != RowPart::kNone) {
      counted.push_back(row);
    }
  }
  PairedBootstrap result;
  result.num_rows = static_cast<std::int64_t>(counted.size());
  const Order before = Sort(baseline, counted);
  const Order after = Sort(candidate, counted);
  Totals before_values{};
  Totals after_values{};
  before_values[0] = kUndefined;
  after_values[0] = kUndefined;
  measure.Measure(before, Weights(nullptr), before_values);
  measure.Measure(after, Weights(nullptr), after_values);
  result.baseline = Defined(before_values[0]);
  result.candidate = Defined(after_values[0]);
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
  result.is_identical =
      before.position == after.position && before.value == after.value && before.part == after.part;
  if (result.is_identical) {
    return result;
  }
  TileWeights tile(std::move(unit_of), num_units, source);
  result.resampling = tile.resampling();
  std::vector<double> differences;
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
  return Bootstrap(QuantileMeasure(share, !cluster_of.empty()), baseline, candidate, factor, rows,
                   cluster_of, source, draws);
}

PairedBootstrap BootstrapAreas(const OrderedColumn& baseline, const OrderedColumn& candidate,
                               double factor, std::span<const std::uint32_t> rows,
                               std::span<const std::int32_t> cluster_of, const RandomSource& source,
                               std::int64_t draws) {
  return Bootstrap(AreaMeasure(), baseline, candidate, factor, rows, cluster_of, source, draws);
}

}  // namespace assay
