#include "evaluators/kernels/dense_kernels.h"

#include "evaluators/kernels/isa.h"

namespace assay::kernels {

const DenseKernels& ActiveDenseKernels() {
  switch (ActiveIsa()) {
    case Isa::kV4:
      return V4DenseKernels();
    case Isa::kV3:
      return V3DenseKernels();
    case Isa::kBaseline:
      break;
  }
  return BaselineDenseKernels();
}

}  // namespace assay::kernels
