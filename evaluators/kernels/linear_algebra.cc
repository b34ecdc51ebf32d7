#include "evaluators/kernels/linear_algebra.h"

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "evaluators/kernels/eigen_kernels.h"
#include "evaluators/kernels/isa.h"

namespace assay {
namespace {

const kernels::EigenKernels& ActiveEigenKernels() {
  return ActiveIsa() == Isa::kBaseline ? kernels::BaselineEigenKernels()
                                       : kernels::V3EigenKernels();
}

}  // namespace

std::vector<double> SymmetricEigenvalues(std::span<const double> matrix, std::int64_t size) {
  assert(std::ssize(matrix) == size * size);
  std::vector<double> values(static_cast<std::size_t>(size));
  if (!ActiveEigenKernels().symmetric_eigenvalues(matrix.data(), size, values.data())) {
    values.clear();
  }
  return values;
}

OrthogonalFit NearestOrthogonal(std::span<const double> matrix, std::int64_t size) {
  assert(std::ssize(matrix) == size * size);
  OrthogonalFit fit;
  fit.rotation.resize(matrix.size());
  if (!ActiveEigenKernels().nearest_orthogonal(matrix.data(), size, fit.rotation.data(),
                                               &fit.sum_singular_values)) {
    fit.rotation.clear();
  }
  return fit;
}

}  // namespace assay
