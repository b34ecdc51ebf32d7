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

// Zeros x0 of derivatives, -1.278..., -0.752... and -1.192..., and e^u(x0) with u as in the
// formulas.
constexpr DoubleDouble kSiluSlopeZero = {-0x1.474973c84120bp+0, -0x1.f8d74bc9ac154p-54};
constexpr double kExpAtSiluSlopeZero = 0x1.1d25cf210482ep-2;
constexpr DoubleDouble kGeluTanhSlopeZero = {-0x1.81429f9e97e4dp-1, 0x1.4f523ed77dbdcp-55};
constexpr double kExpAtGeluTanhSlopeZero = 0x1.2af64e9c485eep-2;
constexpr DoubleDouble kMishSlopeZero = {-0x1.31432c0d12d84p+0, -0x1.bf319154da210p-55};
constexpr double kExpAtMishSlopeZero = 0x1.36c4202fc3eccp-2;

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
  const DoubleDouble lower = NormalTailSlope(a);
  return Rounded(x > 0 ? -lower + 1.0 : lower);
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

// Derivative of x sigma(u(x)) from u and w = x u'(x): e^u (1 + w + e^u) / (1 + e^u)^2. Near its
// zero x0 the sum 1 + w + e^u would be little more than the rounding error of e^u; `sum_near_zero`
// gives it as w - w0 + e^u0 expm1(u - u0), two terms of one sign.
template <typename SumNearZero>
double GatedDerivative(const DoubleDouble& u, const DoubleDouble& w, SumNearZero sum_near_zero) {
  constexpr double kNearZero = 0.25;
  const bool is_negative = u.high < 0;
  const DoubleDouble magnitude = is_negative ? u : -u;
  const double rounded_e = Exp(magnitude);
  const DoubleDouble e = {rounded_e, rounded_e * magnitude.low};
  const DoubleDouble denominator = (e + 1.0) * (e + 1.0);
  if (!is_negative) {
    return Rounded((e * (w + 1.0) + 1.0) / denominator);
  }
  DoubleDouble sum = w + 1.0 + e;
  if (std::fabs(sum.high) < kNearZero) {
    sum = sum_near_zero();
  }
  return Rounded(e * sum / denominator);
}

double GeluTanhDerivative(double x) {
  if (std::fabs(x) > kGeluTanhEnd) {
    return x > 0 ? 1 : 0;
  }
  const DoubleDouble w = (kGeluTanhCubic * 3.0 * ExactProduct(x, x) + 1.0) * x * kTwiceSqrt2OverPi;
  return GatedDerivative(GeluTanhArgument(x), w, [x] {
    constexpr DoubleDouble kZero = kGeluTanhSlopeZero;
    const DoubleDouble distance = -kZero + x;
    // x^3 - x0^3 = (x - x0) (x^2 + x x0 + x0^2).
    const double cubic = kGeluTanhCubic.high * (x * x + x * kZero.high + kZero.high * kZero.high);
    const DoubleDouble scaled = distance * kTwiceSqrt2OverPi;
    const DoubleDouble gain = scaled * ExactSum(1, 3 * cubic);
    const double exponent_gain = Rounded(scaled * ExactSum(1, cubic));
    return gain + kExpAtGeluTanhSlopeZero * std::expm1(exponent_gain);
  });
}

// The derivative of silu at beta x.
double SwishDerivative(double x, const DoubleDouble& beta) {
  const DoubleDouble u = beta * x;
  if (std::fabs(u.high) > -kLowestNormalExp) {
    return u.high > 0 ? 1 : 0;
  }
  return GatedDerivative(u, u, [&u] {
    const DoubleDouble distance = u + -kSiluSlopeZero;
    return distance + kExpAtSiluSlopeZero * std::expm1(distance.high);
  });
}

double Mish(double x) {
  if (x > kMishEnd) {
    return x;
  }
  if (x < kLowestNormalExp) {
    const double half = std::exp(0.5 * x);
    return x * half * half;
  }
  // tanh(log(1 + e^x)) as a quotient.
  const double e = std::exp(-std::fabs(x));
  const DoubleDouble square = ExactProduct(e, e);
  const DoubleDouble numerator = x >= 0 ? ExactSum(1, 2 * e) : square + 2 * e;
  const DoubleDouble denominator = numerator + (x >= 0 ? square * 2.0 : DoubleDouble{2, 0});
  return Rounded(numerator * x / denominator);
}

// With e = e^x: e (4 (x + 1) + (4 x + 6) e + 4 e^2 + e^3) / (2 + 2 e + e^2)^2.
double MishDerivative(double x) {
  constexpr double kNearZero = 1;
  if (std::fabs(x) > -kLowestNormalExp) {
    return x > 0 ? 1 : 0;
  }
  const double e = std::exp(-std::fabs(x));
  const DoubleDouble square = ExactProduct(e, e);
  const DoubleDouble constant = ExactSum(4 * x, 4);
  const DoubleDouble linear = ExactSum(4 * x, 6);
  if (x >= 0) {
    const DoubleDouble root = square * 2.0 + 2 * e + 1.0;
    const DoubleDouble sum = constant * square * e + linear * square + 4 * e + 1.0;
    return Rounded(sum / (root * root));
  }
  const DoubleDouble root = square + 2 * e + 2.0;
  DoubleDouble sum = constant + linear * e + square * 4.0 + square * e;
  if (std::fabs(sum.high) < kNearZero) {
    // Less the sum at its zero, term by term: what is left has one sign.
    constexpr double kE = kExpAtMishSlopeZero;
    const DoubleDouble distance = -kMishSlopeZero + x;
    const double m = std::expm1(distance.high);
    const double factor = linear.high + 4 * kE * (m + 2) + kE * kE * (m * (m + 3) + 3);
    sum = distance * ExactSum(4, 4 * kE) + kE * m * factor;
  }
  return Rounded(sum * e / (root * root));
}

double TanhDerivative(double x) {
  const double e = std::exp(-2 * std::fabs(x));
  const DoubleDouble root = ExactSum(1, e);
  return 4 * e / (root.high * root.high + 2 * root.high * root.low);
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
