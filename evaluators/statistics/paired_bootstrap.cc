#include "evaluators/statistics/paired_bootstrap.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "evaluators/statistics/count_table.h"
#include "evaluators/statistics/philox_batch.h"

namespace assay {
namespace {

// Draws made together: their totals lie side by side.
constexpr std::size_t kTile = kPhiloxBatch;
// Rows of one pair of outcomes whose values are kept one by one.
constexpr std::int64_t kFewValues = 32;

// What rows that are always drawn together add to both sides, for one unit of weight.
struct Contribution {
  std::int32_t baseline = -1;  // outcomes; -1: none on this side
  std::int32_t candidate = -1;
  double num_rows = 1;
  double baseline_value = 0;  // summed over num_rows
  double candidate_value = 0;
};

// Something that is drawn with replacement: a cluster, or `num_alike` rows that are alike.
struct Unit {
  std::int64_t num_alike = 1;
  std::size_t begin = 0;  // contributions [begin, end)
  std::size_t end = 0;
  // Values vary around their means by a normal distribution with covariance L L', for each row:
  // L = [spread, 0; shared, own].
  bool varies = false;
  double spread = 0;
  double shared = 0;
  double own = 0;
};

// Moments of the values of rows with one pair of outcomes.
struct Group {
  std::int32_t baseline = -1;
  std::int32_t candidate = -1;
  std::int64_t num_rows = 0;
  double baseline_sum = 0;
  double candidate_sum = 0;
  double baseline_square = 0;  // about the means
  double candidate_square = 0;
  double product = 0;
};

using TileRow = std::array<double, kTile>;

// Totals of a tile of draws: totals[outcome][draw].
struct TileTotals {
  std::vector<TileRow> weight;
  std::vector<TileRow> value;

  void Reset(const OutcomeColumn& column) {
    weight.assign(static_cast<std::size_t>(column.num_outcomes), TileRow{});
    value.assign(column.value.empty() ? 0 : static_cast<std::size_t>(column.num_outcomes),
                 TileRow{});
  }
  void Copy(std::size_t draw, OutcomeTotals& totals) const {
    for (std::size_t i = 0; i < weight.size(); ++i) {
      totals.weight[i] = weight[i][draw];
    }
    for (std::size_t i = 0; i < value.size(); ++i) {
      totals.value[i] = value[i][draw];
    }
  }
};

OutcomeTotals EmptyTotals(const OutcomeColumn& column) {
  OutcomeTotals totals;
  totals.weight.resize(static_cast<std::size_t>(column.num_outcomes));
  totals.value.resize(column.value.empty() ? 0 : totals.weight.size());
  return totals;
}

double ValueAt(const OutcomeColumn& column, std::uint32_t row) {
  return column.value.empty() || column.outcome[row] < 0 ? 0 : column.value[row];
}

OutcomeTotals Observe(const OutcomeColumn& column, std::span<const std::uint32_t> rows) {
  OutcomeTotals totals = EmptyTotals(column);
  for (const std::uint32_t row : rows) {
    if (const std::int32_t outcome = column.outcome[row]; outcome >= 0) {
      totals.weight[static_cast<std::size_t>(outcome)] += 1;
      if (!totals.value.empty()) {
        totals.value[static_cast<std::size_t>(outcome)] += column.value[row];
      }
    }
  }
  return totals;
}

// Collapses rows to units.
class UnitBuilder {
 public:
  UnitBuilder(const PairedOutcomes& outcomes, std::span<const std::uint32_t> rows)
      : baseline_(outcomes.baseline), candidate_(outcomes.candidate), rows_(rows) {}

  void ByOutcome() {
    GroupRows();
    std::vector<Group> groups = Moments();
    const bool has_values = !baseline_.value.empty() || !candidate_.value.empty();
    for (const Group& group : groups) {
      if (!has_values || (group.num_rows > kFewValues)) {
        AddGroup(group);
      }
    }
    if (has_values) {
      for (std::size_t i = 0; i < rows_.size(); ++i) {
        if (groups[group_of_[i]].num_rows <= kFewValues) {
          AddUnit(RowAlone(rows_[i]));
        }
      }
    }
  }

  void ByCluster(std::span<const std::int32_t> cluster_of) {
    std::vector<std::vector<Contribution>> clusters;
    absl::flat_hash_map<std::int32_t, std::size_t> position;
    for (const std::uint32_t row : rows_) {
      std::size_t at = clusters.size();
      if (cluster_of[row] >= 0) {
        at = position.try_emplace(cluster_of[row], at).first->second;
      }
      if (at == clusters.size()) {
        clusters.emplace_back();
      }
      AddRow(row, clusters[at]);
    }
    for (const std::vector<Contribution>& cluster : clusters) {
      Unit& unit = units.emplace_back();
      unit.begin = contributions.size();
      contributions.insert(contributions.end(), cluster.begin(), cluster.end());
      unit.end = contributions.size();
    }
  }

  std::vector<Unit> units;
  std::vector<Contribution> contributions;

 private:
  Contribution RowAlone(std::uint32_t row) const {
    return {.baseline = baseline_.outcome[row],
            .candidate = candidate_.outcome[row],
            .baseline_value = ValueAt(baseline_, row),
            .candidate_value = ValueAt(candidate_, row)};
  }

  void AddRow(std::uint32_t row, std::vector<Contribution>& cluster) const {
    const Contribution alone = RowAlone(row);
    for (Contribution& each : cluster) {
      if (each.baseline == alone.baseline && each.candidate == alone.candidate) {
        each.num_rows += 1;
        each.baseline_value += alone.baseline_value;
        each.candidate_value += alone.candidate_value;
        return;
      }
    }
    cluster.push_back(alone);
  }

  void GroupRows() {
    absl::flat_hash_map<std::int64_t, std::uint32_t> number;
    const std::int64_t stride = std::int64_t{candidate_.num_outcomes} + 1;
    group_of_.reserve(rows_.size());
    std::int64_t last_key = -1;
    std::uint32_t last = 0;
    for (const std::uint32_t row : rows_) {
      const std::int64_t key =
          (baseline_.outcome[row] + std::int64_t{1}) * stride + candidate_.outcome[row] + 1;
      if (key != last_key) {
        last = number.try_emplace(key, static_cast<std::uint32_t>(number.size())).first->second;
        last_key = key;
      }
      group_of_.push_back(last);
    }
    num_groups_ = number.size();
  }

  std::vector<Group> Moments() const {
    std::vector<Group> groups(num_groups_);
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      Group& group = groups[group_of_[i]];
      group.baseline = baseline_.outcome[rows_[i]];
      group.candidate = candidate_.outcome[rows_[i]];
      ++group.num_rows;
      group.baseline_sum += ValueAt(baseline_, rows_[i]);
      group.candidate_sum += ValueAt(candidate_, rows_[i]);
    }
    if (baseline_.value.empty() && candidate_.value.empty()) {
      return groups;
    }
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      Group& group = groups[group_of_[i]];
      const double n = static_cast<double>(group.num_rows);
      const double baseline = ValueAt(baseline_, rows_[i]) - group.baseline_sum / n;
      const double candidate = ValueAt(candidate_, rows_[i]) - group.candidate_sum / n;
      group.baseline_square += baseline * baseline;
      group.candidate_square += candidate * candidate;
      group.product += baseline * candidate;
    }
    return groups;
  }

  void AddUnit(const Contribution& contribution) {
    Unit& unit = units.emplace_back();
    unit.begin = contributions.size();
    contributions.push_back(contribution);
    unit.end = contributions.size();
  }

  void AddGroup(const Group& group) {
    const double n = static_cast<double>(group.num_rows);
    AddUnit({.baseline = group.baseline,
             .candidate = group.candidate,
             .baseline_value = group.baseline_sum / n,
             .candidate_value = group.candidate_sum / n});
    Unit& unit = units.back();
    unit.num_alike = group.num_rows;
    unit.spread = std::sqrt(group.baseline_square / n);
    unit.shared = unit.spread > 0 ? group.product / n / unit.spread : 0;
    unit.own = std::sqrt(std::max(0.0, group.candidate_square / n - unit.shared * unit.shared));
    unit.varies = unit.spread > 0 || unit.own > 0;
  }

  const OutcomeColumn& baseline_;
  const OutcomeColumn& candidate_;
  const std::span<const std::uint32_t> rows_;
  std::vector<std::uint32_t> group_of_;  // by position in rows_
  std::size_t num_groups_ = 0;
};

// A nearly normal number, mean 0 and variance 1, of 64 random bits: how many are set. Only whole
// numbers until the last step, and so the same everywhere.
double Normal(std::uint32_t a, std::uint32_t b) {
  return (std::popcount(a) + std::popcount(b) - 32) * 0.25;
}

class Resampler {
 public:
  Resampler(const PairedOutcomes& outcomes, const std::vector<Unit>& units,
            const std::vector<Contribution>& contributions, const RandomSource& source)
      : outcomes_(outcomes), units_(units), contributions_(contributions), source_(source) {
    for (const Unit& unit : units) {
      num_drawn_ += unit.num_alike;
    }
    draws_indices_ = num_drawn_ < static_cast<std::int64_t>(kFewestPoissonRows);
    if (!draws_indices_) {
      MakeTables();
    }
  }

  Resampling resampling() const {
    return draws_indices_ ? Resampling::kIndices : Resampling::kPoisson;
  }

  std::vector<double> Run(std::int64_t draws) {
    std::vector<double> differences;
    differences.reserve(static_cast<std::size_t>(draws));
    OutcomeTotals baseline = EmptyTotals(outcomes_.baseline);
    OutcomeTotals candidate = EmptyTotals(outcomes_.candidate);
    for (std::int64_t first = 0; first < draws; first += static_cast<std::int64_t>(kTile)) {
      DrawTile(static_cast<std::uint32_t>(first));
      const auto size = static_cast<std::size_t>(
          std::min<std::int64_t>(static_cast<std::int64_t>(kTile), draws - first));
      for (std::size_t draw = 0; draw < size; ++draw) {
        baseline_.Copy(draw, baseline);
        candidate_.Copy(draw, candidate);
        const std::optional<double> before = outcomes_.baseline_statistic(baseline);
        const std::optional<double> after = outcomes_.candidate_statistic(candidate);
        differences.push_back(before.has_value() && after.has_value()
                                  ? *after - outcomes_.factor * *before
                                  : std::numeric_limits<double>::quiet_NaN());
      }
    }
    return differences;
  }

 private:
  void MakeTables() {
    absl::flat_hash_map<std::int64_t, std::size_t> position;
    table_of_.reserve(units_.size());
    for (const Unit& unit : units_) {
      const auto [found, is_new] = position.try_emplace(unit.num_alike, tables_.size());
      if (is_new) {
        tables_.push_back(CountTable::Poisson(static_cast<double>(unit.num_alike)));
      }
      table_of_.push_back(found->second);
    }
  }

  void DrawTile(std::uint32_t first_draw) {
    baseline_.Reset(outcomes_.baseline);
    candidate_.Reset(outcomes_.candidate);
    if (draws_indices_) {
      DrawIndices(first_draw);
      return;
    }
    // A unit takes one random word for its count and, if its values vary, a block of its own for
    // them: those have the upper half of the block numbers.
    constexpr std::uint32_t kValueBlocks = std::uint32_t{1} << 31;
    PhiloxBatch words;
    TileRow weight;
    for (std::size_t i = 0; i < units_.size(); ++i) {
      if (i % 4 == 0) {
        FillDraws(source_, first_draw, static_cast<std::uint32_t>(i / 4), words);
      }
      const CountTable& table = tables_[table_of_[i]];
      for (std::size_t draw = 0; draw < kTile; ++draw) {
        weight[draw] = static_cast<double>(table.Draw(words[i % 4][draw]));
      }
      Add(units_[i], weight);
      if (units_[i].varies) {
        PhiloxBatch value_words;
        FillDraws(source_, first_draw, kValueBlocks + static_cast<std::uint32_t>(i), value_words);
        AddVariation(units_[i], weight, value_words);
      }
    }
  }

  void DrawIndices(std::uint32_t first_draw) {
    std::vector<std::size_t> unit_of;
    for (std::size_t i = 0; i < units_.size(); ++i) {
      unit_of.insert(unit_of.end(), static_cast<std::size_t>(units_[i].num_alike), i);
    }
    std::vector<TileRow> weights(units_.size(), TileRow{});
    for (std::size_t draw = 0; draw < kTile; ++draw) {
      RandomSequence random(source_, first_draw + static_cast<std::uint32_t>(draw));
      for (std::size_t i = 0; i < unit_of.size(); ++i) {
        weights[unit_of[random.Below(unit_of.size())]][draw] += 1;
      }
    }
    for (std::size_t i = 0; i < units_.size(); ++i) {
      Add(units_[i], weights[i]);
    }
  }

  static void AddScaled(const TileRow& weight, double factor, TileRow& to) {
    for (std::size_t draw = 0; draw < kTile; ++draw) {
      to[draw] += weight[draw] * factor;
    }
  }

  void Add(const Unit& unit, const TileRow& weight) {
    for (std::size_t i = unit.begin; i < unit.end; ++i) {
      const Contribution& each = contributions_[i];
      AddSide(each.baseline, each.num_rows, each.baseline_value, weight, baseline_);
      AddSide(each.candidate, each.num_rows, each.candidate_value, weight, candidate_);
    }
  }

  static void AddSide(std::int32_t outcome, double num_rows, double value, const TileRow& weight,
                      TileTotals& totals) {
    if (outcome < 0) {
      return;
    }
    const auto at = static_cast<std::size_t>(outcome);
    AddScaled(weight, num_rows, totals.weight[at]);
    if (!totals.value.empty()) {
      AddScaled(weight, value, totals.value[at]);
    }
  }

  void AddVariation(const Unit& unit, const TileRow& weight, const PhiloxBatch& words) {
    const Contribution& only = contributions_[unit.begin];
    for (std::size_t draw = 0; draw < kTile; ++draw) {
      const double size = std::sqrt(weight[draw]);
      const double first = Normal(words[0][draw], words[1][draw]);
      const double second = Normal(words[2][draw], words[3][draw]);
      if (unit.spread > 0) {
        baseline_.value[static_cast<std::size_t>(only.baseline)][draw] +=
            size * (unit.spread * first);
      }
      if (unit.shared != 0 || unit.own > 0) {
        candidate_.value[static_cast<std::size_t>(only.candidate)][draw] +=
            size * (unit.shared * first + unit.own * second);
      }
    }
  }

  const PairedOutcomes& outcomes_;
  const std::vector<Unit>& units_;
  const std::vector<Contribution>& contributions_;
  const RandomSource source_;
  std::int64_t num_drawn_ = 0;
  bool draws_indices_ = false;
  std::vector<CountTable> tables_;
  std::vector<std::size_t> table_of_;  // by unit
  TileTotals baseline_;
  TileTotals candidate_;
};

bool AreAlike(const PairedOutcomes& outcomes, std::span<const std::uint32_t> rows) {
  return std::all_of(rows.begin(), rows.end(), [&](std::uint32_t row) {
    return outcomes.baseline.outcome[row] == outcomes.candidate.outcome[row] &&
           ValueAt(outcomes.baseline, row) == ValueAt(outcomes.candidate, row);
  });
}

}  // namespace

PairedBootstrap BootstrapPairs(const PairedOutcomes& outcomes, std::span<const std::uint32_t> rows,
                               std::span<const std::int32_t> cluster_of, const RandomSource& source,
                               std::int64_t draws) {
  PairedBootstrap result;
  std::vector<std::uint32_t> counted;
  counted.reserve(rows.size());
  std::copy_if(rows.begin(), rows.end(), std::back_inserter(counted), [&](std::uint32_t row) {
    return outcomes.baseline.outcome[row] >= 0 || outcomes.candidate.outcome[row] >= 0;
  });
  result.num_rows = static_cast<std::int64_t>(counted.size());
  result.baseline = outcomes.baseline_statistic(Observe(outcomes.baseline, counted));
  result.candidate = outcomes.candidate_statistic(Observe(outcomes.candidate, counted));
  if (!result.baseline.has_value() || !result.candidate.has_value()) {
    return result;
  }
  UnitBuilder builder(outcomes, counted);
  if (cluster_of.empty()) {
    builder.ByOutcome();
  } else {
    builder.ByCluster(cluster_of);
    result.num_clusters = static_cast<std::int64_t>(builder.units.size());
  }
  result.is_identical = *result.baseline == *result.candidate && AreAlike(outcomes, counted);
  if (result.is_identical) {
    return result;
  }
  Resampler resampler(outcomes, builder.units, builder.contributions, source);
  result.resampling = resampler.resampling();
  result.differences = Replicates(resampler.Run(draws));
  return result;
}

}  // namespace assay
