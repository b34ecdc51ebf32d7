#include "evaluators/statistics/bootstrap.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <limits>

#include "evaluators/statistics/count_table.h"
#include "evaluators/statistics/poisson_sums.h"

namespace assay {
namespace {

// Distinct values with their counts, by rising value; empty when there are more than kMostKinds.
struct Kinds {
  std::vector<double> values;
  std::vector<std::int64_t> counts;
};

// Where `value` stands, or belongs, among `sorted`. Unlike std::lower_bound without branches on
// the values, which come in no order.
std::size_t LowerBound(std::span<const double> sorted, double value) {
  std::size_t at = 0;
  for (std::size_t size = sorted.size(); size > 0;) {
    const std::size_t half = (size + 1) / 2;
    at += sorted[at + half - 1] < value ? half : 0;
    size -= half;
  }
  return at;
}

Kinds Collapse(std::span<const double> values) {
  Kinds kinds;
  for (const double value : values) {
    const std::size_t at = LowerBound(kinds.values, value);
    if (at < kinds.values.size() && kinds.values[at] == value) {
      ++kinds.counts[at];
      continue;
    }
    if (kinds.values.size() == kMostKinds) {
      return {};
    }
    const auto offset = static_cast<std::ptrdiff_t>(at);
    kinds.values.insert(kinds.values.begin() + offset, value);
    kinds.counts.insert(kinds.counts.begin() + offset, 1);
  }
  return kinds;
}

std::vector<double> ByIndices(std::span<const double> values, const RandomSource& source,
                              std::int64_t draws) {
  std::vector<double> means;
  for (std::int64_t draw = 0; draw < draws; ++draw) {
    RandomSequence random(source, static_cast<std::uint32_t>(draw));
    double sum = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      sum += values[random.Below(values.size())];
    }
    means.push_back(sum / static_cast<double>(values.size()));
  }
  return means;
}

std::vector<double> ByCounts(const Kinds& kinds, std::size_t num_rows, const RandomSource& source,
                             std::int64_t draws) {
  const MultinomialTable table(kinds.counts);
  std::vector<std::int64_t> drawn(kinds.counts.size());
  std::vector<double> means;
  means.reserve(static_cast<std::size_t>(draws));
  for (std::int64_t draw = 0; draw < draws; ++draw) {
    RandomSequence random(source, static_cast<std::uint32_t>(draw));
    table.Draw(random, drawn);
    double sum = 0;
    for (std::size_t kind = 0; kind < drawn.size(); ++kind) {
      sum += static_cast<double>(drawn[kind]) * kinds.values[kind];
    }
    means.push_back(sum / static_cast<double>(num_rows));
  }
  return means;
}

std::vector<double> ByWeights(std::span<const double> values, const RandomSource& source,
                              std::int64_t draws) {
  double centre = 0;
  for (const double value : values) {
    centre += value;
  }
  centre /= static_cast<double>(values.size());
  double largest = 0;
  for (const double value : values) {
    largest = std::max(largest, std::fabs(value - centre));
  }
  const double unit = largest / static_cast<double>(SplitValues::kLargest);
  std::vector<std::int64_t> whole;
  whole.reserve(values.size());
  double rounded = 0;
  for (const double value : values) {
    whole.push_back(std::llrint((value - centre) / unit));
    rounded += static_cast<double>(whole.back());
  }
  // The mean of the rounded values is not quite 0; taking it off keeps the centre exact.
  const double offset = rounded / static_cast<double>(values.size());
  std::vector<double> means;
  means.reserve(static_cast<std::size_t>(draws));
  for (const WeightedSum& sum : PoissonSums(SplitValues(whole), source, draws)) {
    const double mean = static_cast<double>(sum.value) / static_cast<double>(sum.weight);
    means.push_back(centre + (mean - offset) * unit);
  }
  return means;
}

}  // namespace

Replicates::Replicates(std::vector<double> values) : sorted_(std::move(values)) {
  num_undefined_ = static_cast<std::int64_t>(
      std::erase_if(sorted_, [](double value) { return std::isnan(value); }));
  std::sort(sorted_.begin(), sorted_.end());
}

double Replicates::Quantile(double share) const {
  const double position = share * static_cast<double>(sorted_.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, sorted_.size() - 1);
  const double part = position - static_cast<double>(below);
  return sorted_[below] + part * (sorted_[above] - sorted_[below]);
}

std::optional<Interval> Replicates::PercentileInterval(double tail) const {
  if (sorted_.empty()) {
    return std::nullopt;
  }
  return Interval{Quantile(tail), Quantile(1 - tail)};
}

double Replicates::TwoSidedP() const {
  const auto at_most = std::upper_bound(sorted_.begin(), sorted_.end(), 0.0) - sorted_.begin();
  const auto at_least = sorted_.end() - std::lower_bound(sorted_.begin(), sorted_.end(), 0.0);
  const double fewer = static_cast<double>(std::min<std::ptrdiff_t>(at_most, at_least));
  return std::min(1.0, 2 * (fewer + 1) / static_cast<double>(sorted_.size() + 1));
}

MeanResamples BootstrapMean(std::span<const double> values, const RandomSource& source,
                            std::int64_t draws) {
  assert(!values.empty());
  if (values.size() < kFewestPoissonRows) {
    return {Replicates(ByIndices(values, source, draws)), Resampling::kIndices};
  }
  if (const Kinds kinds = Collapse(values); !kinds.values.empty()) {
    return {Replicates(ByCounts(kinds, values.size(), source, draws)), Resampling::kMultinomial};
  }
  return {Replicates(ByWeights(values, source, draws)), Resampling::kPoisson};
}

}  // namespace assay
