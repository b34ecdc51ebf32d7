#pragma once

namespace assay {

// Both sides of a distribution at one point. Each is accurate relative to itself, so a tiny one may
// be used as a p value; `upper` is not computed as 1 - `lower` unless that loses nothing.
struct Tails {
  double lower = 0;
  double upper = 0;
};

// x^a (1 - x)^b / B(a, b), for a, b > 0 and 0 < x < 1, with y = 1 - x given apart so that a tiny
// one keeps its digits. Relative error about 1e-13 even where a + b is in the millions, because it
// uses the deviance form of C. Loader, "Fast and Accurate Computation of Binomial Probabilities"
// (2000), in place of differences of log gamma functions.
double BetaKernel(double a, double b, double x, double y);

// Regularised incomplete beta function: lower is I_x(a, b), upper is 1 - I_x(a, b). Arguments as
// for BetaKernel; x <= 0 and y <= 0 give the limits. Continued fraction of A. R. DiDonato and A. H.
// Morris, "Algorithm 708" (1992). Relative error of either tail below 1e-12 for a + b up to 10^6
// and tails down to 1e-180.
Tails IncompleteBeta(double a, double b, double x, double y);

}  // namespace assay
