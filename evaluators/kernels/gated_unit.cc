#include "evaluators/kernels/gated_unit.h"

namespace assay {

std::string_view GatedUnitName(GatedUnit unit) {
  switch (unit) {
    case GatedUnit::kGlu:
      return "glu";
    case GatedUnit::kReglu:
      return "reglu";
    case GatedUnit::kSwiglu:
      return "swiglu";
    case GatedUnit::kGeglu:
      return "geglu";
    case GatedUnit::kGegluTanh:
      return "geglu_tanh";
    case GatedUnit::kGegluQuick:
      return "geglu_quick";
  }
  return "";
}

Activation GateActivation(GatedUnit unit) {
  switch (unit) {
    case GatedUnit::kGlu:
      return {ActivationKind::kSigmoid};
    case GatedUnit::kReglu:
      return {ActivationKind::kRelu};
    case GatedUnit::kSwiglu:
      return {ActivationKind::kSilu};
    case GatedUnit::kGeglu:
      return {ActivationKind::kGelu};
    case GatedUnit::kGegluTanh:
      return {ActivationKind::kGeluTanh};
    case GatedUnit::kGegluQuick:
      return {ActivationKind::kQuickGelu};
  }
  return {};
}

GatedValue GatedUnitValue(const Activation& f, double gate, double up) {
  const double activated = ActivationValue(f, gate);
  return {activated * up, ActivationDerivative(f, gate) * up, activated};
}

void ApplyGatedUnit(const Activation& f, GateOrder order, std::span<const double> fused,
                    std::span<double> y) {
  const std::size_t half = fused.size() / 2;
  const std::span<const double> gate =
      order == GateOrder::kGateFirst ? fused.first(half) : fused.subspan(half);
  const std::span<const double> up =
      order == GateOrder::kGateFirst ? fused.subspan(half) : fused.first(half);
  for (std::size_t i = 0; i < half; ++i) {
    y[i] = ActivationValue(f, gate[i]) * up[i];
  }
}

}  // namespace assay
