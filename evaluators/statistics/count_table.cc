#include "evaluators/statistics/count_table.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>

namespace assay {
namespace {

// Weights below this share of the largest are cut off.
constexpr double kSmallestWeight = 1e-12;
constexpr int kMostGuideBits = 12;
// A multinomial's sizes are looked up up to so many standard deviations from their mean.
constexpr double kWidth = 6.5;

// Weights of mode, mode + 1, ... and of mode - 1, mode - 2, ... by their ratios, joined in order.
template <typename Up, typename Down>
std::vector<double> Spread(std::int64_t mode, std::int64_t most, const Up& ratio_up,
                           const Down& ratio_down, std::int64_t& first) {
  std::vector<double> below;
  double weight = 1;
  first = mode;
  while (first > 0) {
    weight *= ratio_down(static_cast<double>(first));
    if (weight < kSmallestWeight) {
      break;
    }
    below.push_back(weight);
    --first;
  }
  std::vector<double> weights(below.rbegin(), below.rend());
  weight = 1;
  for (std::int64_t k = mode; weight >= kSmallestWeight; ++k) {
    weights.push_back(weight);
    if (k == most) {
      break;
    }
    weight *= ratio_up(static_cast<double>(k));
  }
  return weights;
}

}  // namespace

CountTable::CountTable(std::int64_t first, const std::vector<double>& weights) : first_(first) {
  double total = 0;
  for (const double weight : weights) {
    total += weight;
  }
  double sum = 0;
  last_.reserve(weights.size());
  for (const double weight : weights) {
    sum += weight;
    const double limit = std::floor(sum / total * 0x1p32 + 0.5);
    last_.push_back(static_cast<std::uint32_t>(std::clamp(limit - 1, 0.0, 0x1p32 - 1)));
  }
  last_.back() = 0xFFFFFFFF;
  const int bits =
      std::clamp(static_cast<int>(std::bit_width(weights.size())) + 1, 4, kMostGuideBits);
  guide_shift_ = 32 - bits;
  guide_.resize(std::size_t{1} << bits);
  std::size_t at = 0;
  for (std::size_t i = 0; i < guide_.size(); ++i) {
    while (last_[at] < (static_cast<std::uint32_t>(i) << guide_shift_)) {
      ++at;
    }
    guide_[i] = static_cast<std::uint16_t>(std::min<std::size_t>(at, 0xFFFF));
  }
}

CountTable CountTable::Poisson(double mean) {
  assert(mean > 0);
  std::int64_t first = 0;
  const std::vector<double> weights = Spread(
      static_cast<std::int64_t>(mean), std::int64_t{1} << 62,
      [mean](double k) { return mean / (k + 1); }, [mean](double k) { return k / mean; }, first);
  return {first, weights};
}

CountTable CountTable::Binomial(std::int64_t size, double share) {
  assert(size >= 0 && share >= 0 && share <= 1);
  if (size == 0 || share <= 0) {
    return {0, {1.0}};
  }
  if (share >= 1) {
    return {size, {1.0}};
  }
  const double n = static_cast<double>(size);
  const double odds = share / (1 - share);
  const auto mode = std::min(size, static_cast<std::int64_t>((n + 1) * share));
  std::int64_t first = 0;
  const std::vector<double> weights = Spread(
      mode, size, [n, odds](double k) { return (n - k) / (k + 1) * odds; },
      [n, odds](double k) { return k / ((n - k + 1) * odds); }, first);
  return {first, weights};
}

MultinomialTable::MultinomialTable(const std::vector<std::int64_t>& counts) {
  for (const std::int64_t count : counts) {
    total_ += count;
  }
  const double n = static_cast<double>(total_);
  std::int64_t left = total_;
  for (std::size_t i = 0; i + 1 < counts.size(); ++i) {
    // Kinds before this one have taken their rows; what is left varies around `left`.
    const double tail = static_cast<double>(left) / n;
    const double width = kWidth * std::sqrt(n * tail * (1 - tail)) + (i > 0 ? 1 : 0);
    const double share = static_cast<double>(counts[i]) / static_cast<double>(left);
    Kind& kind = kinds_.emplace_back();
    kind.least = std::max<std::int64_t>(0, left - static_cast<std::int64_t>(std::ceil(width)));
    kind.tables.push_back(CountTable::Binomial(kind.least, share));
    const auto span = static_cast<std::uint64_t>(2 * std::ceil(width));
    for (int bit = 0; bit < static_cast<int>(std::bit_width(span)); ++bit) {
      kind.tables.push_back(CountTable::Binomial(std::int64_t{1} << bit, share));
    }
    left -= counts[i];
  }
}

std::int64_t MultinomialTable::DrawBinomial(const Kind& kind, std::int64_t size,
                                            RandomSequence& random) {
  std::int64_t drawn = 0;
  std::int64_t rest = size;
  if (size >= kind.least && kind.least > 0) {
    drawn = kind.tables[0].Draw(random.Next());
    rest -= kind.least;
  }
  const std::size_t num_powers = kind.tables.size() - 1;
  // Sizes beyond the powers are rare, or there are none because the size never varies.
  while (num_powers > 0 && rest >= std::int64_t{1} << num_powers) {
    drawn += kind.tables[num_powers].Draw(random.Next());
    rest -= std::int64_t{1} << (num_powers - 1);
  }
  // From one set bit to the next: testing every bit is a branch that nobody can predict.
  for (auto bits = static_cast<std::uint64_t>(rest); bits != 0; bits &= bits - 1) {
    drawn += kind.tables[static_cast<std::size_t>(std::countr_zero(bits)) + 1].Draw(random.Next());
  }
  return drawn;
}

void MultinomialTable::Draw(RandomSequence& random, std::vector<std::int64_t>& drawn) const {
  std::int64_t left = total_;
  for (std::size_t i = 0; i < kinds_.size(); ++i) {
    drawn[i] = DrawBinomial(kinds_[i], left, random);
    left -= drawn[i];
  }
  drawn[kinds_.size()] = left;
}

}  // namespace assay
