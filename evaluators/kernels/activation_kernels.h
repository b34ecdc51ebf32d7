#pragma once

#include <cstdint>

// The boundary between the per-ISA variants of the float32 activations and the rest of the program;
// see dense_kernels.h. Users call ApplyActivation() in activation.h.
namespace assay::kernels {

// y[i] = f(x[i]) for `size` values; x and y may be the same memory. `parameter` is that of
// Activation. A value has the same bits in every position: what is left at the end is filled up and
// goes the same way.
using ActivationKernel = void (*)(const float* x, std::int64_t size, double parameter, float* y);

// Measured against double: sigmoid and tanh within 1.7 ulp, silu 2.1 and gelu 4 for x >= -1, below
// 2.2e-6 and 6e-6 relative; the others are computed in double and rounded once. NaN gives NaN, the
// infinities their limits.
struct ActivationKernels {
  ActivationKernel relu;
  ActivationKernel leaky_relu;
  ActivationKernel elu;
  ActivationKernel gelu;
  ActivationKernel gelu_tanh;
  ActivationKernel quick_gelu;
  ActivationKernel silu;
  ActivationKernel mish;
  ActivationKernel sigmoid;
  ActivationKernel tanh;
};

const ActivationKernels& V3ActivationKernels();
const ActivationKernels& V4ActivationKernels();

// Those of ActiveIsa(); nullptr at the baseline, which has none.
const ActivationKernels* ActiveActivationKernels();

}  // namespace assay::kernels
