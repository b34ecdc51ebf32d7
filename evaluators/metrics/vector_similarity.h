#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace assay {

// What two vectors of equal length have to do with each other.
struct VectorSimilarity {
  double cosine = 0;  // sum(a b) / (|a| |b|), clamped to [-1, 1]
  double l2 = 0;      // |a - b|
  double norm_a = 0;  // |a|, Euclidean
  double norm_b = 0;

  bool operator==(const VectorSimilarity&) const = default;
};

// Compares `a` with `b`, read once. Absent when a vector is zero or holds NaN or infinity. Summed
// in double, components far from 1 included (1e20 and 1e-25 in float, 1e300 in double). The same
// bits on every machine: components are summed in eight lanes, which are then added in pairs.
std::optional<VectorSimilarity> CompareVectors(std::span<const float> a, std::span<const float> b);
std::optional<VectorSimilarity> CompareVectors(std::span<const float> a, std::span<const double> b);
std::optional<VectorSimilarity> CompareVectors(std::span<const double> a, std::span<const float> b);
std::optional<VectorSimilarity> CompareVectors(std::span<const double> a,
                                               std::span<const double> b);

// Why a vector has no direction.
enum class VectorState : std::uint8_t { kUsable, kZero, kNotFinite };
VectorState StateOf(std::span<const float> vector);
VectorState StateOf(std::span<const double> vector);

}  // namespace assay
