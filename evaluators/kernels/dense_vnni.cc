// Compiled for x86-64-v4 with VNNI; see dense_kernels.h.
#include <immintrin.h>

#include <cstdint>

#include "evaluators/kernels/dense_kernels.h"
#include "evaluators/kernels/dense_loops.h"

namespace assay::kernels {
namespace {

// A Scalar is four codes that are multiplied and added up at once: uint8 in x, int8 in the panels.
// Without intermediate saturation, so every sum is exact.
struct CodeLanes {
  using Scalar = std::uint32_t;
  using Sum = std::int32_t;
  using Vector = __m512i;
  using SumVector = __m512i;
  static constexpr int kLanes = 16;
  static constexpr int kRows = 14;
  static constexpr int kVectors = 2;
  static ASSAY_INLINE Vector Load(const std::uint32_t* p) { return _mm512_loadu_si512(p); }
  static ASSAY_INLINE Vector LoadSum(const std::int32_t* p) { return _mm512_loadu_si512(p); }
  static ASSAY_INLINE void Store(std::int32_t* p, Vector v) { _mm512_storeu_si512(p, v); }
  static ASSAY_INLINE Vector Zero() { return _mm512_setzero_si512(); }
  static ASSAY_INLINE Vector Broadcast(const std::uint32_t* p) {
    return _mm512_set1_epi32(static_cast<int>(*p));
  }
  static ASSAY_INLINE Vector Add(Vector a, Vector b) { return _mm512_add_epi32(a, b); }
  static ASSAY_INLINE Vector MultiplyAdd(Vector a, Vector b, Vector sum) {
    return _mm512_dpbusd_epi32(sum, a, b);
  }
};

}  // namespace

const Product<std::uint32_t, std::int32_t>& VnniProduct() {
  static constexpr Product<std::uint32_t, std::int32_t> kProduct = DenseLoops<CodeLanes>::Entry();
  return kProduct;
}

}  // namespace assay::kernels
