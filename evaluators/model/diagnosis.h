#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluators/model/numerics.h"
#include "evaluators/model/reference_model.h"

namespace assay {

enum class Severity : std::uint8_t { kFine = 1, kWarning = 2, kProblem = 3 };

// One thing that was looked at.
struct Finding {
  Severity severity = Severity::kFine;
  std::string check;  // `dead units`, `over-confidence`, ...
  std::string layer;  // empty: the outputs
  std::string text;
  double value = 0;  // the number behind it
};

// Looks for what the field knows to go wrong: outputs that are not finite or the same for every
// row, dead and saturated units, outlier channels, gradients that vanish or explode,
// over-confidence. `targets` as for CompareModels; at least one row. Most serious first, else in
// this order.
absl::StatusOr<std::vector<Finding>> Diagnose(const ReferenceModel& model, const Numerics& numerics,
                                              std::span<const float> features,
                                              std::span<const std::int32_t> targets);

// Expected calibration error with 15 bins of equal width over the confidence, upper edges closed.
// `logits` hold rows of `width`; rows with a negative target are left out; 0 without rows.
double CalibrationError(std::span<const double> logits, std::span<const std::int32_t> targets,
                        std::int64_t width, double temperature);
// Mean negative log-likelihood, and the temperature in [0.05, 20] that makes it smallest.
double MeanLoss(std::span<const double> logits, std::span<const std::int32_t> targets,
                std::int64_t width, double temperature);
double BestTemperature(std::span<const double> logits, std::span<const std::int32_t> targets,
                       std::int64_t width);

}  // namespace assay
