#pragma once

#include <cstdint>

#include "evaluators/statistics/interval.h"

namespace assay {

// Paired right-or-wrong answers. Only rows whose answer changed carry information beside the total.
// Counts are doubles so that a plan may scale them; observed ones are whole.
struct PairedCounts {
  double num_rows = 0;
  double num_better = 0;  // wrong before, right after
  double num_worse = 0;   // right before, wrong after
};

// Two-sided McNemar tests of "as many better as worse", in (0, 1]; 1 when nothing changed.
// Exact: the binomial test of Q. McNemar (1947), conditional on the changed rows; never rejects too
// often. Mid-p: the same with half the probability of the observed split; closer to its level, as
// M. W. Fagerland, S. Lydersen and P. Laake (2013) recommend.
double McNemarExactP(std::int64_t num_better, std::int64_t num_worse);
double McNemarMidP(std::int64_t num_better, std::int64_t num_worse);

// Score statistic for H0: difference of the paired proportions (after minus before) = `delta`, in
// [-1, 1]: approximately standard normal, large when the data lie above `delta`. T. Tango,
// "Equivalence test and confidence interval for the difference in proportions for the paired-sample
// design" (1998). 0 where it is 0 / 0.
double TangoStatistic(const PairedCounts& counts, double delta);

// All differences whose score statistic lies within the normal quantiles that leave `tail` on each
// side: tail 0.025 gives the two-sided 95 % interval, tail alpha the one-sided 1 - alpha bounds.
// Never of zero width, except at num_better or num_worse = num_rows, where one end is 1 or -1.
// 0 < tail < 0.5, num_rows > 0.
Interval TangoInterval(const PairedCounts& counts, double tail);

}  // namespace assay
