#include "evaluators/model/quantization.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <limits>

#include "absl/strings/str_format.h"
#include "evaluators/model/entropy_calibration.h"

namespace assay {
namespace {

constexpr float kSymmetricCodes = 127;
constexpr double kAsymmetricCodes = 255;

constexpr std::int64_t kRowBlock = 64;

// PackedCodes takes uint8: signed codes are moved up, and their zero point with them.
std::int32_t UnsignedOffset(const QuantizationScheme& scheme) {
  return scheme.is_symmetric ? 128 : 0;
}

float ScaleOrOne(double scale) {
  const auto rounded = static_cast<float>(scale);
  return rounded > 0 ? rounded : 1;  // all zero: any scale gives the code 0
}

absl::Status UnknownWord(std::string_view text, std::string_view word) {
  return absl::InvalidArgumentError(absl::StrFormat(
      "quantisation '%s': unknown word '%s'; it is dynamic_row or static, then any of asym_u8, "
      "sym_s8, per_channel, per_tensor, minmax, pctP, entropy",
      text, word));
}

absl::Status ReadWord(std::string_view text, std::string_view word, QuantizationScheme& scheme) {
  if (word == "asym" || word == "sym") {
    scheme.is_symmetric = word == "sym";
  } else if (word == "u8" || word == "s8") {
    if (scheme.is_symmetric != (word == "s8")) {
      return absl::InvalidArgumentError(
          absl::StrFormat("quantisation '%s': symmetric inputs are s8, asymmetric ones u8", text));
    }
  } else if (word == "channel" || word == "tensor") {
    scheme.is_per_channel = word == "channel";
  } else if (word == "minmax") {
    scheme.calibration = QuantizationScheme::Calibration::kMinMax;
  } else if (word == "entropy") {
    scheme.calibration = QuantizationScheme::Calibration::kEntropy;
  } else if (word.starts_with("pct")) {
    scheme.calibration = QuantizationScheme::Calibration::kPercentile;
    const std::string_view digits = word.substr(3);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), scheme.percentile);
    if (error != std::errc() || end != digits.data() + digits.size() ||
        !(scheme.percentile > 50 && scheme.percentile <= 100)) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "quantisation '%s': a percentile is above 50 and at most 100, as pct99.9", text));
    }
  } else if (word != "per") {
    return UnknownWord(text, word);
  }
  return absl::OkStatus();
}

// The value that `share` of `values` do not exceed, between two of them by linear interpolation.
double Percentile(std::span<double> values, double share) {
  const double position = share * static_cast<double>(values.size() - 1);
  const auto lower = static_cast<std::size_t>(position);
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(lower),
                   values.end());
  const double low = values[lower];
  if (lower + 1 == values.size()) {
    return low;
  }
  const double high =
      *std::min_element(values.begin() + static_cast<std::ptrdiff_t>(lower) + 1, values.end());
  return low + (high - low) * (position - static_cast<double>(lower));
}

}  // namespace

absl::StatusOr<QuantizationScheme> ParseQuantization(std::string_view text) {
  QuantizationScheme scheme;
  std::vector<std::string_view> words;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = std::min(rest.find('_'), rest.size());
    words.push_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (words.empty() || (words[0] != "dynamic" && words[0] != "static")) {
    return UnknownWord(text, words.empty() ? "" : words[0]);
  }
  std::size_t next = 1;
  if (words[0] == "dynamic") {
    if (words.size() > 1 && words[1] == "row") {
      next = 2;
    } else {
      return absl::InvalidArgumentError(absl::StrFormat(
          "quantisation '%s': a range taken from the whole batch makes a row's answer depend on "
          "its neighbours; use dynamic_row",
          text));
    }
  } else {
    scheme.range = QuantizationScheme::Range::kStatic;
  }
  for (; next < words.size(); ++next) {
    const absl::Status status = ReadWord(text, words[next], scheme);
    if (!status.ok()) {
      return status;
    }
  }
  if (scheme.range == QuantizationScheme::Range::kDynamicRow &&
      scheme.calibration != QuantizationScheme::Calibration::kMinMax) {
    return absl::InvalidArgumentError(
        absl::StrFormat("quantisation '%s': dynamic ranges are not calibrated", text));
  }
  return scheme;
}

std::string QuantizationName(const QuantizationScheme& scheme) {
  const std::string_view input = scheme.is_symmetric ? "sym_s8" : "asym_u8";
  const std::string_view weights = scheme.is_per_channel ? "per_channel" : "per_tensor";
  if (scheme.range == QuantizationScheme::Range::kDynamicRow) {
    return absl::StrFormat("dynamic_row_%s_%s", input, weights);
  }
  std::string calibration = "minmax";
  if (scheme.calibration == QuantizationScheme::Calibration::kEntropy) {
    calibration = "entropy";
  } else if (scheme.calibration == QuantizationScheme::Calibration::kPercentile) {
    calibration = absl::StrFormat("pct%.10g", scheme.percentile);
  }
  return absl::StrFormat("static_%s_%s_%s", input, weights, calibration);
}

InputCode MakeInputCode(double low, double high, bool is_symmetric) {
  low = std::fmin(low, 0);
  high = std::fmax(high, 0);
  InputCode code;
  if (is_symmetric) {
    code.scale = ScaleOrOne(std::fmax(-low, high) / kSymmetricCodes);
    return code;
  }
  code.scale = ScaleOrOne((high - low) / kAsymmetricCodes);
  code.zero_point = static_cast<std::int32_t>(
      std::clamp(std::nearbyint(-low / static_cast<double>(code.scale)), 0.0, kAsymmetricCodes));
  return code;
}

InputCode Calibrate(const QuantizationScheme& scheme, std::span<double> values) {
  if (values.empty()) {
    return {};
  }
  switch (scheme.calibration) {
    case QuantizationScheme::Calibration::kPercentile: {
      const double share = scheme.percentile / 100;
      return MakeInputCode(Percentile(values, 1 - share), Percentile(values, share),
                           scheme.is_symmetric);
    }
    case QuantizationScheme::Calibration::kEntropy: {
      const ValueRange range = EntropyRange(values);
      return MakeInputCode(range.low, range.high, scheme.is_symmetric);
    }
    case QuantizationScheme::Calibration::kMinMax:
      break;
  }
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return MakeInputCode(*low, *high, scheme.is_symmetric);
}

void QuantizeInput(std::span<const float> x, const InputCode& code, bool is_symmetric,
                   std::span<std::int16_t> codes) {
  const float lowest = is_symmetric ? -kSymmetricCodes : 0;
  const float highest = is_symmetric ? kSymmetricCodes : static_cast<float>(kAsymmetricCodes);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const float scaled = std::nearbyint(x[i] / code.scale) + static_cast<float>(code.zero_point);
    codes[i] = static_cast<std::int16_t>(std::isnan(scaled) ? static_cast<float>(code.zero_point)
                                                            : std::clamp(scaled, lowest, highest));
  }
}

QuantizedLinear::QuantizedLinear(std::span<const double> weight, std::span<const double> bias,
                                 std::int64_t in, std::int64_t out,
                                 const QuantizationScheme& scheme,
                                 const std::optional<InputCode>& input)
    : in_(in),
      out_(out),
      scheme_(scheme),
      input_(input),
      codes_(weight.size()),
      scales_(static_cast<std::size_t>(out)),
      bias_(static_cast<std::size_t>(out), 0.0) {
  std::copy(bias.begin(), bias.end(), bias_.begin());
  std::vector<float> largest(static_cast<std::size_t>(out), 0);
  const auto width = static_cast<std::size_t>(in);
  for (std::size_t i = 0; i < weight.size(); ++i) {
    float& of_row = largest[i / width];
    of_row = std::max(of_row, std::fabs(static_cast<float>(weight[i])));
  }
  if (!scheme.is_per_channel) {
    std::fill(largest.begin(), largest.end(), *std::max_element(largest.begin(), largest.end()));
  }
  for (std::size_t o = 0; o < scales_.size(); ++o) {
    scales_[o] = ScaleOrOne(static_cast<double>(largest[o] / kSymmetricCodes));
  }
  for (std::size_t i = 0; i < weight.size(); ++i) {
    const float scaled = std::nearbyint(static_cast<float>(weight[i]) / scales_[i / width]);
    codes_[i] = static_cast<std::int8_t>(std::clamp(scaled, -kSymmetricCodes, kSymmetricCodes));
  }
  packed_ = std::make_unique<const PackedCodes>(codes_, out, in);
}

void QuantizedLinear::Accumulate(std::span<const std::int16_t> codes, std::int32_t zero_point,
                                 std::span<std::int32_t> accumulators) const {
  const std::int32_t offset = UnsignedOffset(scheme_);
  std::vector<std::uint8_t> unsigned_codes(codes.size());
  std::transform(codes.begin(), codes.end(), unsigned_codes.begin(),
                 [offset](std::int16_t code) { return static_cast<std::uint8_t>(code + offset); });
  packed_->Multiply(unsigned_codes.data(), 1, in_, accumulators.data(), out_);
  for (std::size_t o = 0; o < accumulators.size(); ++o) {
    accumulators[o] -= (zero_point + offset) * packed_->row_sums()[o];
  }
}

void QuantizedLinear::Multiply(std::span<const float> x, std::int64_t num_rows,
                               std::span<float> y) const {
  for (std::int64_t begin = 0; begin < num_rows; begin += kRowBlock) {
    const std::int64_t block_rows = std::min(kRowBlock, num_rows - begin);
    MultiplyBlock(x.subspan(static_cast<std::size_t>(begin * in_),
                            static_cast<std::size_t>(block_rows * in_)),
                  y.subspan(static_cast<std::size_t>(begin * out_),
                            static_cast<std::size_t>(block_rows * out_)));
  }
}

void QuantizedLinear::MultiplyBlock(std::span<const float> x, std::span<float> y) const {
  const auto in = static_cast<std::size_t>(in_);
  const auto out = static_cast<std::size_t>(out_);
  const std::size_t num_rows = y.size() / out;
  const std::int32_t offset = UnsignedOffset(scheme_);
  std::vector<std::int16_t> codes(in);
  std::vector<std::uint8_t> unsigned_codes(num_rows * in);
  std::vector<std::int32_t> sums(num_rows * out);
  std::vector<std::optional<InputCode>> input(num_rows);  // absent: NaN or infinity
  for (std::size_t row = 0; row < num_rows; ++row) {
    const std::span<const float> values = x.subspan(row * in, in);
    input[row] = CodeOf(values);
    if (input[row]) {
      QuantizeInput(values, *input[row], scheme_.is_symmetric, codes);
      std::transform(
          codes.begin(), codes.end(),
          unsigned_codes.begin() + static_cast<std::ptrdiff_t>(row * in),
          [offset](std::int16_t code) { return static_cast<std::uint8_t>(code + offset); });
    }
  }
  packed_->Multiply(unsigned_codes.data(), static_cast<std::int64_t>(num_rows), in_, sums.data(),
                    out_);
  for (std::size_t row = 0; row < num_rows; ++row) {
    const std::span<float> results = y.subspan(row * out, out);
    if (!input[row]) {
      std::ranges::fill(results, std::numeric_limits<float>::quiet_NaN());
      continue;
    }
    const std::int32_t zero_point = input[row]->zero_point + offset;
    const auto scale = static_cast<double>(input[row]->scale);
    for (std::size_t o = 0; o < out; ++o) {
      const std::int32_t sum = sums[row * out + o] - zero_point * packed_->row_sums()[o];
      results[o] = static_cast<float>(sum * scale * static_cast<double>(scales_[o]) + bias_[o]);
    }
  }
}

std::optional<InputCode> QuantizedLinear::CodeOf(std::span<const float> values) const {
  if (!std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); })) {
    return std::nullopt;
  }
  if (input_) {
    return input_;
  }
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return MakeInputCode(*low, *high, scheme_.is_symmetric);
}

}  // namespace assay
