#pragma once

#include <cstdint>

// The boundary between the variants of eigen_variant.cc and the rest of the program; see
// dense_kernels.h. Users include linear_algebra.h.
namespace assay::kernels {

struct EigenKernels {
  // `values` gets `size` eigenvalues, ascending. False when the iteration does not converge.
  bool (*symmetric_eigenvalues)(const double* matrix, std::int64_t size, double* values);
  // `rotation` gets size x size values. False when the iteration does not converge.
  bool (*nearest_orthogonal)(const double* matrix, std::int64_t size, double* rotation,
                             double* sum_singular_values);
};

const EigenKernels& BaselineEigenKernels();
const EigenKernels& V3EigenKernels();

}  // namespace assay::kernels
