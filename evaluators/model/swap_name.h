#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "evaluators/model/numerics.h"
#include "evaluators/model/reference_model.h"

namespace assay {

// The swap of activation functions that explains best how outputs differ from a model's own.
struct SwapName {
  // `fc1: gelu -> quick_gelu`, `every layer: gelu -> quick_gelu`. Empty: no known swap explains
  // enough of the difference, or there is none.
  std::string name;
  // Of the outputs that the swap predicts against the observed ones, dB; absent when equal.
  std::optional<double> sqnr_db;
  double explained = 0;  // share of the squared difference
  std::string runner_up;
  double runner_up_explained = 0;
  std::int32_t num_tried = 0;
};

// A swap is named when it explains this share of the squared difference.
inline constexpr double kNamingShare = 0.999;

// `observed` are logits, or embeddings of a model without logits, for rows of `features`. Every
// swap of one function for another is tried, in one layer and in every layer that has it. They need
// not come from this program: outputs of another runtime are explained as well.
absl::StatusOr<SwapName> NameSwap(const ReferenceModel& model, const Numerics& numerics,
                                  std::span<const float> features,
                                  std::span<const double> observed);

// The pair of functions that explains best how two captures of one activation layer differ, as
// `gelu -> quick_gelu`, without the network around it. `inputs` are the values that went into the
// layer, `before` and `after` what came out, element by element. Every pair of functions is tried
// with their default parameters; the share that a pair explains is that of the capture it explains
// worse. INVALID_ARGUMENT when the three have different lengths.
absl::StatusOr<SwapName> NameCapturedSwap(std::span<const double> inputs,
                                          std::span<const double> before,
                                          std::span<const double> after);

}  // namespace assay
