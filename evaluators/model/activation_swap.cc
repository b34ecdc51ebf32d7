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

absl::StatusOr<Activation> ParseSide(std::string_view text, ActivationSwap& swap) {
  if (const std::optional<GatedUnit> unit = FindGatedUnit(text)) {
    swap.is_gated = true;
    return GateActivation(*unit);
  }
  return ParseActivation(text);
}

// `swiglu` for the gate's silu where there is a unit of that function.
std::string SideText(const Activation& activation, bool is_gated) {
  for (int i = 0; is_gated && i < kNumGatedUnits; ++i) {
    const auto unit = static_cast<GatedUnit>(i);
    if (GateActivation(unit) == activation) {
      return std::string(GatedUnitName(unit));
    }
  }
  return ShortName(activation);
}

std::string ListActivations(const Architecture& architecture) {
  std::vector<std::string> found;
  for (const Block& block : architecture.blocks) {
    if (block.activation) {
      found.push_back(absl::StrFormat(
          "%s: %s", block.name, SideText(*block.activation, block.type == BlockType::kGatedFfn)));
    }
  }
  return found.empty() ? "it has none" : absl::StrJoin(found, ", ");
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
  ASSAY_ASSIGN_OR_RETURN(swap.from, ParseSide(from, swap));
  ASSAY_ASSIGN_OR_RETURN(swap.to, ParseSide(text.substr(equals + 1), swap));
  return swap;
}

std::string ActivationSwapText(const ActivationSwap& swap) {
  return absl::StrFormat("%s%s%s=%s", swap.layer, swap.layer.empty() ? "" : ".",
                         SideText(swap.from, swap.is_gated), SideText(swap.to, swap.is_gated));
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
                              (!swap.is_gated || block.type == BlockType::kGatedFfn) &&
                              block.activation && block.activation->kind == swap.from.kind;
    if (is_concerned) {
      block.activation = swap.to;
      is_changed = true;
    }
  }
  if (!is_changed) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "no %s in %s; activations: %s", SideText(swap.from, swap.is_gated),
        swap.layer.empty() ? std::string("the model") : absl::StrFormat("layer '%s'", swap.layer),
        ListActivations(architecture)));
  }
  return swapped;
}

}  // namespace assay
