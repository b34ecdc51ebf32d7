#pragma once

#include <span>

namespace assay {

struct ValueRange {
  double low = 0;
  double high = 0;
};

// The range of `values` whose 8-bit codes keep their distribution best. The highest |x| is cut to
// the threshold that minimises the Kullback-Leibler divergence of the quantised histogram from the
// original one: 2,048 bins of |x|, 128 levels, thresholds from 128 bins in steps of 16, what lies
// beyond added to the last bin, an empty quantised bin counting as 1e-12. Ties take the lower
// threshold.
ValueRange EntropyRange(std::span<const double> values);

}  // namespace assay
