#include "evaluators/model/numerics.h"

#include <charconv>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "evaluators/status_macros.h"

namespace assay {
namespace {

template <typename T>
bool ReadNumber(std::string_view text, T& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

// `fc1=0.0039215689:0`.
bool ReadInput(std::string_view text, InputCodes& inputs) {
  const std::size_t equals = text.find('=');
  const std::size_t colon = text.rfind(':');
  if (equals == std::string_view::npos || colon == std::string_view::npos || colon < equals) {
    return false;
  }
  InputCode code;
  const bool is_read = ReadNumber(text.substr(equals + 1, colon - equals - 1), code.scale) &&
                       ReadNumber(text.substr(colon + 1), code.zero_point);
  inputs[std::string(text.substr(0, equals))] = code;
  return is_read;
}

}  // namespace

absl::StatusOr<Dtype> ParseDtype(std::string_view text) {
  for (const Dtype dtype : {Dtype::kF64, Dtype::kF32, Dtype::kBf16, Dtype::kF16}) {
    if (DtypeName(dtype) == text) {
      return dtype;
    }
  }
  return absl::InvalidArgumentError(
      absl::StrFormat("no such dtype: '%s'; there are f64, f32, bf16, f16", text));
}

std::string_view DtypeName(Dtype dtype) {
  switch (dtype) {
    case Dtype::kF64:
      return "f64";
    case Dtype::kF32:
      return "f32";
    case Dtype::kBf16:
      return "bf16";
    case Dtype::kF16:
      return "f16";
    case Dtype::kInt8:
      return "int8";
  }
  return "";
}

std::string NumericsText(const Numerics& numerics) {
  if (numerics.dtype != Dtype::kInt8) {
    return std::string(DtypeName(numerics.dtype));
  }
  std::string text = absl::StrFormat("int8 %s", QuantizationName(numerics.scheme));
  for (const auto& [layer, code] : numerics.inputs) {
    text += absl::StrFormat(" %s=%.9g:%d", layer, code.scale, code.zero_point);
  }
  return text;
}

absl::StatusOr<Numerics> ParseNumerics(std::string_view text) {
  const std::vector<std::string> words = absl::StrSplit(std::string(text), ' ');
  Numerics numerics;
  if (words[0] != DtypeName(Dtype::kInt8)) {
    ASSAY_ASSIGN_OR_RETURN(numerics.dtype, ParseDtype(text));
    return numerics;
  }
  numerics.dtype = Dtype::kInt8;
  ASSAY_ASSIGN_OR_RETURN(numerics.scheme, ParseQuantization(words.size() > 1 ? words[1] : ""));
  for (std::size_t i = 2; i < words.size(); ++i) {
    if (!ReadInput(words[i], numerics.inputs)) {
      return absl::InvalidArgumentError(absl::StrFormat("not an input code: '%s'", words[i]));
    }
  }
  return numerics;
}

}  // namespace assay
