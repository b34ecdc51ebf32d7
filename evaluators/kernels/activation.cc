#include "evaluators/kernels/activation.h"

#include <cmath>
#include <cstddef>
#include <limits>

#include "evaluators/kernels/double_double.h"
#include "evaluators/kernels/normal_tail.h"

namespace assay {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
// Beyond this the smooth functions equal their asymptotes: gelu and its kin underflow or return x.
constexpr double kGeluTanhEnd = 25;
constexpr double kGeluEnd = 40;
constexpr double kMishEnd = 40;
// exp below this is subnormal and has lost digits.
constexpr double kLowestNormalExp = -700;
constexpr double kLogisticIsOne = 40;
constexpr double kLogisticIsZero = -1500;

constexpr double kSeluScale = 0x1.0cfabd6a91132p+0;       // 1.0507009873554804934...
constexpr double kSeluScaleAlpha = 0x1.c212cc640f031p+0;  // scale * 1.6732632423543772848...
constexpr DoubleDouble kQuickGeluBeta = {0x1.b3b645a1cac08p+0, 0x1.89374bc6a7efap-55};  // 1.702
// 2 sqrt(2 / pi).
constexpr DoubleDouble kTwiceSqrt2OverPi = {0x1.9884533d43651p+0, -0x1.cbc0d30ebfd15p-54};
constexpr DoubleDouble kGeluTanhCubic = {0x1.6e4e26d4801f7p-5, 0x1.441355475a31ap-59};  // 0.044715

double Exp(const DoubleDouble& t) { return std::exp(t.high); }

// numerator / (1 + exp(-t)).
double TimesLogistic(double numerator, const DoubleDouble& t) {
  if (t.high > kLogisticIsOne) {
    return numerator;
  }
  if (t.high < kLogisticIsZero) {
    return numerator * 0.0;
  }
  if (t.high < kLowestNormalExp) {
    const double half = std::exp(0.5 * t.high);
    return numerator * half * half * (1 + t.low);
  }
  const bool is_negative = t.high < 0;
  const DoubleDouble magnitude = is_negative ? t : -t;
  const double e = Exp(magnitude);
  const DoubleDouble exact_e = {e, e * magnitude.low};
  const DoubleDouble denominator = exact_e + 1.0;
  return Rounded((is_negative ? exact_e * numerator : DoubleDouble{numerator, 0}) / denominator);
}

double Sigmoid(double x) { return TimesLogistic(1, {x, 0}); }

double Softplus(double x) { return std::fmax(x, 0) + std::log1p(std::exp(-std::fabs(x))); }

double HardsigmoidAt(double x) { return x <= -3 ? 0 : (x >= 3 ? 1 : (x + 3) / 6); }

double ElementaryElu(double alpha, double x) { return x > 0 ? x : alpha * std::expm1(x); }

double Gelu(double x) {
  if (std::fabs(x) > kGeluEnd) {
    return x > 0 ? x : -0.0;
  }
  const double a = std::fabs(x);
  const double tail = TimesNormalTail(a, NormalTailAt(a));
  return x > 0 ? a - tail : (x < 0 ? -tail : x);
}

double GeluDerivative(double x) {
  const double a = std::fabs(x);
  if (a > kGeluEnd) {
    return x > 0 ? 1 : 0;
  }
  // Phi(-a) - a phi(a): the derivative at -a.
  constexpr double kInverseSqrt2Pi = 0x1.9884533d43651p-2;
  const NormalTail tail = NormalTailAt(a);
  const double lower =
      (tail.scaled - a * kInverseSqrt2Pi) * (tail.gaussian + tail.gaussian * tail.gaussian_error);
  return x > 0 ? 1 - lower : lower;
}

// 2 sqrt(2 / pi) (x + 0.044715 x^3).
DoubleDouble GeluTanhArgument(double x) {
  return (kGeluTanhCubic * ExactProduct(x, x) + 1.0) * x * kTwiceSqrt2OverPi;
}

double GeluTanh(double x) {
  if (std::fabs(x) > kGeluTanhEnd) {
    return x > 0 ? x : -0.0;
  }
  return TimesLogistic(x, GeluTanhArgument(x));
}

// Derivative of x sigma(u(x)): sigma(u) (1 + x u' sigma(-u)).
double GatedDerivative(double x, const DoubleDouble& u, double slope) {
  const double below = TimesLogistic(1, -u);
  return TimesLogistic(1, u) * std::fma(x * slope, below, 1);
}

double GeluTanhDerivative(double x) {
  if (std::fabs(x) > kGeluTanhEnd) {
    return x > 0 ? 1 : 0;
  }
  const double slope = kTwiceSqrt2OverPi.high * (1 + 3 * kGeluTanhCubic.high * x * x);
  return GatedDerivative(x, GeluTanhArgument(x), slope);
}

double SwishDerivative(double x, const DoubleDouble& beta) {
  const DoubleDouble u = beta * x;
  if (std::fabs(u.high) > -kLowestNormalExp) {
    return u.high > 0 ? 1 : 0;
  }
  return GatedDerivative(x, u, beta.high);
}

// tanh(log(1 + e^x)) and one minus it, each as numerator over denominator.
struct MishGate {
  DoubleDouble numerator;
  DoubleDouble rest;
  DoubleDouble denominator;
};

MishGate MishGateAt(double x) {
  const double e = std::exp(-std::fabs(x));
  const DoubleDouble square = ExactProduct(e, e);
  if (x >= 0) {
    const DoubleDouble numerator = ExactSum(1, 2 * e);
    const DoubleDouble rest = square * 2.0;
    return {numerator, rest, numerator + rest};
  }
  const DoubleDouble numerator = square + 2 * e;
  return {numerator, {2, 0}, numerator + 2.0};
}

double Mish(double x) {
  if (x > kMishEnd) {
    return x;
  }
  if (x < kLowestNormalExp) {
    const double half = std::exp(0.5 * x);
    return x * half * half;
  }
  const MishGate gate = MishGateAt(x);
  return Rounded(gate.numerator * x / gate.denominator);
}

double MishDerivative(double x) {
  if (std::fabs(x) > -kLowestNormalExp) {
    return x > 0 ? 1 : 0;
  }
  const MishGate gate = MishGateAt(x);
  const DoubleDouble t = gate.numerator / gate.denominator;
  const DoubleDouble rest = gate.rest / gate.denominator;
  return Rounded(t + rest * (t + 1.0) * (x * Sigmoid(x)));
}

double TanhDerivative(double x) {
  const double e = std::exp(-2 * std::fabs(x));
  return 4 * e / ((1 + e) * (1 + e));
}

double LimitAtInfinity(const Activation& activation, bool is_positive) {
  switch (activation.kind) {
    case ActivationKind::kIdentity:
      return is_positive ? kInfinity : -kInfinity;
    case ActivationKind::kRelu:
    case ActivationKind::kRelu2:
    case ActivationKind::kSoftplus:
      return is_positive ? kInfinity : 0;
    case ActivationKind::kRelu6:
      return is_positive ? 6 : 0;
    case ActivationKind::kLeakyRelu:
    case ActivationKind::kPrelu:
      return is_positive ? kInfinity
                         : (activation.parameter == 0 ? 0 : -kInfinity * activation.parameter);
    case ActivationKind::kElu:
      return is_positive ? kInfinity : -activation.parameter;
    case ActivationKind::kSelu:
      return is_positive ? kInfinity : -kSeluScaleAlpha;
    case ActivationKind::kSwish:
      if (activation.parameter == 0) {
        return is_positive ? kInfinity : -kInfinity;
      }
      if (activation.parameter < 0) {
        return is_positive ? 0.0 : -kInfinity;
      }
      return is_positive ? kInfinity : -0.0;
    case ActivationKind::kGelu:
    case ActivationKind::kGeluTanh:
    case ActivationKind::kQuickGelu:
    case ActivationKind::kSilu:
    case ActivationKind::kMish:
    case ActivationKind::kHardswish:
      return is_positive ? kInfinity : -0.0;
    case ActivationKind::kSigmoid:
    case ActivationKind::kHardsigmoid:
      return is_positive ? 1 : 0;
    case ActivationKind::kTanh:
    case ActivationKind::kSoftsign:
    case ActivationKind::kHardtanh:
      return is_positive ? 1 : -1;
    case ActivationKind::kLogSigmoid:
      return is_positive ? -0.0 : -kInfinity;
  }
  return 0;
}

double SlopeAtInfinity(const Activation& activation, bool is_positive) {
  switch (activation.kind) {
    case ActivationKind::kRelu2:
      return is_positive ? kInfinity : 0;
    case ActivationKind::kIdentity:
      return 1;
    case ActivationKind::kLeakyRelu:
    case ActivationKind::kPrelu:
      return is_positive ? 1 : activation.parameter;
    case ActivationKind::kSelu:
      return is_positive ? kSeluScale : 0;
    case ActivationKind::kSwish:
      return activation.parameter == 0 ? 0.5 : ((activation.parameter > 0) == is_positive ? 1 : 0);
    case ActivationKind::kRelu6:
    case ActivationKind::kSigmoid:
    case ActivationKind::kHardsigmoid:
    case ActivationKind::kTanh:
    case ActivationKind::kSoftsign:
    case ActivationKind::kHardtanh:
      return 0;
    case ActivationKind::kLogSigmoid:
      return is_positive ? 0 : 1;
    default:
      return is_positive ? 1 : 0;
  }
}

double FiniteValue(const Activation& activation, double x) {
  const double parameter = activation.parameter;
  switch (activation.kind) {
    case ActivationKind::kIdentity:
      return x;
    case ActivationKind::kRelu:
      return x > 0 ? x : 0;
    case ActivationKind::kRelu2:
      return x > 0 ? x * x : 0;
    case ActivationKind::kRelu6:
      return x > 6 ? 6 : (x > 0 ? x : 0);
    case ActivationKind::kLeakyRelu:
    case ActivationKind::kPrelu:
      return x > 0 ? x : parameter * x;
    case ActivationKind::kElu:
      return ElementaryElu(parameter, x);
    case ActivationKind::kSelu:
      return x > 0 ? kSeluScale * x : kSeluScaleAlpha * std::expm1(x);
    case ActivationKind::kGelu:
      return Gelu(x);
    case ActivationKind::kGeluTanh:
      return GeluTanh(x);
    case ActivationKind::kQuickGelu:
      return TimesLogistic(x, kQuickGeluBeta * x);
    case ActivationKind::kSilu:
      return TimesLogistic(x, {x, 0});
    case ActivationKind::kSwish:
      return TimesLogistic(x, ExactProduct(parameter, x));
    case ActivationKind::kMish:
      return Mish(x);
    case ActivationKind::kSigmoid:
      return Sigmoid(x);
    case ActivationKind::kTanh:
      return std::tanh(x);
    case ActivationKind::kSoftplus:
      return Softplus(x);
    case ActivationKind::kSoftsign:
      return x / (1 + std::fabs(x));
    case ActivationKind::kHardswish:
      return x * HardsigmoidAt(x);
    case ActivationKind::kHardsigmoid:
      return HardsigmoidAt(x);
    case ActivationKind::kHardtanh:
      return x > 1 ? 1 : (x < -1 ? -1 : x);
    case ActivationKind::kLogSigmoid:
      return -Softplus(-x);
  }
  return x;
}

template <typename T>
void ApplySlopes(std::span<const double> slopes, std::span<const T> x, std::span<T> y) {
  for (std::size_t begin = 0; begin < x.size(); begin += slopes.size()) {
    for (std::size_t channel = 0; channel < slopes.size(); ++channel) {
      const Activation prelu = {ActivationKind::kPrelu, slopes[channel]};
      y[begin + channel] =
          static_cast<T>(ActivationValue(prelu, static_cast<double>(x[begin + channel])));
    }
  }
}

double FiniteDerivative(const Activation& activation, double x) {
  const double parameter = activation.parameter;
  switch (activation.kind) {
    case ActivationKind::kIdentity:
      return 1;
    case ActivationKind::kRelu:
      return x > 0 ? 1 : 0;
    case ActivationKind::kRelu2:
      return x > 0 ? 2 * x : 0;
    case ActivationKind::kRelu6:
      return x > 0 && x < 6 ? 1 : 0;
    case ActivationKind::kLeakyRelu:
    case ActivationKind::kPrelu:
      return x > 0 ? 1 : parameter;
    case ActivationKind::kElu:
      return x > 0 ? 1 : parameter * std::exp(x);
    case ActivationKind::kSelu:
      return x > 0 ? kSeluScale : kSeluScaleAlpha * std::exp(x);
    case ActivationKind::kGelu:
      return GeluDerivative(x);
    case ActivationKind::kGeluTanh:
      return GeluTanhDerivative(x);
    case ActivationKind::kQuickGelu:
      return SwishDerivative(x, kQuickGeluBeta);
    case ActivationKind::kSilu:
      return SwishDerivative(x, {1, 0});
    case ActivationKind::kSwish:
      return parameter == 0 ? 0.5 : SwishDerivative(x, {parameter, 0});
    case ActivationKind::kMish:
      return MishDerivative(x);
    case ActivationKind::kSigmoid:
      return Sigmoid(x) * Sigmoid(-x);
    case ActivationKind::kTanh:
      return TanhDerivative(x);
    case ActivationKind::kSoftplus:
      return Sigmoid(x);
    case ActivationKind::kSoftsign: {
      const double scale = 1 + std::fabs(x);
      return 1 / scale / scale;
    }
    case ActivationKind::kHardswish:
      return x <= -3 ? 0 : (x >= 3 ? 1 : (2 * x + 3) / 6);
    case ActivationKind::kHardsigmoid:
      return x > -3 && x < 3 ? 1.0 / 6 : 0;
    case ActivationKind::kHardtanh:
      return x > -1 && x < 1 ? 1 : 0;
    case ActivationKind::kLogSigmoid:
      return Sigmoid(-x);
  }
  return 1;
}

}  // namespace

double ActivationValue(const Activation& activation, double x) {
  if (!std::isfinite(x)) {
    return std::isnan(x) ? x : LimitAtInfinity(activation, x > 0);
  }
  return FiniteValue(activation, x);
}

double ActivationDerivative(const Activation& activation, double x) {
  if (!std::isfinite(x)) {
    return std::isnan(x) ? x : SlopeAtInfinity(activation, x > 0);
  }
  return FiniteDerivative(activation, x);
}

void ApplyActivation(const Activation& activation, std::span<const double> x, std::span<double> y) {
  for (std::size_t i = 0; i < x.size(); ++i) {
    y[i] = ActivationValue(activation, x[i]);
  }
}

void ApplyActivation(const Activation& activation, std::span<const float> x, std::span<float> y) {
  for (std::size_t i = 0; i < x.size(); ++i) {
    y[i] = static_cast<float>(ActivationValue(activation, static_cast<double>(x[i])));
  }
}

void ApplyPrelu(std::span<const double> slopes, std::span<const double> x, std::span<double> y) {
  ApplySlopes(slopes, x, y);
}

void ApplyPrelu(std::span<const double> slopes, std::span<const float> x, std::span<float> y) {
  ApplySlopes(slopes, x, y);
}

}  // namespace assay
