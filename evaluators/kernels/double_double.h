#pragma once

#include <cmath>

namespace assay {

// A number as the unevaluated sum of two doubles, about 106 bits: for the few steps in which a
// rounding error would grow. Finite values without overflow only. Compile users with
// -ffp-contract=off.
struct DoubleDouble {
  double high = 0;
  double low = 0;
};

// a + b, exactly.
inline DoubleDouble ExactSum(double a, double b) {
  const double sum = a + b;
  const double part = sum - a;
  return {sum, (a - (sum - part)) + (b - part)};
}

// a * b, exactly unless it underflows.
inline DoubleDouble ExactProduct(double a, double b) {
  const double product = a * b;
  return {product, std::fma(a, b, -product)};
}

inline DoubleDouble operator+(const DoubleDouble& a, double b) {
  const DoubleDouble sum = ExactSum(a.high, b);
  return ExactSum(sum.high, sum.low + a.low);
}

inline DoubleDouble operator+(const DoubleDouble& a, const DoubleDouble& b) {
  const DoubleDouble sum = ExactSum(a.high, b.high);
  return ExactSum(sum.high, sum.low + (a.low + b.low));
}

inline DoubleDouble operator*(const DoubleDouble& a, const DoubleDouble& b) {
  const DoubleDouble product = ExactProduct(a.high, b.high);
  return {product.high, product.low + (a.high * b.low + a.low * b.high)};
}

inline DoubleDouble operator*(const DoubleDouble& a, double b) { return a * DoubleDouble{b, 0}; }

inline DoubleDouble operator-(const DoubleDouble& a) { return {-a.high, -a.low}; }

inline DoubleDouble operator/(const DoubleDouble& a, const DoubleDouble& b) {
  const double quotient = a.high / b.high;
  const double rest = std::fma(-quotient, b.high, a.high) + (a.low - quotient * b.low);
  return {quotient, rest / b.high};
}

inline double Rounded(const DoubleDouble& a) { return a.high + a.low; }

}  // namespace assay
