#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "evaluators/statistics/philox.h"

namespace assay {

// Sums of one resample in which every row has a weight of its own, drawn from Poisson(1).
struct WeightedSum {
  std::int64_t value = 0;
  std::int64_t weight = 0;
};

// Values of at most 30 bits, split so that 16-bit multiplication is enough: value = high 2^15 +
// low.
class SplitValues {
 public:
  static constexpr std::int64_t kLargest = (std::int64_t{1} << 29) - 1;  // by size

  explicit SplitValues(std::span<const std::int64_t> values);
  std::size_t size() const { return high_.size(); }
  const std::int16_t* high() const { return high_.data(); }
  const std::int16_t* low() const { return low_.data(); }

 private:
  std::vector<std::int16_t> high_;
  std::vector<std::int16_t> low_;
};

// The Poisson(1) weight of a 16-bit uniform number, from thresholds whose weights have mean 1
// exactly and variance 0.99997.
int PoissonWeight(std::uint16_t uniform);

// Draws [0, draws). Whole numbers throughout: AVX-512, AVX2 and portable code give the same bits.
// Row r of a draw has 16 bits of Philox block r / 8.
std::vector<WeightedSum> PoissonSums(const SplitValues& values, const RandomSource& source,
                                     std::int64_t draws);

// The same by code that every processor runs; for tests.
std::vector<WeightedSum> PoissonSumsPortable(const SplitValues& values, const RandomSource& source,
                                             std::int64_t draws);
// The same by AVX2, where the processor has it.
std::vector<WeightedSum> PoissonSumsAvx2(const SplitValues& values, const RandomSource& source,
                                         std::int64_t draws);

}  // namespace assay
