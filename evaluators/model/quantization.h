#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluators/kernels/packed_codes.h"

namespace assay {

// How a network runs in int8. Weights are signed and symmetric: scale = max|w| / 127 in float32,
// codes in [-127, 127]. Inputs of every product are quantised: asymmetric to uint8 with a range
// that contains 0, scale = (hi - lo) / 255 in float32; or symmetric to int8, scale = max|x| / 127.
// Codes are round_half_even(x / scale) + zero point, saturated. Products accumulate in int32; the
// result acc * input_scale * weight_scale + bias is rounded once to float32. Everything else runs
// in float32. Saturation of int16 pairs, as AVX2's vpmaddubsw has it, is not imitated.
struct QuantizationScheme {
  enum class Range : std::uint8_t { kDynamicRow, kStatic };
  enum class Calibration : std::uint8_t { kMinMax, kPercentile, kEntropy };
  Range range = Range::kDynamicRow;
  bool is_symmetric = false;
  bool is_per_channel = true;                      // weights: a scale per output, or one
  Calibration calibration = Calibration::kMinMax;  // kStatic
  double percentile = 99.9;                        // kPercentile
  friend bool operator==(const QuantizationScheme&, const QuantizationScheme&) = default;
};

// Reads `dynamic_row`, `static`, `static_entropy`, `static_sym_s8_per_channel_minmax`,
// `static_asym_u8_per_tensor_pct99.9`, ...: words in any order after the first. INVALID_ARGUMENT
// names the word; dynamic ranges per batch are refused with the reason.
absl::StatusOr<QuantizationScheme> ParseQuantization(std::string_view text);
// The scheme in one spelling, every choice named.
std::string QuantizationName(const QuantizationScheme& scheme);

// How the input of one product is quantised.
struct InputCode {
  float scale = 1;
  std::int32_t zero_point = 0;
  friend bool operator==(const InputCode&, const InputCode&) = default;
};
// Code for values in [low, high].
InputCode MakeInputCode(double low, double high, bool is_symmetric);

// Input codes of a static scheme by name of the product (`fc1`, `ffn1.gate`).
using InputCodes = std::map<std::string, InputCode, std::less<>>;

// The code for the inputs of one product, from the values it saw on a calibration slice. Order does
// not matter. `values` is reordered.
InputCode Calibrate(const QuantizationScheme& scheme, std::span<double> values);

// Codes of `x`.
void QuantizeInput(std::span<const float> x, const InputCode& code, bool is_symmetric,
                   std::span<std::int16_t> codes);

// One product in int8. Immutable; thread-safe.
class QuantizedLinear {
 public:
  // `weight` is [out, in]; an empty bias is zero. A static scheme needs `input`.
  QuantizedLinear(std::span<const double> weight, std::span<const double> bias, std::int64_t in,
                  std::int64_t out, const QuantizationScheme& scheme,
                  const std::optional<InputCode>& input);
  // A row with NaN or infinity gives NaN.
  void Multiply(std::span<const float> x, std::int64_t num_rows, std::span<float> y) const;
  // sum of (code - zero point) * weight code, one an output; exact. Codes as QuantizeInput makes
  // them for the scheme.
  void Accumulate(std::span<const std::int16_t> codes, std::int32_t zero_point,
                  std::span<std::int32_t> accumulators) const;

  std::span<const std::int8_t> weight_codes() const { return codes_; }  // [out, in]
  std::span<const float> weight_scales() const { return scales_; }      // out

 private:
  void MultiplyBlock(std::span<const float> x, std::span<float> y) const;
  // How a row is quantised; absent with NaN or infinity in it.
  std::optional<InputCode> CodeOf(std::span<const float> values) const;

  std::int64_t in_;
  std::int64_t out_;
  QuantizationScheme scheme_;
  std::optional<InputCode> input_;
  std::vector<std::int8_t> codes_;
  std::unique_ptr<const PackedCodes> packed_;  // of codes_
  std::vector<float> scales_;
  std::vector<double> bias_;
};

}  // namespace assay
