#include "evaluators/kernels/normal_tail.h"

#include <cstddef>
#include <iterator>

namespace assay {
namespace {

#include "evaluators/kernels/normal_tail_table.inc"

constexpr double kTableEnd = 8;
constexpr double kPiecesPerUnit = 4;
constexpr DoubleDouble kInverseSqrt2Pi = {0x1.9884533d43651p-2, -0x1.cbc0d30ebfd15p-56};

template <std::size_t kSize>
double Polynomial(const double (&coefficients)[kSize], double x) {
  double value = coefficients[kSize - 1];
  for (std::size_t i = kSize - 1; i-- > 0;) {
    value = value * x + coefficients[i];
  }
  return value;
}

double Scaled(double a) {
  if (a < kTableEnd) {
    const auto piece = static_cast<std::size_t>(a * kPiecesPerUnit);
    const double middle = (static_cast<double>(piece) + 0.5) / kPiecesPerUnit;
    return Polynomial(kPieces[piece], a - middle);
  }
  const double w = 1 / (a * a);
  return kInverseSqrt2Pi.high * (1 + w * Polynomial(kTail, w)) / a;
}

// `scaled` less a / sqrt(2 pi).
DoubleDouble ScaledSlope(double a) {
  if (a >= kSlopeEnd) {
    return -(kInverseSqrt2Pi * a) + Scaled(a);
  }
  // The difference has no digits left near its zero; its quotient by the distance from there has.
  const DoubleDouble distance = -kSlopeZero + a;
  const double h = distance.high;
  const double square = h * h;
  const double rest = Polynomial(kSlopeEven, square) + h * Polynomial(kSlopeOdd, square);
  return distance * (kSlopeAtZero + h * rest);
}

}  // namespace

NormalTail NormalTailAt(double a) {
  const DoubleDouble square = ExactProduct(a, a);
  return {Scaled(a), std::exp(-0.5 * square.high), -0.5 * square.low};
}

DoubleDouble NormalTailSlope(double a) {
  const DoubleDouble square = ExactProduct(a, a);
  const double gaussian = std::exp(-0.5 * square.high);
  return ScaledSlope(a) * DoubleDouble{gaussian, -0.5 * square.low * gaussian};
}

double TimesNormalTail(double a, const NormalTail& tail) {
  const DoubleDouble phi = ExactProduct(tail.scaled, tail.gaussian);
  return Rounded(phi * a + phi.high * a * tail.gaussian_error);
}

}  // namespace assay
