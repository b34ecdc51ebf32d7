#pragma once

#include <span>
#include <vector>

namespace assay {

// Adjusted p values in the order given, each at most 1 and at least its raw value.

// For gates: the chance of any false alarm stays at most alpha when those with an adjusted p of at
// most alpha are rejected, however the tests depend on each other. S. Holm, "A Simple Sequentially
// Rejective Multiple Test Procedure" (1979).
std::vector<double> HolmAdjusted(std::span<const double> p);

// For exploration: the expected share of false alarms among the rejected stays at most q. Y.
// Benjamini and Y. Hochberg, "Controlling the False Discovery Rate" (1995).
std::vector<double> BenjaminiHochbergAdjusted(std::span<const double> p);

}  // namespace assay
