#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "evaluators/model/architecture.h"

namespace assay {

// A declared change of activation functions.
struct ActivationSwap {
  std::string layer;  // name of a block; empty: every block with `from`
  Activation from;
  Activation to;
  bool is_gated = false;  // given by gated units: concerns the gates of gated blocks alone
};

// Reads `[LAYER:]OLD=NEW`. OLD without a parameter means the function with any parameter. A gated
// unit, as `swiglu`, stands for the function of its gate. INVALID_ARGUMENT.
absl::StatusOr<ActivationSwap> ParseActivationSwap(std::string_view text);
// The swap in one spelling: `fc1.gelu=silu`, `gelu=silu`.
std::string ActivationSwapText(const ActivationSwap& swap);

// The architecture after the swap. INVALID_ARGUMENT when there is no such layer, or when none
// concerned has the old function (the message lists those there are).
absl::StatusOr<Architecture> SwapActivation(const Architecture& architecture,
                                            const ActivationSwap& swap);

}  // namespace assay
