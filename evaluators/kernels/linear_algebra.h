#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace assay {

// Decompositions in double, by Eigen, in the variant of the active level: v4 takes that of v3,
// which is faster there. Matrices are row-major and square, size x size.

// Eigenvalues of a symmetric matrix, ascending. Empty when the iteration does not converge, as with
// NaN or infinity in it.
std::vector<double> SymmetricEigenvalues(std::span<const double> matrix, std::int64_t size);

// The orthogonal matrix R that maximises trace(R^T M), M = U S V^T, R = U V^T, and the sum of the
// singular values S. `rotation` is empty when the iteration does not converge.
struct OrthogonalFit {
  std::vector<double> rotation;
  double sum_singular_values = 0;
};
OrthogonalFit NearestOrthogonal(std::span<const double> matrix, std::int64_t size);

}  // namespace assay
