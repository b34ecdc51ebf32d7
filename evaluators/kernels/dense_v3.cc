// Compiled for x86-64-v3; see dense_kernels.h.
#include <immintrin.h>

#include <cstdint>

#include "evaluators/kernels/dense_kernels.h"
#include "evaluators/kernels/dense_loops.h"

namespace assay::kernels {
namespace {

struct FloatLanes {
  using Scalar = float;
  using Sum = float;
  using Vector = __m256;
  using SumVector = __m256;
  static constexpr int kLanes = 8;
  static constexpr int kRows = 6;
  static constexpr int kVectors = 2;
  static ASSAY_INLINE Vector Load(const float* p) { return _mm256_loadu_ps(p); }
  static ASSAY_INLINE Vector LoadSum(const float* p) { return _mm256_loadu_ps(p); }
  static ASSAY_INLINE void Store(float* p, Vector v) { _mm256_storeu_ps(p, v); }
  static ASSAY_INLINE Vector Zero() { return _mm256_setzero_ps(); }
  static ASSAY_INLINE Vector Broadcast(const float* p) { return _mm256_set1_ps(*p); }
  static ASSAY_INLINE Vector Add(Vector a, Vector b) { return _mm256_add_ps(a, b); }
  static ASSAY_INLINE Vector MultiplyAdd(Vector a, Vector b, Vector sum) {
    return _mm256_fmadd_ps(a, b, sum);
  }
  static ASSAY_INLINE std::uint32_t AtLeast(Vector v, Vector bound) {
    return static_cast<std::uint32_t>(_mm256_movemask_ps(_mm256_cmp_ps(v, bound, _CMP_GE_OQ)));
  }
};

struct DoubleLanes {
  using Scalar = double;
  using Sum = double;
  using Vector = __m256d;
  using SumVector = __m256d;
  static constexpr int kLanes = 4;
  static constexpr int kRows = 6;
  static constexpr int kVectors = 2;
  static ASSAY_INLINE Vector Load(const double* p) { return _mm256_loadu_pd(p); }
  static ASSAY_INLINE Vector LoadSum(const double* p) { return _mm256_loadu_pd(p); }
  static ASSAY_INLINE void Store(double* p, Vector v) { _mm256_storeu_pd(p, v); }
  static ASSAY_INLINE Vector Zero() { return _mm256_setzero_pd(); }
  static ASSAY_INLINE Vector Broadcast(const double* p) { return _mm256_set1_pd(*p); }
  static ASSAY_INLINE Vector Add(Vector a, Vector b) { return _mm256_add_pd(a, b); }
  static ASSAY_INLINE Vector MultiplyAdd(Vector a, Vector b, Vector sum) {
    return _mm256_fmadd_pd(a, b, sum);
  }
};

}  // namespace

const DenseKernels& V3DenseKernels() {
  static constexpr DenseKernels kKernels = {
      DenseLoops<FloatLanes>::Entry(), DenseLoops<DoubleLanes>::Entry(), FindAtLeast<FloatLanes>};
  return kKernels;
}

}  // namespace assay::kernels
