#pragma once

#include <cstdint>
#include <optional>

namespace assay {

struct Interval {
  double lower = 0;
  double upper = 0;
};

// Student t interval of the mean of independent values, two-sided, from their count, sum and sum of
// squares (add them up in a fixed order). Absent for fewer than two values, when a sum is not
// finite, and when the values do not vary: the t interval then says nothing. Values whose spread is
// below about 1e-6 of their size count as not varying, because the sums cannot show more.
std::optional<Interval> MeanInterval(std::int64_t num_values, double sum, double sum_of_squares,
                                     double confidence = 0.95);

// Wilson's score interval of a share, two-sided. Absent without values. E. B. Wilson, "Probable
// inference, the law of succession, and statistical inference" (1927).
std::optional<Interval> WilsonInterval(std::int64_t num_successes, std::int64_t num_values,
                                       double confidence = 0.95);

// Exact one-sided bounds of a share: the smallest share that leaves a chance of at most `alpha` for
// `num_successes` or more, and the largest that leaves one for `num_successes` or fewer. With both,
// the two-sided 1 - 2 alpha interval of C. J. Clopper and E. S. Pearson (1934). num_values > 0.
double ClopperPearsonLower(std::int64_t num_successes, std::int64_t num_values, double alpha);
double ClopperPearsonUpper(std::int64_t num_successes, std::int64_t num_values, double alpha);

}  // namespace assay
