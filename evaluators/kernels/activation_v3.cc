// Compiled for x86-64-v3; see activation_kernels.h.
#include <immintrin.h>

#include <cstdint>

#include "evaluators/kernels/activation_kernels.h"
#include "evaluators/kernels/activation_loops.h"

namespace assay::kernels {
namespace {

struct FloatLanes {
  using Float = __m256;
  using Number = __m256;
  using Scalar = float;
  static constexpr int kLanes = 8;

  static ASSAY_INLINE Float Load(const float* p) { return _mm256_loadu_ps(p); }
  static ASSAY_INLINE void Store(float* p, Float v) { _mm256_storeu_ps(p, v); }
  static ASSAY_INLINE Number Widen(Float v) { return v; }
  static ASSAY_INLINE Float Narrow(Number v) { return v; }
  static ASSAY_INLINE Number Set(Scalar v) { return _mm256_set1_ps(v); }
  static ASSAY_INLINE Number Add(Number a, Number b) { return _mm256_add_ps(a, b); }
  static ASSAY_INLINE Number Subtract(Number a, Number b) { return _mm256_sub_ps(a, b); }
  static ASSAY_INLINE Number Multiply(Number a, Number b) { return _mm256_mul_ps(a, b); }
  static ASSAY_INLINE Number Divide(Number a, Number b) { return _mm256_div_ps(a, b); }
  static ASSAY_INLINE Number Min(Number a, Number b) { return _mm256_min_ps(a, b); }
  static ASSAY_INLINE Number Max(Number a, Number b) { return _mm256_max_ps(a, b); }
  static ASSAY_INLINE Number MultiplyAdd(Number a, Number b, Number c) {
    return _mm256_fmadd_ps(a, b, c);
  }
  static ASSAY_INLINE Number MultiplySubtract(Number a, Number b, Number c) {
    return _mm256_fmsub_ps(a, b, c);
  }
  static ASSAY_INLINE Number NegativeMultiplyAdd(Number a, Number b, Number c) {
    return _mm256_fnmadd_ps(a, b, c);
  }
  static ASSAY_INLINE Number Negate(Number v) { return _mm256_xor_ps(v, Set(Scalar{-0.0})); }
  static ASSAY_INLINE Number Abs(Number v) { return _mm256_andnot_ps(Set(Scalar{-0.0}), v); }
  static ASSAY_INLINE Number IfNegative(Number x, Number a, Number b) {
    return _mm256_blendv_ps(b, a, x);
  }
  template <int kMore>
  static ASSAY_INLINE Number PowerOfTwo(Number shifted) {
    return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_slli_epi32(_mm256_castps_si256(shifted), 23),
                                                _mm256_set1_epi32((127 + kMore) << 23)));
  }
  static ASSAY_INLINE Number CopySign(Number x, Number sign) {
    return _mm256_or_ps(x, _mm256_and_ps(Set(-0.0F), sign));
  }
};

struct DoubleLanes {
  using Float = __m128;
  using Number = __m256d;
  using Scalar = double;
  static constexpr int kLanes = 4;

  static ASSAY_INLINE Float Load(const float* p) { return _mm_loadu_ps(p); }
  static ASSAY_INLINE void Store(float* p, Float v) { _mm_storeu_ps(p, v); }
  static ASSAY_INLINE Number Widen(Float v) { return _mm256_cvtps_pd(v); }
  static ASSAY_INLINE Float Narrow(Number v) { return _mm256_cvtpd_ps(v); }
  static ASSAY_INLINE Number Set(Scalar v) { return _mm256_set1_pd(v); }
  static ASSAY_INLINE Number Add(Number a, Number b) { return _mm256_add_pd(a, b); }
  static ASSAY_INLINE Number Subtract(Number a, Number b) { return _mm256_sub_pd(a, b); }
  static ASSAY_INLINE Number Multiply(Number a, Number b) { return _mm256_mul_pd(a, b); }
  static ASSAY_INLINE Number Divide(Number a, Number b) { return _mm256_div_pd(a, b); }
  static ASSAY_INLINE Number Min(Number a, Number b) { return _mm256_min_pd(a, b); }
  static ASSAY_INLINE Number Max(Number a, Number b) { return _mm256_max_pd(a, b); }
  static ASSAY_INLINE Number MultiplyAdd(Number a, Number b, Number c) {
    return _mm256_fmadd_pd(a, b, c);
  }
  static ASSAY_INLINE Number MultiplySubtract(Number a, Number b, Number c) {
    return _mm256_fmsub_pd(a, b, c);
  }
  static ASSAY_INLINE Number NegativeMultiplyAdd(Number a, Number b, Number c) {
    return _mm256_fnmadd_pd(a, b, c);
  }
  static ASSAY_INLINE Number Negate(Number v) { return _mm256_xor_pd(v, Set(Scalar{-0.0})); }
  static ASSAY_INLINE Number Abs(Number v) { return _mm256_andnot_pd(Set(Scalar{-0.0}), v); }
  static ASSAY_INLINE Number IfNegative(Number x, Number a, Number b) {
    return _mm256_blendv_pd(b, a, x);
  }
  static ASSAY_INLINE Number PowerOfTwo(Number shifted) {
    return _mm256_castsi256_pd(_mm256_add_epi64(_mm256_slli_epi64(_mm256_castpd_si256(shifted), 52),
                                                _mm256_set1_epi64x(std::int64_t{1023} << 52)));
  }
};

}  // namespace

const ActivationKernels& V3ActivationKernels() {
  static constexpr ActivationKernels kKernels = ActivationLoops<FloatLanes, DoubleLanes>::Table();
  return kKernels;
}

}  // namespace assay::kernels
