#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "evaluators/statistics/philox.h"

namespace assay {

// A distribution of whole numbers as a table that a 32-bit uniform number looks up. Probabilities
// are rounded to multiples of 2^-32, what lies beyond about seven standard deviations is cut off.
// Made by addition, multiplication and division alone, so tables are equal on every platform.
class CountTable {
 public:
  static CountTable Poisson(double mean);                       // mean > 0
  static CountTable Binomial(std::int64_t size, double share);  // size >= 0, 0 <= share <= 1

  std::int64_t Draw(std::uint32_t uniform) const {
    std::size_t at = guide_[uniform >> guide_shift_];
    // Nearly always at most one step: without a branch, which would often be mispredicted.
    at += uniform > last_[at] ? 1 : 0;
    while (uniform > last_[at]) {
      ++at;
    }
    return first_ + static_cast<std::int64_t>(at);
  }

 private:
  // From probabilities, up to a factor, of `first`, `first` + 1, ...
  CountTable(std::int64_t first, const std::vector<double>& weights);

  std::int64_t first_ = 0;
  std::vector<std::uint32_t> last_;   // largest number that gives first_ + i
  std::vector<std::uint16_t> guide_;  // by the leading bits: where the search starts
  int guide_shift_ = 0;
};

// Multinomial counts: how often each of several kinds of row is met when as many rows as there are
// are drawn with replacement. Exact: one binomial count after the other, each of its own table.
class MultinomialTable {
 public:
  // Numbers of rows by kind, none of them 0; fewer than 2^31 in total.
  explicit MultinomialTable(const std::vector<std::int64_t>& counts);

  // Fills `drawn`, which has an element a kind.
  void Draw(RandomSequence& random, std::vector<std::int64_t>& drawn) const;

 private:
  // Binomial(size, share) for every size: the sizes that matter are least + sums of powers of two.
  struct Kind {
    std::int64_t least = 0;
    std::vector<CountTable> tables;  // of size least, and then 1, 2, 4, ...
  };
  static std::int64_t DrawBinomial(const Kind& kind, std::int64_t size, RandomSequence& random);

  std::int64_t total_ = 0;
  std::vector<Kind> kinds_;  // all but the last, which takes the rest
};

}  // namespace assay
