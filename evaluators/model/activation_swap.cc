#include "evaluators/model/activation_swap.h"

#include <set>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "evaluators/kernels/activation_registry.h"
#include "evaluators/status_macros.h"

namespace assay {
namespace {

// `gelu`, `leaky_relu(0.1)`; the default parameter goes without saying.
std::string ShortName(const Activation& activation) {
  const ActivationInfo& info = InfoOf(activation.kind);
  return activation.parameter == info.default_parameter ? std::string(info.name)
                                                        : ActivationName(activation);
}

std::string ListActivations(const Architecture& architecture) {
  std::vector<std::string> found;
  for (const Block& block : architecture.blocks) {
    if (block.activation) {
      found.push_back(absl::StrFormat("%s: %s", block.name, ShortName(*block.activation)));
    }
  }
  return found.empty() ? "it has none" : absl::StrJoin(found, ", ");
}

absl::StatusOr<Activation> ParseSide(std::string_view text) {
  if (const std::optional<GatedUnit> unit = FindGatedUnit(text)) {
    return GateActivation(*unit);
  }
  return ParseActivation(text);
}

}  // namespace

absl::StatusOr<ActivationSwap> ParseActivationSwap(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) {
    return absl::InvalidArgumentError(
        absl::StrFormat("an activation swap is [LAYER:]OLD=NEW, not '%s'", text));
  }
  ActivationSwap swap;
  std::string_view from = text.substr(0, equals);
  const std::size_t colon = from.find(':');
  if (colon != std::string_view::npos) {
    swap.layer = std::string(from.substr(0, colon));
    from.remove_prefix(colon + 1);
  }
  ASSAY_ASSIGN_OR_RETURN(swap.from, ParseSide(from));
  ASSAY_ASSIGN_OR_RETURN(swap.to, ParseSide(text.substr(equals + 1)));
  return swap;
}

std::string ActivationSwapText(const ActivationSwap& swap) {
  return absl::StrFormat("%s%s%s=%s", swap.layer, swap.layer.empty() ? "" : ".",
                         ShortName(swap.from), ShortName(swap.to));
}

absl::StatusOr<Architecture> SwapActivation(const Architecture& architecture,
                                            const ActivationSwap& swap) {
  if (!swap.layer.empty() && architecture.Find(swap.layer) == nullptr) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "the model has no layer '%s'; activations: %s", swap.layer, ListActivations(architecture)));
  }
  Architecture swapped = architecture;
  bool is_changed = false;
  for (Block& block : swapped.blocks) {
    const bool is_concerned = (swap.layer.empty() || block.name == swap.layer) &&
                              block.activation && block.activation->kind == swap.from.kind;
    if (is_concerned) {
      block.activation = swap.to;
      is_changed = true;
    }
  }
  if (!is_changed) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "no %s in %s; activations: %s", ShortName(swap.from),
        swap.layer.empty() ? std::string("the model") : absl::StrFormat("layer '%s'", swap.layer),
        ListActivations(architecture)));
  }
  return swapped;
}

}  // namespace assay
