#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "evaluators/kernels/activation.h"
#include "evaluators/kernels/gated_unit.h"
#include "evaluators/model/architecture.h"

namespace assay {

enum class StepType : std::uint8_t {
  kLinear,      // a W^T + bias
  kActivation,  // f(a)
  kGate,        // f(a) * b, element by element
  kFusedGate,   // the same from the two halves of a
  kAdd,         // a + b
  kLayerNorm,
  kRmsNorm,
  kL2Norm,
  kSoftmax,
};

// Reads the model's input instead of a step.
inline constexpr int kInput = -1;

// One computation on a row. Its result is a layer that can be observed, under `name`: `fc1` and
// `fc1.act`; `ffn1.norm`, `ffn1.gate`, `ffn1.up`, `ffn1.mul`, `ffn1.down` and `ffn1`.
struct Step {
  StepType type = StepType::kLinear;
  std::string name;
  int a = kInput;       // step whose result it reads
  int b = kInput;       // kGate, kAdd
  std::int64_t in = 0;  // width of a
  std::int64_t out = 0;
  std::size_t block = 0;  // of the architecture
  std::string tensor;     // prefix of its tensors: `fc1` for `fc1.weight`; empty: none
  bool has_bias = false;
  Activation activation;
  std::string slopes;  // kActivation: tensor with a slope of prelu per channel; empty: one for all
  GateOrder order = GateOrder::kGateFirst;
  double epsilon = 0;
  double temperature = 1;
};

// An architecture as steps, each reading earlier ones only.
struct Program {
  std::vector<Step> steps;
  int logits = kInput;     // step; kInput: none
  int embedding = kInput;  // step; kInput: none
};
Program MakeProgram(const Architecture& architecture);

}  // namespace assay
