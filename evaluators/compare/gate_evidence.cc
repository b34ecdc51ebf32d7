#include "evaluators/compare/gate_evidence.h"

#include <algorithm>
#include <cmath>

#include "evaluators/statistics/distributions.h"
#include "evaluators/statistics/interval.h"
#include "evaluators/statistics/paired_binary.h"
#include "evaluators/statistics/paired_mean.h"

namespace assay {
namespace {

constexpr double kMostRows = 1e9;

// The counts of `evidence`, or what they would be among `num_rows` rows alike.
PairedCounts CountsAt(const GateEvidence& evidence, double num_rows) {
  const double scale = num_rows / static_cast<double>(evidence.num_rows);
  return {.num_rows = num_rows,
          .num_better = static_cast<double>(evidence.num_better) * scale,
          .num_worse = static_cast<double>(evidence.num_worse) * scale};
}

GateBounds BinaryBounds(const GateEvidence& evidence, double margin, double alpha) {
  const PairedCounts counts = CountsAt(evidence, static_cast<double>(evidence.num_rows));
  const Interval interval = TangoInterval(counts, alpha);
  // No difference of shares is below -1, so a margin above 1 cannot be broken.
  const double p = margin > 1 ? 1 : NormalTails(TangoStatistic(counts, -margin)).lower;
  return {interval.lower, interval.upper, p};
}

GateBounds MeanBounds(const GateEvidence& evidence, double margin, double alpha) {
  const MeanDifference difference{.num_rows = evidence.num_rows,
                                  .mean = evidence.delta,
                                  .standard_deviation = evidence.standard_deviation};
  const Interval interval = PairedTInterval(difference, alpha);
  return {interval.lower, interval.upper, PairedTBelowP(difference, -margin)};
}

// Share of rows that would have to differ by the whole range, in the other direction, to carry the
// mean of otherwise constant differences to -margin.
double ShareToMargin(const GateEvidence& evidence, double margin) {
  return evidence.delta < -margin ? (-margin - evidence.delta) / (evidence.range - evidence.delta)
                                  : (evidence.delta + margin) / (evidence.range + evidence.delta);
}

std::optional<GateBounds> ConstantBounds(const GateEvidence& evidence, double margin,
                                         double alpha) {
  const double n = static_cast<double>(evidence.num_rows);
  const bool is_below = evidence.delta < -margin;
  if (!std::isfinite(evidence.range)) {
    const double sign_flip = std::exp2(-n);
    if (sign_flip > alpha) {
      return std::nullopt;
    }
    return GateBounds{evidence.delta, evidence.delta, is_below ? sign_flip : 1};
  }
  const double other_share = -std::expm1(std::log(alpha) / n);
  const double same = (1 - other_share) * evidence.delta;
  const double p =
      is_below ? std::exp(n * std::log1p(-std::min(1.0, ShareToMargin(evidence, margin)))) : 1;
  return GateBounds{same - other_share * evidence.range, same + other_share * evidence.range, p};
}

// Rounding may put p and the bound on different sides of their limits; the bound decides.
void Reconcile(double margin, double alpha, GateBounds& bounds) {
  bounds.p = bounds.upper < -margin ? std::min(bounds.p, alpha)
                                    : std::max(bounds.p, std::nextafter(alpha, 1.0));
  bounds.p = ReportedP(bounds.p);
}

bool BinaryDecides(const GateEvidence& evidence, double margin, double alpha,
                   double alpha_regressed, double num_rows) {
  const PairedCounts counts = CountsAt(evidence, num_rows);
  const double statistic = TangoStatistic(counts, -margin);
  if (evidence.delta < -margin) {
    return statistic < -NormalQuantile(alpha_regressed);
  }
  const bool is_few = counts.num_better + counts.num_worse < kFewDiscordantRows;
  return statistic >= NormalQuantile(alpha) &&
         (!is_few || BinomialAtMost(counts.num_worse, num_rows, margin) <= alpha);
}

// Smallest whole number in [least, kMostRows] where `decides` turns true.
template <typename Decides>
double FirstDecided(double least, const Decides& decides) {
  double high = least;
  while (!decides(high)) {
    if (high >= kMostRows) {
      return 2 * kMostRows;
    }
    high = std::min(2 * high, kMostRows);
  }
  double low = least - 1;
  while (high - low > 1) {
    const double middle = std::floor((low + high) / 2);
    (decides(middle) ? high : low) = middle;
  }
  return high;
}

}  // namespace

GateEvidence MakeGateEvidence(const PairedSummary& summary, const MetricDescriptor& metric) {
  const bool is_higher_better = metric.direction == Direction::kHigher;
  return {.kind = metric.kind,
          .num_rows = summary.num_rows,
          .num_better = is_higher_better ? summary.num_higher : summary.num_lower,
          .num_worse = is_higher_better ? summary.num_lower : summary.num_higher,
          .delta = is_higher_better ? summary.delta : -summary.delta,
          .standard_deviation = summary.standard_deviation,
          .is_constant = summary.is_constant,
          .range = metric.highest - metric.lowest};
}

std::optional<GateBounds> BoundsOf(const GateEvidence& evidence, double margin, double alpha) {
  if (evidence.num_rows == 0 || !std::isfinite(evidence.delta)) {
    return std::nullopt;
  }
  std::optional<GateBounds> bounds;
  if (evidence.kind == MetricKind::kBinaryMean) {
    bounds = BinaryBounds(evidence, margin, alpha);
  } else if (evidence.is_constant) {
    bounds = ConstantBounds(evidence, margin, alpha);
  } else {
    bounds = MeanBounds(evidence, margin, alpha);
  }
  if (bounds.has_value()) {
    Reconcile(margin, alpha, *bounds);
  }
  return bounds;
}

std::optional<std::int64_t> RowsToDecide(const GateEvidence& evidence, double margin, double alpha,
                                         std::int64_t num_gates, std::int64_t least_rows) {
  const double distance = std::fabs(evidence.delta + margin);
  if (evidence.num_rows == 0 || !std::isfinite(distance) || distance == 0) {
    return std::nullopt;
  }
  const double alpha_regressed = alpha / static_cast<double>(num_gates);
  const double tail = evidence.delta < -margin ? alpha_regressed : alpha;
  const double least = static_cast<double>(std::max<std::int64_t>(least_rows, 2));
  double rows = least;
  if (evidence.kind == MetricKind::kBinaryMean) {
    rows = margin >= 1 ? least : FirstDecided(least, [&](double num_rows) {
      return BinaryDecides(evidence, margin, alpha, alpha_regressed, num_rows);
    });
  } else if (!evidence.is_constant) {
    rows = RowsForPrecision(evidence.standard_deviation, distance, tail);
  } else if (std::isfinite(evidence.range)) {
    // The exact bound for 0 of n others comes down to the share that reaches the margin.
    const double share = ShareToMargin(evidence, margin);
    rows = share >= 1 ? least : std::ceil(std::log(tail) / std::log1p(-share));
  }
  rows = std::max(rows, least);
  return rows > kMostRows ? std::nullopt
                          : std::optional<std::int64_t>(static_cast<std::int64_t>(rows));
}

}  // namespace assay
