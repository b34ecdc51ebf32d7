#include "evaluators/metrics/vector_similarity.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <optional>
#include <span>
#include <vector>

#include "evaluators/kernels/isa.h"

namespace assay {
namespace {

struct Sums {
  double ab = 0;
  double aa = 0;
  double bb = 0;
  double squared_distance = 0;
};

// Eight numbers, which the compiler keeps in as many registers as the machine needs: `Doubles` of
// `Floats`, in kGroups groups.
typedef float FourFloats __attribute__((vector_size(16)));
typedef double FourDoubles __attribute__((vector_size(32)));
typedef float EightFloats __attribute__((vector_size(32)));
typedef double EightDoubles __attribute__((vector_size(64)));
constexpr std::size_t kLanes = 8;

struct InGroupsOfFour {
  using Floats = FourFloats;
  using Doubles = FourDoubles;
  static constexpr std::size_t kGroups = 2;
};
struct InOneGroup {
  using Floats = EightFloats;
  using Doubles = EightDoubles;
  static constexpr std::size_t kGroups = 1;
};

template <typename Group>
__attribute__((always_inline)) inline void Load(const float* from, typename Group::Doubles& to) {
  typename Group::Floats lanes;
  std::memcpy(&lanes, from, sizeof lanes);
  to = __builtin_convertvector(lanes, typename Group::Doubles);
}

template <typename Group>
__attribute__((always_inline)) inline void Load(const double* from, typename Group::Doubles& to) {
  std::memcpy(&to, from, sizeof to);
}

// Sums over the lanes of one group.
template <typename Group>
struct GroupSums {
  using Doubles = typename Group::Doubles;
  Doubles ab = {};
  Doubles aa = {};
  Doubles bb = {};
  Doubles squared_distance = {};

  template <typename A, typename B>
  __attribute__((always_inline)) inline void Add(const A* a, const B* b) {
    Doubles x;
    Doubles y;
    Load<Group>(a, x);
    Load<Group>(b, y);
    const Doubles difference = x - y;
    ab += x * y;
    aa += x * x;
    bb += y * y;
    squared_distance += difference * difference;
  }
};

__attribute__((always_inline)) inline double AddLanes(const double (&lanes)[kLanes]) {
  const double sums[4] = {lanes[0] + lanes[4], lanes[1] + lanes[5], lanes[2] + lanes[6],
                          lanes[3] + lanes[7]};
  return (sums[0] + sums[2]) + (sums[1] + sums[3]);
}

template <typename Group, typename A, typename B>
__attribute__((always_inline)) inline Sums SumProducts(const A* a, const B* b, std::size_t size) {
  constexpr std::size_t kGroupLanes = kLanes / Group::kGroups;
  GroupSums<Group> sums[Group::kGroups];
  std::size_t i = 0;
  for (; i + kLanes <= size; i += kLanes) {
    for (std::size_t group = 0; group < Group::kGroups; ++group) {
      sums[group].Add(a + i + group * kGroupLanes, b + i + group * kGroupLanes);
    }
  }
  if (i < size) {
    A a_tail[kLanes] = {};
    B b_tail[kLanes] = {};
    std::copy(a + i, a + size, a_tail);
    std::copy(b + i, b + size, b_tail);
    for (std::size_t group = 0; group < Group::kGroups; ++group) {
      sums[group].Add(a_tail + group * kGroupLanes, b_tail + group * kGroupLanes);
    }
  }
  double ab[kLanes];
  double aa[kLanes];
  double bb[kLanes];
  double squared_distance[kLanes];
  for (std::size_t group = 0; group < Group::kGroups; ++group) {
    const std::size_t lane = group * kGroupLanes;
    std::memcpy(ab + lane, &sums[group].ab, sizeof sums[group].ab);
    std::memcpy(aa + lane, &sums[group].aa, sizeof sums[group].aa);
    std::memcpy(bb + lane, &sums[group].bb, sizeof sums[group].bb);
    std::memcpy(squared_distance + lane, &sums[group].squared_distance,
                sizeof sums[group].squared_distance);
  }
  return {.ab = AddLanes(ab),
          .aa = AddLanes(aa),
          .bb = AddLanes(bb),
          .squared_distance = AddLanes(squared_distance)};
}

// Without fused multiply-add (see CMakeLists.txt): multiplication and addition round as elsewhere.
template <typename A, typename B>
__attribute__((target("avx512f,avx512dq,avx512vl"))) Sums SumProductsV4(const A* a, const B* b,
                                                                        std::size_t size) {
  return SumProducts<InOneGroup>(a, b, size);
}

template <typename A, typename B>
__attribute__((target("avx2"))) Sums SumProductsV3(const A* a, const B* b, std::size_t size) {
  return SumProducts<InGroupsOfFour>(a, b, size);
}

template <typename A, typename B>
Sums SumProductsHere(const A* a, const B* b, std::size_t size) {
  switch (ActiveIsa()) {
    case Isa::kV4:
      return SumProductsV4(a, b, size);
    case Isa::kV3:
      return SumProductsV3(a, b, size);
    case Isa::kBaseline:
      break;
  }
  return SumProducts<InGroupsOfFour>(a, b, size);
}

template <typename T>
bool IsFinite(std::span<const T> vector) {
  return std::all_of(vector.begin(), vector.end(), [](T x) { return std::isfinite(x); });
}

template <typename T>
double LargestMagnitude(std::span<const T> vector) {
  double largest = 0;
  for (const T x : vector) {
    largest = std::max(largest, std::abs(static_cast<double>(x)));
  }
  return largest;
}

template <typename T>
std::vector<double> Divided(std::span<const T> vector, double divisor) {
  std::vector<double> divided;
  divided.reserve(vector.size());
  for (const T x : vector) {
    divided.push_back(static_cast<double>(x) / divisor);
  }
  return divided;
}

// The same numbers where squares would leave the range of doubles: of finite, non-zero vectors.
template <typename A, typename B>
VectorSimilarity CompareScaled(std::span<const A> a, std::span<const B> b) {
  const double scale_a = LargestMagnitude(a);
  const double scale_b = LargestMagnitude(b);
  const std::vector<double> scaled_a = Divided(a, scale_a);
  const std::vector<double> scaled_b = Divided(b, scale_b);
  const Sums sums = SumProductsHere(scaled_a.data(), scaled_b.data(), scaled_a.size());
  const double scale = std::max(scale_a, scale_b);
  const double distance =
      SumProductsHere(Divided(a, scale).data(), Divided(b, scale).data(), scaled_a.size())
          .squared_distance;
  return {.cosine = std::clamp(sums.ab / (std::sqrt(sums.aa) * std::sqrt(sums.bb)), -1.0, 1.0),
          .l2 = scale * std::sqrt(distance),
          .norm_a = scale_a * std::sqrt(sums.aa),
          .norm_b = scale_b * std::sqrt(sums.bb)};
}

// Within these bounds no square has left the range of doubles.
bool IsInRange(double sum_of_squares) { return sum_of_squares > 1e-250 && sum_of_squares < 1e250; }

template <typename T>
VectorState StateOfVector(std::span<const T> vector) {
  if (IsInRange(SumProductsHere(vector.data(), vector.data(), vector.size()).aa)) {
    return VectorState::kUsable;
  }
  if (!IsFinite(vector)) {
    return VectorState::kNotFinite;
  }
  return LargestMagnitude(vector) == 0 ? VectorState::kZero : VectorState::kUsable;
}

template <typename A, typename B>
std::optional<VectorSimilarity> Compare(std::span<const A> a, std::span<const B> b) {
  const Sums sums = SumProductsHere(a.data(), b.data(), a.size());
  if (!IsInRange(sums.aa) || !IsInRange(sums.bb)) {
    if (StateOfVector(a) != VectorState::kUsable || StateOfVector(b) != VectorState::kUsable) {
      return std::nullopt;
    }
    return CompareScaled(a, b);
  }
  const double norm_a = std::sqrt(sums.aa);
  const double norm_b = std::sqrt(sums.bb);
  return VectorSimilarity{.cosine = std::clamp(sums.ab / (norm_a * norm_b), -1.0, 1.0),
                          .l2 = std::sqrt(sums.squared_distance),
                          .norm_a = norm_a,
                          .norm_b = norm_b};
}

}  // namespace

std::optional<VectorSimilarity> CompareVectors(std::span<const float> a, std::span<const float> b) {
  return Compare(a, b);
}
std::optional<VectorSimilarity> CompareVectors(std::span<const float> a,
                                               std::span<const double> b) {
  return Compare(a, b);
}
std::optional<VectorSimilarity> CompareVectors(std::span<const double> a,
                                               std::span<const float> b) {
  return Compare(a, b);
}
std::optional<VectorSimilarity> CompareVectors(std::span<const double> a,
                                               std::span<const double> b) {
  return Compare(a, b);
}

VectorState StateOf(std::span<const float> vector) { return StateOfVector(vector); }
VectorState StateOf(std::span<const double> vector) { return StateOfVector(vector); }

}  // namespace assay
