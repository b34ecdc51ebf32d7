// Compiled once for each variant, with `Eigen` defined as a name of the variant's own and
// ASSAY_EIGEN_KERNELS as the name of its table: the templates of two variants must not be merged.
#include <Eigen/Dense>
#include <cstdint>

#include "evaluators/kernels/eigen_kernels.h"

namespace assay::kernels {
namespace {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Vector = Eigen::VectorXd;

bool SymmetricEigenvalues(const double* matrix, std::int64_t size, double* values) {
  const Eigen::Map<const Matrix> input(matrix, size, size);
  if (!input.allFinite()) {
    return false;
  }
  const Eigen::SelfAdjointEigenSolver<Matrix> solver(input, Eigen::EigenvaluesOnly);
  if (solver.info() != Eigen::Success) {
    return false;
  }
  Eigen::Map<Vector>(values, size) = solver.eigenvalues();
  return true;
}

bool NearestOrthogonal(const double* matrix, std::int64_t size, double* rotation,
                       double* sum_singular_values) {
  const Eigen::Map<const Matrix> input(matrix, size, size);
  if (!input.allFinite()) {
    return false;
  }
  const Eigen::BDCSVD<Matrix> svd(input, Eigen::ComputeFullU | Eigen::ComputeFullV);
  if (svd.info() != Eigen::Success) {
    return false;
  }
  Eigen::Map<Matrix>(rotation, size, size) = svd.matrixU() * svd.matrixV().transpose();
  *sum_singular_values = svd.singularValues().sum();
  return true;
}

}  // namespace

const EigenKernels& ASSAY_EIGEN_KERNELS() {
  static constexpr EigenKernels kKernels = {SymmetricEigenvalues, NearestOrthogonal};
  return kKernels;
}

}  // namespace assay::kernels
