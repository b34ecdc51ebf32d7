#pragma once

#include <span>

#include "evaluators/kernels/activation.h"

namespace assay {

// ApplyActivation() at the speed of deployments: float32 kernels of the active level for relu,
// leaky_relu, prelu, elu, gelu, gelu_tanh, quick_gelu, silu, mish, sigmoid and tanh from v3 on,
// ApplyActivation() otherwise. At most 2 ulp; gelu and silu at most 4 for x >= -1 and 1e-5 relative
// below. Exact limits, NaN stays NaN, the same bits in every position and at v3 and v4.
void ApplyFloatActivation(const Activation& activation, std::span<const float> x,
                          std::span<float> y);

}  // namespace assay
