#pragma once

#include "evaluators/kernels/isa.h"

// Functions compiled for more than the baseline processor, chosen at run time. Only for whole
// numbers: their results are the same bits under every instruction set.
#if defined(__x86_64__)
#define ASSAY_TARGET_AVX512 [[gnu::target("avx512f,avx512bw,avx512dq,avx512vl")]]
#define ASSAY_TARGET_AVX2 [[gnu::target("avx2")]]
#else
#define ASSAY_TARGET_AVX512
#define ASSAY_TARGET_AVX2
#endif

namespace assay {

// The first of the three that the active level can run.
template <typename Function>
Function Choose(Function avx512, Function avx2, Function portable) {
  const Isa isa = ActiveIsa();
  return isa >= Isa::kV4 ? avx512 : isa >= Isa::kV3 ? avx2 : portable;
}

}  // namespace assay
