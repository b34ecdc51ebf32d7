#pragma once

#include <cstdint>

namespace assay {

// What a dataset can see before anything is compared. A gate is one-sided at `alpha`; a drop is
// seen when, with the true difference at -drop, the gate's interval lies below 0 with the chance
// `power`.

// (z_{1 - alpha} + z_power) standard_deviation / sqrt(n): one-sided, so 2.486 standard errors at
// alpha 0.05 and power 0.8. (MinimumDetectableEffect is two-sided: 2.802.) On the scale of the
// scores, over all rows. num_rows > 0.
double DetectableDrop(double standard_deviation, std::int64_t num_rows, double alpha = 0.05,
                      double power = 0.8);

// Rows that see `drop` > 0. May be huge.
double RowsToDetect(double standard_deviation, double drop, double alpha = 0.05,
                    double power = 0.8);

// Standard deviation of a row's difference as a plan assumes it, and from what.
enum class SpreadSource : std::uint8_t {
  kScores = 1,      // the scores of a run, of which a change is assumed to leave `correlation`
  kDiscordant = 2,  // an assumed share of answers that change
};
struct AssumedSpread {
  double standard_deviation = 0;
  SpreadSource source = SpreadSource::kScores;
};

// Two runs whose scores have the standard deviation of one run, and correlate: sqrt(2 (1 - r)) sd.
AssumedSpread SpreadOfScores(double standard_deviation, double correlation);
// Right-or-wrong answers of which the share `discordant` in (0, 1] changes: sqrt(discordant).
AssumedSpread SpreadOfDiscordant(double discordant);

}  // namespace assay
