#include "evaluators/kernels/float_activation.h"

#include <cstdint>
#include <span>

#include "evaluators/kernels/activation_kernels.h"

namespace assay {
namespace {

// nullptr where there is none.
kernels::ActivationKernel FindKernel(ActivationKind kind) {
  const kernels::ActivationKernels* const kernels = kernels::ActiveActivationKernels();
  if (kernels == nullptr) {
    return nullptr;
  }
  switch (kind) {
    case ActivationKind::kRelu:
      return kernels->relu;
    case ActivationKind::kLeakyRelu:
    case ActivationKind::kPrelu:
      return kernels->leaky_relu;
    case ActivationKind::kElu:
      return kernels->elu;
    case ActivationKind::kGelu:
      return kernels->gelu;
    case ActivationKind::kGeluTanh:
      return kernels->gelu_tanh;
    case ActivationKind::kQuickGelu:
      return kernels->quick_gelu;
    case ActivationKind::kSilu:
      return kernels->silu;
    case ActivationKind::kMish:
      return kernels->mish;
    case ActivationKind::kSigmoid:
      return kernels->sigmoid;
    case ActivationKind::kTanh:
      return kernels->tanh;
    default:
      return nullptr;
  }
}

}  // namespace

void ApplyFloatActivation(const Activation& activation, std::span<const float> x,
                          std::span<float> y) {
  if (const kernels::ActivationKernel kernel = FindKernel(activation.kind)) {
    kernel(x.data(), static_cast<std::int64_t>(x.size()), activation.parameter, y.data());
  } else {
    ApplyActivation(activation, x, y);
  }
}

}  // namespace assay
