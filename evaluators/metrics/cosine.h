#pragma once

#include <optional>
#include <span>

namespace assay {

// Cosine of the angle between `a` and `b`, of equal length: sum(a b) / (|a| |b|), summed in double
// and clamped to [-1, 1]. Absent when a vector is zero or holds NaN or infinity. The same bits on
// every machine: components are summed in eight lanes, which are then added in pairs.
std::optional<double> Cosine(std::span<const float> a, std::span<const float> b);
std::optional<double> Cosine(std::span<const float> a, std::span<const double> b);
std::optional<double> Cosine(std::span<const double> a, std::span<const float> b);
std::optional<double> Cosine(std::span<const double> a, std::span<const double> b);

}  // namespace assay
