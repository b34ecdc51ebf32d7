#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluators/model/activation_health.h"
#include "evaluators/model/forward.h"
#include "evaluators/model/layer_comparison.h"
#include "evaluators/model/swap_name.h"

namespace assay {

// A model and what it runs in.
struct ModelSide {
  const ReferenceModel& model;
  const Numerics& numerics;
  LayerObserver& timer;  // sees every layer run, after a first run that it does not see
};

inline constexpr std::size_t kMaxMovedRows = 100;

struct ComparedLayer {
  std::string name;
  LayerDifference difference;
  double noise_floor = 0;  // of the baseline; see MeasureNoiseFloor
  DifferenceTier tier = DifferenceTier::kIdentical;
  std::optional<ActivationHealth> baseline_health;  // of activation layers
  std::optional<ActivationHealth> candidate_health;
  std::int32_t revived_units = 0;  // 0 on every row of the baseline, not of the candidate
  std::int32_t died_units = 0;
  std::optional<double> baseline_gradient;  // L2 norm for the layer's results
  std::optional<double> candidate_gradient;
  std::vector<std::int64_t> most_moved_rows;  // see RowsFurthestApart; at most kMaxMovedRows
};

struct ModelComparison {
  std::vector<ComparedLayer> layers;
  std::string first_diverging;  // beyond the noise; empty: none
  SwapName swap;
};

// Runs both on `features`. `targets`: index of the right logit of each row, -1 where it is not
// known; rows without one have no gradient. A swap that only the candidate's other arithmetic hides
// is named too. INVALID_ARGUMENT when the two have different layers.
absl::StatusOr<ModelComparison> CompareModels(const ModelSide& baseline, const ModelSide& candidate,
                                              std::span<const float> features,
                                              std::span<const std::int32_t> targets);

// Runs the model on `features` and compares the layer that its outputs come from, the logits or,
// without any, the embedding, with `observed`: what any runtime gave for the same rows. The
// comparison has that layer alone, without health, gradients and moved rows. INVALID_ARGUMENT when
// `observed` has another size.
absl::StatusOr<ModelComparison> CompareOutputs(const ModelSide& model,
                                               std::span<const float> features,
                                               std::span<const double> observed);

// Health of the activation layer `step`; absent for other layers.
std::optional<ActivationHealth> HealthOf(const Program& program, std::size_t step,
                                         const LayerCapture& capture,
                                         std::span<const double> scaled_input);

// Norms of the gradients for the results of each step over the rows whose target is known; empty
// when there are none or no logits.
absl::StatusOr<std::vector<double>> GradientNorms(const ReferenceModel& model,
                                                  std::span<const float> features,
                                                  std::span<const std::int32_t> targets);

// Features times the input's scale.
std::vector<double> ScaledInput(const ReferenceModel& model, std::span<const float> features);

}  // namespace assay
