#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluators/model/reference_model.h"

namespace assay {

// Gradients of the mean negative log-likelihood, by the referee.
struct Gradients {
  double loss = 0;
  // One a step of the program: of the loss for each of its results, row-major.
  std::vector<std::vector<double>> steps;
  std::vector<double> input;  // for the scaled features
};

// `targets[row]` is the index of the right logit. FAILED_PRECONDITION when the model has no logits
// or there are no rows.
absl::StatusOr<Gradients> Backpropagate(const ReferenceModel& model,
                                        std::span<const float> features,
                                        std::span<const std::int32_t> targets);

}  // namespace assay
