#pragma once

#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluators/model/forward.h"
#include "evaluators/model/reference_model.h"

namespace assay {

// How far results of a model move although nothing about it changes: the largest absolute
// difference, for each step, between any two of double, float32, and float32 that adds the terms of
// each product in the opposite order. Values that are not finite do not count. `referee` holds the
// results in double of `features`.
absl::StatusOr<std::vector<double>> MeasureNoiseFloor(const ReferenceModel& model,
                                                      std::span<const float> features,
                                                      const LayerCapture& referee);

}  // namespace assay
