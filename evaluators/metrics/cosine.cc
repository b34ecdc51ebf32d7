#include "evaluators/metrics/cosine.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <limits>
#include <optional>
#include <span>
#include <vector>

namespace assay {
namespace {

// Four numbers that the compiler keeps in as many registers as the machine needs.
typedef double DoubleLanes __attribute__((vector_size(32)));
typedef float FloatLanes __attribute__((vector_size(16)));
constexpr std::size_t kLanes = 8;  // in two groups of four

struct Sums {
  double ab = 0;
  double aa = 0;
  double bb = 0;
};

__attribute__((always_inline)) inline void Load(const float* from, DoubleLanes& to) {
  FloatLanes lanes;
  std::memcpy(&lanes, from, sizeof lanes);
  to = __builtin_convertvector(lanes, DoubleLanes);
}

__attribute__((always_inline)) inline void Load(const double* from, DoubleLanes& to) {
  std::memcpy(&to, from, sizeof to);
}

// Sums of products of four of the eight lanes.
struct LaneSums {
  DoubleLanes ab = {};
  DoubleLanes aa = {};
  DoubleLanes bb = {};

  template <typename A, typename B>
  __attribute__((always_inline)) inline void Add(const A* a, const B* b) {
    DoubleLanes x;
    DoubleLanes y;
    Load(a, x);
    Load(b, y);
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
};

__attribute__((always_inline)) inline double AddLanes(const DoubleLanes& low,
                                                      const DoubleLanes& high) {
  const DoubleLanes sums = low + high;
  return (sums[0] + sums[2]) + (sums[1] + sums[3]);
}

template <typename A, typename B>
__attribute__((always_inline)) inline Sums SumProducts(const A* a, const B* b, std::size_t size) {
  LaneSums low;
  LaneSums high;
  std::size_t i = 0;
  for (; i + kLanes <= size; i += kLanes) {
    low.Add(a + i, b + i);
    high.Add(a + i + 4, b + i + 4);
  }
  if (i < size) {
    A a_tail[kLanes] = {};
    B b_tail[kLanes] = {};
    std::copy(a + i, a + size, a_tail);
    std::copy(b + i, b + size, b_tail);
    low.Add(a_tail, b_tail);
    high.Add(a_tail + 4, b_tail + 4);
  }
  return {.ab = AddLanes(low.ab, high.ab),
          .aa = AddLanes(low.aa, high.aa),
          .bb = AddLanes(low.bb, high.bb)};
}

// AVX2 without FMA: multiplication and addition round as they do elsewhere.
#if defined(__x86_64__)
template <typename A, typename B>
__attribute__((target("avx2"))) Sums SumProductsAvx2(const A* a, const B* b, std::size_t size) {
  return SumProducts(a, b, size);
}
#endif

template <typename A, typename B>
Sums SumProductsHere(const A* a, const B* b, std::size_t size) {
#if defined(__x86_64__)
  static const bool kHasAvx2 = __builtin_cpu_supports("avx2");
  if (kHasAvx2) {
    return SumProductsAvx2(a, b, size);
  }
#endif
  return SumProducts(a, b, size);
}

template <typename T>
bool IsFinite(std::span<const T> vector) {
  return std::all_of(vector.begin(), vector.end(), [](T x) { return std::isfinite(x); });
}

// `vector` divided by its largest magnitude, which is finite and not 0.
template <typename T>
std::vector<double> Scaled(std::span<const T> vector) {
  double largest = 0;
  for (const T x : vector) {
    largest = std::max(largest, std::abs(static_cast<double>(x)));
  }
  std::vector<double> scaled;
  scaled.reserve(vector.size());
  for (const T x : vector) {
    scaled.push_back(largest == 0 ? 0.0 : static_cast<double>(x) / largest);
  }
  return scaled;
}

// Squares of doubles can leave the range of doubles; within these bounds they have not.
bool IsInRange(double sum_of_squares) { return sum_of_squares > 1e-250 && sum_of_squares < 1e250; }

template <typename A, typename B>
std::optional<double> CosineOf(std::span<const A> a, std::span<const B> b) {
  Sums sums = SumProductsHere(a.data(), b.data(), a.size());
  if (!IsInRange(sums.aa) || !IsInRange(sums.bb)) {
    if (!IsFinite(a) || !IsFinite(b)) {
      return std::nullopt;
    }
    const std::vector<double> scaled_a = Scaled(a);
    const std::vector<double> scaled_b = Scaled(b);
    sums = SumProductsHere(scaled_a.data(), scaled_b.data(), scaled_a.size());
    if (sums.aa == 0 || sums.bb == 0) {
      return std::nullopt;
    }
  }
  return std::clamp(sums.ab / (std::sqrt(sums.aa) * std::sqrt(sums.bb)), -1.0, 1.0);
}

}  // namespace

std::optional<double> Cosine(std::span<const float> a, std::span<const float> b) {
  return CosineOf(a, b);
}
std::optional<double> Cosine(std::span<const float> a, std::span<const double> b) {
  return CosineOf(a, b);
}
std::optional<double> Cosine(std::span<const double> a, std::span<const float> b) {
  return CosineOf(a, b);
}
std::optional<double> Cosine(std::span<const double> a, std::span<const double> b) {
  return CosineOf(a, b);
}

}  // namespace assay
