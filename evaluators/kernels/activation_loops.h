#pragma once

#include <cstddef>
#include <cstdint>

#include "evaluators/kernels/activation_kernels.h"

// Float32 activations for two `Lanes` types of the including file, `Floats` for what is computed in
// float32 and `Doubles` for what is computed in double:
//
//   Float             a vector of kLanes floats
//   Number            what is computed in: the same, or as many doubles
//   arithmetic        Add, Subtract, Multiply, MultiplyAdd, MultiplySubtract (a b - c),
//                     NegativeMultiplyAdd (c - a b), Divide, Negate, Abs
//   Min, Max          the second operand where either is NaN, and of two zeros
//   IfNegative        (x, a, b): a where the sign of x is set, else b
//   CopySign          (x, sign)
//   PowerOfTwo        2^n of n + kRound (see below), n within the exponents of normal numbers; of
//                     Floats 2^(n + kMore)
//   Set               the same number in every lane
//   Load, Store, Widen, Narrow
//
// All operations round as IEEE 754 says and products are fused, so that every level gives equal
// bits. The types have internal linkage; nothing of the standard library: see dense_loops.h.

#define ASSAY_INLINE __attribute__((always_inline)) inline

namespace assay::kernels {

template <typename Floats, typename Doubles>
struct ActivationLoops {
  using Float = typename Floats::Number;
  using Double = typename Doubles::Number;

  // Adding these rounds to an integer, half to even, and leaves it in the lowest bits.
  static constexpr double kRound = 0x1.8p52;
  static constexpr float kRoundFloat = 0x1.8p23F;
  // exp(-kLargest) is a normal double, and 0 in float32 whatever float32 multiplies it.
  static constexpr double kLargest = 700;

  // exp(z) - 1 = scale * expm1 + (scale - 1), |z| <= kLargest.
  struct Exponential {
    Double scale;  // a power of two
    Double expm1;  // relative error 2^-32
  };

  // r = z - n ln 2; expm1(r) = r + r^2 p(r), p minimax of degree 5 (relative error 2^-31.9 of
  // expm1).
  static ASSAY_INLINE Exponential Exp(Double z) {
    const Double shifted =
        Doubles::MultiplyAdd(z, Doubles::Set(0x1.71547652b82fep+0), Doubles::Set(kRound));
    const Double n = Doubles::Subtract(shifted, Doubles::Set(kRound));
    const Double r = Doubles::NegativeMultiplyAdd(n, Doubles::Set(0x1.62e42fefa39efp-1), z);
    Double p = Doubles::Set(0x1.a1a1b472662bcp-13);
    p = Doubles::MultiplyAdd(p, r, Doubles::Set(0x1.6d74cddcf72f8p-10));
    p = Doubles::MultiplyAdd(p, r, Doubles::Set(0x1.11108f65cafe3p-7));
    p = Doubles::MultiplyAdd(p, r, Doubles::Set(0x1.5554ad8f0cbfap-5));
    p = Doubles::MultiplyAdd(p, r, Doubles::Set(0x1.55555589243a7p-3));
    p = Doubles::MultiplyAdd(p, r, Doubles::Set(0x1.00000027f717ep-1));
    return {Doubles::PowerOfTwo(shifted), Doubles::MultiplyAdd(Doubles::Multiply(r, r), p, r)};
  }

  // exp(-|x|), with |x| cut at kLargest.
  static ASSAY_INLINE Double ExpOfMinusAbs(Double x) {
    const Double magnitude = Doubles::Min(Doubles::Set(kLargest), Doubles::Abs(x));
    const Exponential e = Exp(Doubles::Negate(magnitude));
    return Doubles::MultiplyAdd(e.scale, e.expm1, e.scale);
  }

  // Below this, every function that ends in x times a logistic is -0 in float32.
  static ASSAY_INLINE Double CutBelow(Double x) { return Doubles::Max(Doubles::Set(-200), x); }

  // numerator / (1 + exp(-u)).
  static ASSAY_INLINE Double TimesLogistic(Double numerator, Double u) {
    const Double e = ExpOfMinusAbs(u);
    const Double top = Doubles::Multiply(numerator, Doubles::IfNegative(u, e, Doubles::Set(1)));
    return Doubles::Divide(top, Doubles::Add(Doubles::Set(1), e));
  }

  struct Relu {
    // 0 for -0 and below; Max gives its second operand for NaN.
    static ASSAY_INLINE Float Apply(Float x, Float) { return Floats::Max(Floats::Set(0), x); }
  };

  struct LeakyRelu {
    static ASSAY_INLINE Double Apply(Double x, Double slope) {
      return Doubles::IfNegative(x, Doubles::Multiply(x, slope), x);
    }
  };

  struct QuickGelu {
    static ASSAY_INLINE Double Apply(Double x, Double) {
      const Double cut = CutBelow(x);
      return TimesLogistic(cut, Doubles::Multiply(cut, Doubles::Set(1.702)));
    }
  };

  // The tanh form: x sigmoid(2 sqrt(2 / pi) (x + 0.044715 x^3)).
  struct GeluTanh {
    static ASSAY_INLINE Double Apply(Double x, Double) {
      constexpr double kLinear = 0x1.9884533d43651p+0;
      const Double cut = CutBelow(x);
      const Double square = Doubles::Multiply(cut, cut);
      const Double factor =
          Doubles::MultiplyAdd(square, Doubles::Set(0.044715 * kLinear), Doubles::Set(kLinear));
      return TimesLogistic(cut, Doubles::Multiply(cut, factor));
    }
  };

  // With e = exp(-|x|): tanh(log1p(exp(x))) = (1 + 2e) / (1 + 2e + 2e^2) for x >= 0, else
  // (2e + e^2) / (2 + 2e + e^2).
  struct Mish {
    static ASSAY_INLINE Double Apply(Double x, Double) {
      const Double cut = CutBelow(x);
      const Double e = ExpOfMinusAbs(cut);
      const Double twice = Doubles::Add(e, e);
      const Double square = Doubles::Multiply(e, e);
      const Double top =
          Doubles::IfNegative(x, Doubles::Add(twice, square), Doubles::Add(Doubles::Set(1), twice));
      const Double rest = Doubles::IfNegative(x, Doubles::Set(2), Doubles::Add(square, square));
      return Doubles::Divide(Doubles::Multiply(cut, top), Doubles::Add(top, rest));
    }
  };

  struct Elu {
    static ASSAY_INLINE Double Apply(Double x, Double alpha) {
      const Double negative = Doubles::Min(Doubles::Set(0), x);
      const Exponential e = Exp(Doubles::Max(Doubles::Set(-kLargest), negative));
      const Double expm1 =
          Doubles::MultiplyAdd(e.scale, e.expm1, Doubles::Subtract(e.scale, Doubles::Set(1)));
      return Doubles::IfNegative(x, Doubles::Multiply(alpha, expm1), x);
    }
  };

  // exp(-x) = 2^n + 2^n expm1, in float32: |x| < 128, expm1 within an ulp (minimax of degree 4 for
  // (expm1(r) / r - 1) / r: 2^-26.2).
  struct FloatExponential {
    Float shifted;  // n + kRoundFloat
    Float expm1;
  };
  static ASSAY_INLINE FloatExponential ExpOfMinus(Float x) {
    const Float shifted =
        Floats::NegativeMultiplyAdd(x, Floats::Set(0x1.715476p+0F), Floats::Set(kRoundFloat));
    const Float n = Floats::Subtract(shifted, Floats::Set(kRoundFloat));
    // x + n ln 2, which is -r; the first product is exact.
    Float minus_r = Floats::MultiplyAdd(n, Floats::Set(0x1.62e4p-1F), x);
    minus_r = Floats::MultiplyAdd(n, Floats::Set(0x1.7f7d1cp-20F), minus_r);
    Float p = Floats::Set(0x1.6d995b701f990p-10F);
    p = Floats::MultiplySubtract(p, minus_r, Floats::Set(0x1.122837af0edaep-7F));
    p = Floats::MultiplyAdd(p, minus_r, Floats::Set(0x1.5554867e73978p-5F));
    p = Floats::MultiplySubtract(p, minus_r, Floats::Set(0x1.5554af12af6f6p-3F));
    p = Floats::MultiplyAdd(p, minus_r, Floats::Set(0x1.00000035552d7p-1F));
    return {shifted, Floats::MultiplySubtract(Floats::Multiply(minus_r, minus_r), p, minus_r)};
  }

  // 1 / (1 + exp(-x)), both sides of the fraction times 2^-32, so that the denominator does not
  // overflow where the quotient is subnormal. 2^n + 1 is carried with its rounding error: beyond
  // n = 23 it has one.
  static ASSAY_INLINE Float Logistic(Float x) {
    const Float cut = Floats::Min(Floats::Set(60), Floats::Max(Floats::Set(-110), x));
    const FloatExponential e = ExpOfMinus(cut);
    const Float scale = Floats::template PowerOfTwo<-32>(e.shifted);
    const Float sum = Floats::Add(scale, Floats::Set(0x1p-32F));
    const Float rest = Floats::Add(Floats::Subtract(scale, sum), Floats::Set(0x1p-32F));
    const Float denominator = Floats::Add(sum, Floats::MultiplyAdd(e.expm1, scale, rest));
    return Floats::Divide(Floats::Set(0x1p-32F), denominator);
  }

  struct Sigmoid {
    static ASSAY_INLINE Float Apply(Float x, Float) { return Logistic(x); }
  };

  // At -110 and below it is -0.
  struct Silu {
    static ASSAY_INLINE Float Apply(Float x, Float) {
      return Floats::Multiply(Floats::Max(Floats::Set(-110), x), Logistic(x));
    }
  };

  // Below 5/8 an odd polynomial (2^-27.7), above 1 - 2 / (1 + exp(2 |x|)).
  struct Tanh {
    static ASSAY_INLINE Float Apply(Float x, Float) {
      const Float magnitude = Floats::Min(Floats::Set(10), Floats::Abs(x));
      const Float square = Floats::Multiply(x, x);
      Float p = Floats::Set(-0.005679257218834694F);
      p = Floats::MultiplyAdd(p, square, Floats::Set(0.020618082415045008F));
      p = Floats::MultiplyAdd(p, square, Floats::Set(-0.053733988464336226F));
      p = Floats::MultiplyAdd(p, square, Floats::Set(0.13331383520296664F));
      p = Floats::MultiplyAdd(p, square, Floats::Set(-0.3333328021556262F));
      const Float small = Floats::MultiplyAdd(Floats::Multiply(square, p), magnitude, magnitude);

      const FloatExponential e = ExpOfMinus(Floats::Multiply(magnitude, Floats::Set(-2)));
      const Float scale = Floats::template PowerOfTwo<0>(e.shifted);
      const Float denominator =
          Floats::MultiplyAdd(e.expm1, scale, Floats::Add(scale, Floats::Set(1)));
      const Float large =
          Floats::Subtract(Floats::Set(1), Floats::Divide(Floats::Set(2), denominator));
      const Float value =
          Floats::IfNegative(Floats::Subtract(magnitude, Floats::Set(0.625F)), small, large);
      return Floats::CopySign(value, x);
    }
  };

  // max(x, 0) - |x| Phi(-|x|), Phi(-a) = exp(-a^2 / 2) M(a), M rational (relative error 2^-25.4 for
  // a < 0.55, 2^-24 up to 1, 2^-19 up to 14.6). The power of two is larger by 2^64 until all
  // factors are in, so that only Phi itself becomes subnormal.
  struct Gelu {
    static ASSAY_INLINE Float Apply(Float x, Float) {
      const Float a = Floats::Min(Floats::Set(14.6F), Floats::Abs(x));
      const FloatExponential e =
          ExpOfMinus(Floats::Multiply(Floats::Multiply(a, a), Floats::Set(0.5F)));
      const Float scale = Floats::template PowerOfTwo<64>(e.shifted);
      Float top = Floats::Set(0.014215005710226214F);
      top = Floats::MultiplyAdd(top, a, Floats::Set(0.1077187561492764F));
      top = Floats::MultiplyAdd(top, a, Floats::Set(0.34176695953797537F));
      top = Floats::MultiplyAdd(top, a, Floats::Set(0.5F));
      Float bottom = Floats::Set(0.03564112941989618F);
      bottom = Floats::MultiplyAdd(bottom, a, Floats::Set(0.2696646814363844F));
      bottom = Floats::MultiplyAdd(bottom, a, Floats::Set(0.8974539906352879F));
      bottom = Floats::MultiplyAdd(bottom, a, Floats::Set(1.4814173741997985F));
      bottom = Floats::MultiplyAdd(bottom, a, Floats::Set(1));
      // top exp(-a^2 / 2) without its power of two, rounded once.
      top = Floats::MultiplyAdd(e.expm1, top, top);
      const Float tail = Floats::Multiply(Floats::Divide(Floats::Multiply(top, scale), bottom),
                                          Floats::Set(0x1p-64F));
      return Floats::NegativeMultiplyAdd(a, tail, Floats::Max(Floats::Set(-0.0F), x));
    }
  };

  template <typename Lanes, typename Function>
  static ASSAY_INLINE void Step(const float* x, typename Lanes::Number parameter, float* y) {
    Lanes::Store(y, Lanes::Narrow(Function::Apply(Lanes::Widen(Lanes::Load(x)), parameter)));
  }

  template <typename Lanes, typename Function>
  static void Run(const float* x, std::int64_t size, double parameter, float* y) {
    constexpr std::int64_t kLanes = Lanes::kLanes;
    const auto parameters = Lanes::Set(static_cast<typename Lanes::Scalar>(parameter));
    std::int64_t i = 0;
    for (; i + kLanes <= size; i += kLanes) {
      Step<Lanes, Function>(x + i, parameters, y + i);
    }
    if (i < size) {
      const auto num_bytes = static_cast<std::size_t>(size - i) * sizeof(float);
      float last[kLanes] = {};
      __builtin_memcpy(last, x + i, num_bytes);
      Step<Lanes, Function>(last, parameters, last);
      __builtin_memcpy(y + i, last, num_bytes);
    }
  }

  static constexpr ActivationKernels Table() {
    return {.relu = Run<Floats, Relu>,
            .leaky_relu = Run<Doubles, LeakyRelu>,
            .elu = Run<Doubles, Elu>,
            .gelu = Run<Floats, Gelu>,
            .gelu_tanh = Run<Doubles, GeluTanh>,
            .quick_gelu = Run<Doubles, QuickGelu>,
            .silu = Run<Floats, Silu>,
            .mish = Run<Doubles, Mish>,
            .sigmoid = Run<Floats, Sigmoid>,
            .tanh = Run<Floats, Tanh>};
  }
};

}  // namespace assay::kernels
