#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "evaluators/model/architecture.h"
#include "evaluators/model/numerics.h"

namespace assay {

// What a layer costs for one row that runs alone, from the architecture; nothing is measured.
struct LayerCost {
  std::string name;  // of the step
  // Arithmetic, a multiplication with its addition counted as 2, in integers as in floating point:
  // products 2 in out, and out for a bias; activations and residual sums 1 a value, gates 2;
  // layer_norm 7 a value (6 without bias), rms_norm 4, l2_norm 3, softmax 6. An elementary function
  // counts as 1. What is done once a row (a root, a division), the scale of the input and the codes
  // of int8 inputs are not counted.
  std::int64_t flops = 0;
  std::int64_t num_weights = 0;  // values of its tensors
  // Bytes of its tensors, each read once a row; a batch reads them once for all of its rows. f64
  // takes 8 a value, f32 4, bf16 and f16 2. int8 products take 1 a weight, 4 a bias and 4 a scale,
  // and other tensors of an int8 model 4 a value.
  std::int64_t weight_bytes = 0;
  // Bytes of the values that it reads and writes: 8 each in double, where f64, bf16 and f16
  // compute, 4 in float32, 1 for the codes that an int8 product reads.
  std::int64_t activation_bytes = 0;
};

// One for each step of MakeProgram(architecture).
std::vector<LayerCost> CostOf(const Architecture& architecture, const Numerics& numerics);

// Of all layers, without a name.
LayerCost TotalCost(const std::vector<LayerCost>& layers);

}  // namespace assay
