#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "evaluators/model/quantization.h"

namespace assay {

// In what numbers a network runs.
enum class Dtype : std::uint8_t {
  kF64,   // the referee: double throughout
  kF32,   // as deployed in float32: sums in order, activations rounded once
  kBf16,  // weights rounded to bfloat16, otherwise the referee
  kF16,   // weights rounded to half, otherwise the referee
  kInt8,  // see QuantizationScheme
};

struct Numerics {
  Dtype dtype = Dtype::kF64;
  QuantizationScheme scheme;  // kInt8
  InputCodes inputs;          // kInt8 with a static scheme: one for each product
};

// `f64`, `f32`, `bf16`, `f16`.
absl::StatusOr<Dtype> ParseDtype(std::string_view text);
std::string_view DtypeName(Dtype dtype);

// The numerics in one spelling, input codes included, with every bit: equal texts mean equal
// arithmetic. ParseNumerics reads it back.
std::string NumericsText(const Numerics& numerics);
absl::StatusOr<Numerics> ParseNumerics(std::string_view text);

}  // namespace assay
