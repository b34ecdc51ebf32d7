#pragma once

#include <span>

#include "absl/status/status.h"

namespace assay {

// p_i = exp((x_i - max) / T) / sum. The maximum is taken off before dividing, so that a tiny
// temperature does not overflow. `logits` and `probabilities` have equal length and may be the same
// memory.
//
// -inf is a masked entry: exactly 0. A NaN makes every output NaN. +inf entries share the mass (the
// limit; PyTorch gives NaN). T = inf is uniform over the unmasked entries. INVALID_ARGUMENT: a
// temperature that is not above 0, or every entry masked.
absl::Status Softmax(std::span<const double> logits, double temperature,
                     std::span<double> probabilities);

// The logarithm of Softmax, computed without it; same policy.
absl::Status LogSoftmax(std::span<const double> logits, double temperature,
                        std::span<double> log_probabilities);

}  // namespace assay
