#pragma once

#include <cstdint>

#include "evaluators/statistics/incomplete_beta.h"

namespace assay {

// Smallest p value that is reported. A p value is never 0: that would claim certainty.
inline constexpr double kSmallestP = 2.2250738585072014e-308;

// `p` brought into [kSmallestP, 1].
double ReportedP(double p);

// P(Z <= z) and P(Z > z) of the standard normal distribution.
Tails NormalTails(double z);

// z with P(Z > z) = `upper`, 0 < upper < 1. M. J. Wichura, algorithm AS 241, PPND16 (1988):
// relative error about 1e-16.
double NormalQuantile(double upper);

// P(T <= t) and P(T > t) of Student's t distribution with `degrees` > 0 degrees of freedom.
Tails StudentTails(double t, double degrees);

// t with P(T > t) = `upper`, 0 < upper < 1. Relative error about 1e-13 while upper is in
// [1e-100, 1 - 1e-16].
double StudentQuantile(double upper, double degrees);

// P(X <= k) and P(X >= k) for X ~ Binomial(n, p), 0 <= p <= 1. Through the incomplete beta
// function, so `k` and `n` need not be whole; planning uses that.
double BinomialAtMost(double k, double n, double p);
double BinomialAtLeast(double k, double n, double p);

// P(X = k) for X ~ Binomial(n, 1/2), 0 <= k <= n.
double FairBinomialAt(std::int64_t k, std::int64_t n);

}  // namespace assay
