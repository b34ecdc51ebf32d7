#include "evaluators/statistics/sign_flip.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <vector>

#include "evaluators/statistics/fixed_point.h"
#include "evaluators/statistics/philox_batch.h"

namespace assay {
namespace {

// Differences whose flipped sums are looked up together: 8 bits of a random word.
constexpr std::size_t kGroupSize = 8;
constexpr std::size_t kPatterns = std::size_t{1} << kGroupSize;
// One Philox block of 128 bits decides the signs of 16 groups.
constexpr std::size_t kGroupsPerBlock = 16;
constexpr std::size_t kBlockSize = kGroupsPerBlock * kGroupSize;

// Sums of `values` and what counts as at least as large as the observed one.
struct Observed {
  std::int64_t total = 0;
  std::int64_t least = 0;  // |sum| from which on a pattern counts
};

Observed Observe(std::span<const std::int64_t> values) {
  Observed observed;
  for (const std::int64_t value : values) {
    observed.total += value;
  }
  const std::int64_t size = std::abs(observed.total);
  // Every value was rounded by half a unit, and both sums are off by that much each.
  const std::int64_t tolerance = static_cast<std::int64_t>(values.size()) + (size >> 40);
  observed.least = size - tolerance;
  return observed;
}

double ExactP(std::span<const std::int64_t> values, const Observed& observed) {
  const std::uint64_t num_patterns = std::uint64_t{1} << values.size();
  std::int64_t sum = observed.total;
  std::uint64_t signs = 0;
  std::int64_t count = 1;  // the pattern seen
  // In Gray code order one sign changes at a time. Sums are exact, so none drifts.
  for (std::uint64_t i = 1; i < num_patterns; ++i) {
    const int flipped = std::countr_zero(i);
    const std::uint64_t bit = std::uint64_t{1} << flipped;
    signs ^= bit;
    const std::int64_t twice = 2 * values[static_cast<std::size_t>(flipped)];
    sum += (signs & bit) != 0 ? -twice : twice;
    count += std::abs(sum) >= observed.least ? 1 : 0;
  }
  return static_cast<double>(count) / static_cast<double>(num_patterns);
}

using Tables = std::array<std::array<std::int64_t, kPatterns>, kGroupsPerBlock>;

// tables[group][pattern]: sum of the values of the group whose bit is set.
void FillTables(std::span<const std::int64_t> values, Tables& tables) {
  for (std::size_t group = 0; group < kGroupsPerBlock; ++group) {
    std::array<std::int64_t, kPatterns>& table = tables[group];
    table[0] = 0;
    for (std::size_t bit = 0; bit < kGroupSize; ++bit) {
      const std::size_t index = group * kGroupSize + bit;
      const std::int64_t value = index < values.size() ? values[index] : 0;
      const std::size_t half = std::size_t{1} << bit;
      for (std::size_t pattern = 0; pattern < half; ++pattern) {
        table[half + pattern] = table[pattern] + value;
      }
    }
  }
}

std::int64_t FlippedSum(const Tables& tables, const PhiloxBatch& words, std::size_t draw) {
  std::int64_t sum = 0;
  for (std::size_t word = 0; word < 4; ++word) {
    const std::uint32_t bits = words[word][draw];
    sum += tables[4 * word][bits & 0xFF] + tables[4 * word + 1][(bits >> 8) & 0xFF] +
           tables[4 * word + 2][(bits >> 16) & 0xFF] + tables[4 * word + 3][bits >> 24];
  }
  return sum;
}

double DrawnP(std::span<const std::int64_t> values, const Observed& observed,
              const RandomSource& source, std::int64_t draws) {
  std::vector<std::int64_t> flipped(static_cast<std::size_t>(draws));
  Tables tables;
  PhiloxBatch words;
  for (std::size_t begin = 0; begin < values.size(); begin += kBlockSize) {
    FillTables(values.subspan(begin, std::min(kBlockSize, values.size() - begin)), tables);
    const auto block = static_cast<std::uint32_t>(begin / kBlockSize);
    for (std::size_t first = 0; first < flipped.size(); first += kPhiloxBatch) {
      FillDraws(source, static_cast<std::uint32_t>(first), block, words);
      const std::size_t count = std::min(kPhiloxBatch, flipped.size() - first);
      for (std::size_t i = 0; i < count; ++i) {
        flipped[first + i] += FlippedSum(tables, words, i);
      }
    }
  }
  const auto count = std::count_if(flipped.begin(), flipped.end(), [&](std::int64_t sum) {
    return std::abs(observed.total - 2 * sum) >= observed.least;
  });
  return static_cast<double>(count + 1) / static_cast<double>(draws + 1);
}

}  // namespace

SignFlip SignFlipTest(std::span<const double> differences, const RandomSource& source,
                      std::int64_t draws) {
  std::vector<double> nonzero;
  nonzero.reserve(differences.size());
  std::copy_if(differences.begin(), differences.end(), std::back_inserter(nonzero),
               [](double difference) { return difference != 0; });
  const FixedPoint fixed = SumInFixedPoint(nonzero, 60);
  const Observed observed = Observe(fixed.values);
  if (observed.least <= 0) {
    return {.p = 1, .draws = 0};
  }
  if (static_cast<std::int64_t>(nonzero.size()) <= kMostExactSigns) {
    return {.p = ExactP(fixed.values, observed), .draws = 0};
  }
  return {.p = DrawnP(fixed.values, observed, source, draws), .draws = draws};
}

double MonteCarloError(double p, std::int64_t draws) {
  return draws > 0 ? std::sqrt(p * (1 - p) / static_cast<double>(draws)) : 0;
}

}  // namespace assay
