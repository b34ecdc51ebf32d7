#include "evaluators/kernels/activation_registry.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace assay {
namespace {

using Kind = ActivationKind;

// sigma(x) = 1 / (1 + e^-x), Phi and phi the standard normal distribution function and density.
constexpr ActivationInfo kActivations[] = {
    {Kind::kIdentity, "identity", "x", "1", "", 0, ""},
    {Kind::kRelu, "relu", "max(x, 0)", "x > 0 ? 1 : 0", "", 0, ""},
    {Kind::kRelu2, "relu2", "max(x, 0)^2", "2 max(x, 0)", "", 0,
     "grows as the square: swapped into a trained network it explodes"},
    {Kind::kRelu6, "relu6", "min(max(x, 0), 6)", "0 < x < 6 ? 1 : 0", "", 0, ""},
    {Kind::kLeakyRelu, "leaky_relu", "x > 0 ? x : slope x", "x > 0 ? 1 : slope", "slope", 0.01,
     "TensorFlow's default slope is 0.2, Keras' 0.3"},
    {Kind::kPrelu, "prelu", "x > 0 ? x : slope x, slope learned", "x > 0 ? 1 : slope", "slope",
     0.25,
     "one slope, or one per channel (\"slopes\" in an architecture), which belongs to axis 1 in "
     "torch; ONNX broadcasts it from the right"},
    {Kind::kElu, "elu", "x > 0 ? x : alpha (e^x - 1)", "x > 0 ? 1 : alpha e^x", "alpha", 1,
     "exp(x) - 1 loses every digit of a small negative x; this is expm1"},
    {Kind::kSelu, "selu", "1.0507009873554805 (x > 0 ? x : 1.6732632423543772 (e^x - 1))",
     "1.0507009873554805 (x > 0 ? 1 : 1.6732632423543772 e^x)", "", 0, ""},
    {Kind::kGelu, "gelu", "x Phi(x), the exact (erf) form", "Phi(x) + x phi(x)", "", 0,
     "ggml, TensorRT-LLM and text-embeddings-inference compute gelu_tanh under this name"},
    {Kind::kGeluTanh, "gelu_tanh", "x sigma(2 sqrt(2/pi) (x + 0.044715 x^3))",
     "s + 2 x s (1 - s) sqrt(2/pi) (1 + 0.134145 x^2), s the sigma of the value", "", 0,
     "up to 4.7e-4 from gelu, near 2.7"},
    {Kind::kQuickGelu, "quick_gelu", "x sigma(1.702 x)",
     "s + 1.702 x s (1 - s), s = sigma(1.702 x)", "", 0, "up to 0.02 from gelu, near -2.3"},
    {Kind::kSilu, "silu", "x sigma(x)", "s + x s (1 - s), s = sigma(x)", "", 0, ""},
    {Kind::kSwish, "swish", "x sigma(beta x)", "s + beta x s (1 - s), s = sigma(beta x)", "beta", 1,
     "silu when beta is 1"},
    {Kind::kMish, "mish", "x tanh(log(1 + e^x))",
     "t + x (1 - t^2) sigma(x), t = tanh(log(1 + e^x))", "", 0, ""},
    {Kind::kSigmoid, "sigmoid", "1 / (1 + e^-x)", "sigma(x) sigma(-x)", "", 0, ""},
    {Kind::kTanh, "tanh", "tanh(x)", "1 / cosh(x)^2", "", 0, ""},
    {Kind::kSoftplus, "softplus", "log(1 + e^x)", "sigma(x)", "", 0,
     "torch returns x above 20, which differs by up to 2e-9"},
    {Kind::kSoftsign, "softsign", "x / (1 + |x|)", "1 / (1 + |x|)^2", "", 0, ""},
    {Kind::kHardswish, "hardswish", "x clip(x + 3, 0, 6) / 6",
     "x <= -3 ? 0 : x >= 3 ? 1 : (2 x + 3) / 6", "", 0, ""},
    {Kind::kHardsigmoid, "hardsigmoid", "clip(x + 3, 0, 6) / 6", "|x| < 3 ? 1/6 : 0", "", 0,
     "ONNX's default slope is 0.2, another function"},
    {Kind::kHardtanh, "hardtanh", "clip(x, -1, 1)", "|x| < 1 ? 1 : 0", "", 0, ""},
    {Kind::kLogSigmoid, "log_sigmoid", "-log(1 + e^-x)", "sigma(-x)", "", 0, ""},
};
static_assert(std::size(kActivations) == kNumActivationKinds);

constexpr VectorFunctionInfo kVectorFunctions[] = {
    {"softmax", "e^((x_i - max x) / T) / sum over j of e^((x_j - max x) / T)",
     "dp_i/dx_j = p_i ((i = j ? 1 : 0) - p_j) / T", "temperature",
     "T changes confidence, never which entry is largest; -inf is exactly 0, nothing but -inf is "
     "an "
     "error; +inf entries share the mass, where PyTorch gives NaN"},
};

constexpr ActivationAlias kAliases[] = {
    {"torch", "Identity", "identity", ""},
    {"torch", "ReLU", "relu", ""},
    {"torch", "ReLU6", "relu6", ""},
    {"torch", "LeakyReLU", "leaky_relu", "slope 0.01"},
    {"torch", "PReLU", "prelu", "slope starts at 0.25"},
    {"torch", "ELU", "elu", "computes exp(x) - 1"},
    {"torch", "SELU", "selu", ""},
    {"torch", "GELU", "gelu", "approximate='none', the default"},
    {"torch", "GELU_tanh", "gelu_tanh", "GELU(approximate='tanh')"},
    {"torch", "SiLU", "silu", ""},
    {"torch", "Mish", "mish", ""},
    {"torch", "Sigmoid", "sigmoid", ""},
    {"torch", "Tanh", "tanh", ""},
    {"torch", "Softplus", "softplus", "beta 1; linear above 20"},
    {"torch", "Softsign", "softsign", ""},
    {"torch", "Hardswish", "hardswish", ""},
    {"torch", "Hardsigmoid", "hardsigmoid", ""},
    {"torch", "Hardtanh", "hardtanh", ""},
    {"torch", "LogSigmoid", "log_sigmoid", ""},
    {"torch", "GLU", "glu", "the gate is the second half"},
    {"torch", "Softmax", "softmax", "T = 1"},
    {"hf", "linear", "identity", ""},
    {"hf", "relu", "relu", ""},
    {"hf", "relu2", "relu2", ""},
    {"hf", "relu6", "relu6", ""},
    {"hf", "leaky_relu", "leaky_relu", ""},
    {"hf", "prelu", "prelu", ""},
    {"hf", "gelu", "gelu", ""},
    {"hf", "gelu_python", "gelu", ""},
    {"hf", "gelu_10", "", "gelu clipped to [-10, 10]"},
    {"hf", "gelu_new", "gelu_tanh", ""},
    {"hf", "gelu_fast", "gelu_tanh", "not quick_gelu"},
    {"hf", "gelu_accurate", "gelu_tanh", "not the exact form"},
    {"hf", "gelu_pytorch_tanh", "gelu_tanh", ""},
    {"hf", "gelu_python_tanh", "gelu_tanh", ""},
    {"hf", "quick_gelu", "quick_gelu", "as in CLIP"},
    {"hf", "silu", "silu", ""},
    {"hf", "swish", "silu", ""},
    {"hf", "mish", "mish", ""},
    {"hf", "sigmoid", "sigmoid", ""},
    {"hf", "tanh", "tanh", ""},
    {"hf", "laplace", "", "0.5 (1 + erf((x - 0.707107) / 0.398942))"},
    {"hf", "xielu", "", "a learned function"},
    {"ggml", "RELU", "relu", ""},
    {"ggml", "LEAKY_RELU", "leaky_relu", "slope is always given"},
    {"ggml", "ELU", "elu", ""},
    {"ggml", "GELU", "gelu_tanh", "with GGML_GELU_FP16 from a table of float16 inputs"},
    {"ggml", "GELU_ERF", "gelu", ""},
    {"ggml", "GELU_QUICK", "quick_gelu", ""},
    {"ggml", "SILU", "silu", ""},
    {"ggml", "SIGMOID", "sigmoid", ""},
    {"ggml", "TANH", "tanh", ""},
    {"ggml", "HARDSWISH", "hardswish", ""},
    {"ggml", "HARDSIGMOID", "hardsigmoid", ""},
    {"ggml", "XIELU", "", "a learned function"},
    {"ggml", "SOFT_MAX", "softmax", "its scale is 1 / T, and a mask is added after it"},
    {"ggml", "REGLU", "reglu", ""},
    {"ggml", "SWIGLU", "swiglu", ""},
    {"ggml", "SWIGLU_OAI", "", "swiglu with alpha 1.702, clamped inputs and up + 1"},
    {"ggml", "GEGLU", "geglu_tanh", "the tanh form, as GELU is"},
    {"ggml", "GEGLU_ERF", "geglu", ""},
    {"ggml", "GEGLU_QUICK", "geglu_quick", ""},
    {"onnx", "Identity", "identity", ""},
    {"onnx", "Relu", "relu", ""},
    {"onnx", "LeakyRelu", "leaky_relu", ""},
    {"onnx", "PRelu", "prelu", "slope broadcasts from the right"},
    {"onnx", "Elu", "elu", ""},
    {"onnx", "Selu", "selu", ""},
    {"onnx", "Gelu", "gelu", "approximate='none', the default; opset 20"},
    {"onnx", "Mish", "mish", "opset 18"},
    {"onnx", "Sigmoid", "sigmoid", ""},
    {"onnx", "Tanh", "tanh", ""},
    {"onnx", "Softplus", "softplus", ""},
    {"onnx", "Softsign", "softsign", ""},
    {"onnx", "HardSwish", "hardswish", ""},
    {"onnx", "Softmax", "softmax", "T = 1; before opset 13 over all axes from `axis` on"},
    {"onnx", "HardSigmoid", "", "clip(0.2 x + 0.5, 0, 1) by default"},
    {"tensorrt_llm", "gelu", "gelu_tanh", ""},
    {"tei", "gelu", "gelu_tanh", "text-embeddings-inference maps every gelu to tanh"},
    {"onednn", "swish", "swish", "alpha is beta, and always given"},
    {"tensorflow", "leaky_relu", "leaky_relu(0.2)", ""},
    {"keras", "hard_sigmoid", "", "clip(0.2 x + 0.5, 0, 1) before Keras 3"},
};

std::string Lower(std::string_view text) {
  std::string lower(text);
  absl::AsciiStrToLower(&lower);
  return lower;
}

std::string AliasText(const ActivationAlias& alias) {
  return absl::StrFormat("%s/%s", alias.framework, alias.name);
}

const ActivationInfo* FindInfo(std::string_view name) {
  const auto* const found =
      std::find_if(std::begin(kActivations), std::end(kActivations),
                   [name](const ActivationInfo& info) { return info.name == name; });
  return found == std::end(kActivations) ? nullptr : found;
}

// `name` or `name(parameter)` of ours.
absl::StatusOr<Activation> ParseOwnName(std::string_view text) {
  const std::size_t open = text.find('(');
  const ActivationInfo* const info = FindInfo(text.substr(0, open));
  if (info == nullptr) {
    return absl::NotFoundError("");
  }
  if (open == std::string_view::npos) {
    return Activation{info->kind, info->default_parameter};
  }
  if (info->parameter.empty()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("activation '%s': %s takes no parameter", text, info->name));
  }
  double parameter = 0;
  const char* const begin = text.data() + open + 1;
  const char* const end = text.data() + text.size() - 1;
  const auto [stop, error] = std::from_chars(begin, end, parameter);
  if (!text.ends_with(')') || error != std::errc() || stop != end || !std::isfinite(parameter)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("activation '%s': write %s(%s), for instance %s(%g)", text, info->name,
                        info->parameter, info->name, info->default_parameter));
  }
  return Activation{info->kind, parameter};
}

absl::Status TakesTwoInputs(std::string_view text, GatedUnit unit) {
  return absl::InvalidArgumentError(absl::StrFormat(
      "'%s' is a gated unit of two inputs, %s(gate) up: it stands in a gated_ffn; the function of "
      "the gate is %s",
      text, InfoOf(GateActivation(unit).kind).name, InfoOf(GateActivation(unit).kind).name));
}

absl::Status OfWholeVectors(std::string_view text) {
  return absl::InvalidArgumentError(absl::StrFormat(
      "'%s' is a function of a whole vector: it is a block of its own, no activation", text));
}

absl::StatusOr<Activation> ParseMeaning(const ActivationAlias& alias) {
  if (alias.meaning.empty()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("activation '%s' is not supported: %s", AliasText(alias), alias.note));
  }
  if (const std::optional<GatedUnit> unit = FindGatedUnit(alias.meaning)) {
    return TakesTwoInputs(AliasText(alias), *unit);
  }
  if (FindVectorFunction(alias.meaning) != nullptr) {
    return OfWholeVectors(AliasText(alias));
  }
  return ParseOwnName(alias.meaning);
}

absl::Status Ambiguous(std::string_view text, const std::vector<const ActivationAlias*>& aliases) {
  std::vector<std::string> meanings;
  meanings.reserve(aliases.size());
  for (const ActivationAlias* alias : aliases) {
    meanings.push_back(absl::StrFormat("%s is %s", AliasText(*alias),
                                       alias->meaning.empty()
                                           ? absl::StrFormat("another function (%s)", alias->note)
                                           : std::string(alias->meaning)));
  }
  return absl::InvalidArgumentError(
      absl::StrFormat("activation '%s' means different things: %s; name the exact one", text,
                      absl::StrJoin(meanings, ", ")));
}

// Number of single-character edits between two short names.
std::size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) {
    row[j] = j;
  }
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({substituted, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

absl::Status Unknown(std::string_view text) {
  constexpr std::size_t kLongestName = 64;
  const std::string lower = Lower(text.substr(0, kLongestName));
  std::vector<std::string> names;
  for (const ActivationInfo& info : kActivations) {
    names.emplace_back(info.name);
  }
  std::stable_sort(names.begin(), names.end(), [&](const std::string& a, const std::string& b) {
    return EditDistance(lower, a) < EditDistance(lower, b);
  });
  names.resize(3);
  return absl::InvalidArgumentError(absl::StrFormat("no such activation: '%s'; near it: %s",
                                                    text.substr(0, kLongestName),
                                                    absl::StrJoin(names, ", ")));
}

}  // namespace

std::span<const ActivationInfo> Activations() { return kActivations; }

const ActivationInfo& InfoOf(ActivationKind kind) {
  return kActivations[static_cast<std::size_t>(kind)];
}

std::span<const ActivationAlias> ActivationAliases() { return kAliases; }

std::string ActivationName(const Activation& activation) {
  const ActivationInfo& info = InfoOf(activation.kind);
  if (info.parameter.empty()) {
    return std::string(info.name);
  }
  std::array<char, 32> digits{};
  const auto [end, error] =
      std::to_chars(digits.data(), digits.data() + digits.size(), activation.parameter);
  return absl::StrFormat(
      "%s(%s)", info.name,
      std::string_view(digits.data(), static_cast<std::size_t>(end - digits.data())));
}

absl::StatusOr<Activation> ParseActivation(std::string_view text) {
  absl::StatusOr<Activation> own = ParseOwnName(text);
  if (!absl::IsNotFound(own.status())) {
    return own;
  }
  if (const std::optional<GatedUnit> unit = FindGatedUnit(text)) {
    return TakesTwoInputs(text, *unit);
  }
  if (FindVectorFunction(text) != nullptr) {
    return OfWholeVectors(text);
  }
  const std::string lower = Lower(text);
  const bool has_framework = text.find('/') != std::string_view::npos;
  std::vector<const ActivationAlias*> matches;
  bool is_disputed = false;
  for (const ActivationAlias& alias : kAliases) {
    if (has_framework) {
      if (lower == Lower(AliasText(alias))) {
        return ParseMeaning(alias);
      }
    } else if (lower == Lower(alias.name)) {
      is_disputed = is_disputed || (!matches.empty() && matches[0]->meaning != alias.meaning);
      matches.push_back(&alias);
    }
  }
  if (matches.empty()) {
    return Unknown(text);
  }
  return is_disputed ? Ambiguous(text, matches) : ParseMeaning(*matches[0]);
}

std::span<const VectorFunctionInfo> VectorFunctions() { return kVectorFunctions; }

const VectorFunctionInfo* FindVectorFunction(std::string_view name) {
  const auto* const found =
      std::find_if(std::begin(kVectorFunctions), std::end(kVectorFunctions),
                   [name](const VectorFunctionInfo& info) { return info.name == name; });
  return found == std::end(kVectorFunctions) ? nullptr : found;
}

std::optional<GatedUnit> FindGatedUnit(std::string_view name) {
  for (int unit = 0; unit < kNumGatedUnits; ++unit) {
    if (GatedUnitName(static_cast<GatedUnit>(unit)) == name) {
      return static_cast<GatedUnit>(unit);
    }
  }
  return std::nullopt;
}

}  // namespace assay
