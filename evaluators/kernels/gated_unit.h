#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "evaluators/kernels/activation.h"

namespace assay {

// Gated units: y = f(gate) * up. The name says which f.
enum class GatedUnit : std::uint8_t { kGlu, kReglu, kSwiglu, kGeglu, kGegluTanh, kGegluQuick };
inline constexpr int kNumGatedUnits = static_cast<int>(GatedUnit::kGegluQuick) + 1;

std::string_view GatedUnitName(GatedUnit unit);
// The f of the unit.
Activation GateActivation(GatedUnit unit);

// Which half of a fused [2 n] vector is the gate. Formats differ, so it is always said.
enum class GateOrder : std::uint8_t { kGateFirst, kUpFirst };

struct GatedValue {
  double value = 0;
  double gate_derivative = 0;
  double up_derivative = 0;
};
// f(gate) * up and its derivatives, these within 4 ulp or 1e-16 for `up` of any size. NaN in either
// input gives NaN.
GatedValue GatedUnitValue(const Activation& f, double gate, double up);

// y[i] = f(gate[i]) * up[i], where `fused` holds both halves; `y` has half its length.
void ApplyGatedUnit(const Activation& f, GateOrder order, std::span<const double> fused,
                    std::span<double> y);

}  // namespace assay
