#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace assay {

// Doubles as whole multiples of a power of two, so that sums are exact, whatever their order and
// the instructions that compute them.
struct FixedPoint {
  std::vector<std::int64_t> values;
  double unit = 1;  // values[i] * unit is numbers[i], rounded to half a unit
};

// Rounds `numbers`, which are finite, to the coarsest unit that leaves `bits` bits (2 to 62) for
// the sum of their sizes.
inline FixedPoint SumInFixedPoint(std::span<const double> numbers, int bits) {
  double size = 0;
  for (const double number : numbers) {
    size += std::fabs(number);
  }
  FixedPoint fixed;
  fixed.values.resize(numbers.size());
  if (size == 0) {
    return fixed;
  }
  int exponent = 0;
  std::frexp(size, &exponent);
  // One bit is kept for the rounding of the numbers, which may add half a unit each.
  const int shift = std::min(bits - 1 - exponent, 1000);
  fixed.unit = std::ldexp(1.0, -shift);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    fixed.values[i] = std::llrint(std::ldexp(numbers[i], shift));
  }
  return fixed;
}

}  // namespace assay
