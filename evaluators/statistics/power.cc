#include "evaluators/statistics/power.h"

#include <cassert>
#include <cmath>

#include "evaluators/statistics/distributions.h"

namespace assay {
namespace {

double StandardErrors(double alpha, double power) {
  assert(alpha > 0 && alpha < 1 && power > 0 && power < 1);
  return NormalQuantile(alpha) + NormalQuantile(1 - power);
}

}  // namespace

double DetectableDrop(double standard_deviation, std::int64_t num_rows, double alpha,
                      double power) {
  assert(num_rows > 0);
  return StandardErrors(alpha, power) * standard_deviation /
         std::sqrt(static_cast<double>(num_rows));
}

double RowsToDetect(double standard_deviation, double drop, double alpha, double power) {
  assert(drop > 0);
  const double ratio = StandardErrors(alpha, power) * standard_deviation / drop;
  return std::ceil(ratio * ratio);
}

AssumedSpread SpreadOfScores(double standard_deviation, double correlation) {
  assert(correlation >= -1 && correlation <= 1);
  return {.standard_deviation = std::sqrt(2 * (1 - correlation)) * standard_deviation,
          .source = SpreadSource::kScores};
}

AssumedSpread SpreadOfDiscordant(double discordant) {
  assert(discordant > 0 && discordant <= 1);
  return {.standard_deviation = std::sqrt(discordant), .source = SpreadSource::kDiscordant};
}

}  // namespace assay
