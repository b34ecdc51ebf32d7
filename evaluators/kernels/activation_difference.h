#pragma once

#include "evaluators/kernels/activation.h"

namespace assay {

// How far two functions are apart, before any network.
struct ActivationDifference {
  double max_abs = 0;     // on [-12, 12]
  double max_abs_at = 0;  // smallest |x| where it is reached
  // 20 log10(|f| / |f - g|) for standard normal inputs, in dB; infinite when they are equal there.
  double sqnr_db = 0;
};
ActivationDifference CompareActivations(const Activation& f, const Activation& g);

}  // namespace assay
