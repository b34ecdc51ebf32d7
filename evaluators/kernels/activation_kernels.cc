#include "evaluators/kernels/activation_kernels.h"

#include "evaluators/kernels/isa.h"

namespace assay::kernels {

const ActivationKernels* ActiveActivationKernels() {
  switch (ActiveIsa()) {
    case Isa::kV4:
      return &V4ActivationKernels();
    case Isa::kV3:
      return &V3ActivationKernels();
    case Isa::kBaseline:
      break;
  }
  return nullptr;
}

}  // namespace assay::kernels
