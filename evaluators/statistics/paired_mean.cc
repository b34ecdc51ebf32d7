#include "evaluators/statistics/paired_mean.h"

#include <cassert>
#include <cmath>

#include "evaluators/statistics/distributions.h"

namespace assay {
namespace {

double StandardError(const MeanDifference& difference) {
  assert(difference.num_rows >= 2 && difference.standard_deviation > 0);
  return difference.standard_deviation / std::sqrt(static_cast<double>(difference.num_rows));
}

double Degrees(const MeanDifference& difference) {
  return static_cast<double>(difference.num_rows - 1);
}

}  // namespace

Interval PairedTInterval(const MeanDifference& difference, double tail) {
  const double half = StudentQuantile(tail, Degrees(difference)) * StandardError(difference);
  return {difference.mean - half, difference.mean + half};
}

double PairedTP(const MeanDifference& difference) {
  const double t = std::fabs(difference.mean) / StandardError(difference);
  return ReportedP(2 * StudentTails(t, Degrees(difference)).upper);
}

double PairedTBelowP(const MeanDifference& difference, double least) {
  const double t = (difference.mean - least) / StandardError(difference);
  return ReportedP(StudentTails(t, Degrees(difference)).lower);
}

double MinimumDetectableEffect(double standard_deviation, std::int64_t num_rows) {
  return (NormalQuantile(0.025) + NormalQuantile(0.2)) * standard_deviation /
         std::sqrt(static_cast<double>(num_rows));
}

double RowsForPrecision(double standard_deviation, double distance, double tail) {
  const double ratio = NormalQuantile(tail) * standard_deviation / distance;
  return std::ceil(ratio * ratio);
}

}  // namespace assay
