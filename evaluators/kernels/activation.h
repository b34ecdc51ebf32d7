#pragma once

#include <cstdint>
#include <span>

namespace assay {

// Element-wise activation functions. Formulas and what other frameworks call them:
// activation_registry.h.
enum class ActivationKind : std::uint8_t {
  kIdentity,
  kRelu,
  kRelu2,
  kRelu6,
  kLeakyRelu,
  kPrelu,
  kElu,
  kSelu,
  kGelu,
  kGeluTanh,
  kQuickGelu,
  kSilu,
  kSwish,
  kMish,
  kSigmoid,
  kTanh,
  kSoftplus,
  kSoftsign,
  kHardswish,
  kHardsigmoid,
  kHardtanh,
  kLogSigmoid,
};
inline constexpr int kNumActivationKinds = static_cast<int>(ActivationKind::kLogSigmoid) + 1;

// A function with its parameter: the slope of leaky_relu and prelu, alpha of elu, beta of swish;
// 0 for the others.
struct Activation {
  ActivationKind kind = ActivationKind::kIdentity;
  double parameter = 0;
  friend bool operator==(const Activation&, const Activation&) = default;
};

// Value at `x`, within 2 ulp where it is a normal number, tails included. NaN gives NaN; at the
// infinities the mathematical limit, so that -inf gives -0 for gelu, silu, mish and their kin.
double ActivationValue(const Activation& activation, double x);

// Derivative at `x`, within 4 ulp or 1e-290, next to its zeros too: factors of any size may follow.
// At a kink it is that of the closed side, as in PyTorch: relu'(0) = 0. At the infinities the
// limit; NaN gives NaN.
double ActivationDerivative(const Activation& activation, double x);

// Value of each element; `x` and `y` have equal length and may be the same memory. A value has the
// same bits in every position. The float32 form rounds the double value once.
void ApplyActivation(const Activation& activation, std::span<const double> x, std::span<double> y);
void ApplyActivation(const Activation& activation, std::span<const float> x, std::span<float> y);

// prelu with a slope per channel: `x` and `y` hold rows of slopes.size() values. Otherwise as
// above.
void ApplyPrelu(std::span<const double> slopes, std::span<const double> x, std::span<double> y);
void ApplyPrelu(std::span<const double> slopes, std::span<const float> x, std::span<float> y);

}  // namespace assay
