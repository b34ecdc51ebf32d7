#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "evaluators/kernels/activation.h"
#include "evaluators/kernels/gated_unit.h"

namespace assay {

// What an activation function is, in words for users.
struct ActivationInfo {
  ActivationKind kind;
  std::string_view name;  // ours, exact
  std::string_view formula;
  std::string_view derivative;
  std::string_view parameter;  // its name; empty: none
  double default_parameter;
  std::string_view note;  // what goes wrong with it; may be empty
};

// What another framework calls a function and what it computes under that name.
struct ActivationAlias {
  std::string_view framework;  // `torch`, `hf`, `ggml`, `onnx`, ...
  std::string_view name;       // as it is spelled there
  std::string_view meaning;    // name of ours, with the parameter where it is not the default
  std::string_view note;       // may be empty
};

// A function of a whole vector, which is a block of an architecture and no activation.
struct VectorFunctionInfo {
  std::string_view name;
  std::string_view formula;
  std::string_view derivative;
  std::string_view parameter;
  std::string_view note;
};

// In the order of ActivationKind.
std::span<const ActivationInfo> Activations();
const ActivationInfo& InfoOf(ActivationKind kind);
std::span<const ActivationAlias> ActivationAliases();
std::span<const VectorFunctionInfo> VectorFunctions();
// nullptr when there is none of that name.
const VectorFunctionInfo* FindVectorFunction(std::string_view name);

// `gelu_tanh`, `elu(0.5)`: the name, with the parameter where the function has one. ParseActivation
// reads it back to the same bits.
std::string ActivationName(const Activation& activation);

// Reads a name of ours (`gelu_tanh`, `leaky_relu(0.1)`, default parameter when none is given), a
// framework's name for it (`ggml/GELU`), or a bare alias that means one thing everywhere
// (`gelu_new`). INVALID_ARGUMENT lists the candidates when frameworks disagree about the name, and
// the nearest names when nobody knows it; gated units and softmax are no such functions.
absl::StatusOr<Activation> ParseActivation(std::string_view text);

// The gated unit of that name (`swiglu`); absent when there is none.
std::optional<GatedUnit> FindGatedUnit(std::string_view name);

}  // namespace assay
