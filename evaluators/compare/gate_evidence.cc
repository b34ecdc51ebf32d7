#include "evaluators/compare/gate_evidence.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string_view>
#include <utility>

#include "absl/strings/str_format.h"
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

GateBounds ShareBounds(const GateEvidence& evidence, double margin, double alpha) {
  const double share = -evidence.delta;
  const double p = margin >= 1 || share <= margin
                       ? 1
                       : BinomialAtLeast(static_cast<double>(evidence.num_worse),
                                         static_cast<double>(evidence.num_rows), margin);
  return {-ClopperPearsonUpper(evidence.num_worse, evidence.num_rows, alpha),
          -ClopperPearsonLower(evidence.num_worse, evidence.num_rows, alpha), p};
}

// Value at `share` of the way through ascending `draws`, between neighbours in proportion.
double Percentile(const std::vector<double>& draws, double share) {
  const double position = share * static_cast<double>(draws.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, draws.size() - 1);
  return draws[below] + (position - static_cast<double>(below)) * (draws[above] - draws[below]);
}

GateBounds DrawsBounds(const GateEvidence& evidence, double margin, double alpha) {
  const auto first = std::lower_bound(evidence.draws.begin(), evidence.draws.end(), -margin);
  const double p = (1 + static_cast<double>(evidence.draws.end() - first)) /
                   (1 + static_cast<double>(evidence.draws.size()));
  return {Percentile(evidence.draws, alpha), Percentile(evidence.draws, 1 - alpha), p};
}

// Standard deviation of the draws, as if it were the standard error of a mean of rows.
double RowDeviationOfDraws(const GateEvidence& evidence) {
  const double n = static_cast<double>(evidence.draws.size());
  double sum = 0;
  for (const double draw : evidence.draws) {
    sum += draw;
  }
  double squares = 0;
  for (const double draw : evidence.draws) {
    squares += (draw - sum / n) * (draw - sum / n);
  }
  return std::sqrt(squares / n * static_cast<double>(evidence.num_rows));
}

// Rounding may put p and the bound on different sides of their limits; the bound decides.
void Reconcile(double margin, double alpha, GateBounds& bounds) {
  bounds.p = bounds.upper < -margin ? std::min(bounds.p, alpha)
                                    : std::max(bounds.p, std::nextafter(alpha, 1.0));
  bounds.p = ReportedP(bounds.p);
}

// Whether the exact bound lets so many rows pass, if later rows look like these.
bool ExactBoundPasses(const GateEvidence& evidence, double margin, double alpha, double num_rows) {
  const PairedCounts counts = CountsAt(evidence, num_rows);
  return counts.num_better + counts.num_worse >= kFewDiscordantRows ||
         BinomialAtMost(std::min(counts.num_worse, num_rows), num_rows, margin) <= alpha;
}

bool BinaryDecides(const GateEvidence& evidence, double margin, double alpha,
                   double alpha_regressed, double num_rows) {
  const PairedCounts counts = CountsAt(evidence, num_rows);
  const double statistic = TangoStatistic(counts, -margin);
  if (evidence.delta < -margin) {
    return statistic < -NormalQuantile(alpha_regressed);
  }
  return statistic >= NormalQuantile(alpha) && ExactBoundPasses(evidence, margin, alpha, num_rows);
}

bool ShareDecides(const GateEvidence& evidence, double margin, double alpha, double alpha_regressed,
                  double num_rows) {
  const double num_bad = CountsAt(evidence, num_rows).num_worse;
  return evidence.delta < -margin ? BinomialAtLeast(num_bad, num_rows, margin) <= alpha_regressed
                                  : BinomialAtMost(num_bad, num_rows, margin) <= alpha;
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
  const bool has_clusters = summary.num_clusters > 0;
  const bool is_binary = metric.kind == MetricKind::kBinaryMean;
  const PairedSummary read = ByCluster(summary);
  return {.kind = is_binary && !has_clusters ? EvidenceKind::kBinary : EvidenceKind::kMean,
          .num_rows = read.num_rows,
          .num_better = is_higher_better ? read.num_higher : read.num_lower,
          .num_worse = is_higher_better ? read.num_lower : read.num_higher,
          .delta = is_higher_better ? read.delta : -read.delta,
          .standard_deviation = read.standard_deviation,
          .is_constant = read.is_constant,
          .range = metric.highest - metric.lowest,
          .draws = {},
          .is_binary = is_binary,
          .has_clusters = has_clusters};
}

GateEvidence MakeShareEvidence(std::int64_t num_bad, std::int64_t num_rows) {
  const double n = static_cast<double>(std::max<std::int64_t>(num_rows, 1));
  const double share = static_cast<double>(num_bad) / n;
  return {.kind = EvidenceKind::kShare,
          .num_rows = num_rows,
          .num_better = 0,
          .num_worse = num_bad,
          .delta = -share,
          .standard_deviation = std::sqrt(share * (1 - share)),
          .is_constant = num_bad == 0 || num_bad == num_rows,
          .range = 1,
          .draws = {}};
}

GateEvidence MakeDrawsEvidence(std::int64_t num_rows, double delta, std::vector<double> draws) {
  std::sort(draws.begin(), draws.end());
  const bool is_constant = draws.empty() || draws.front() == draws.back();
  return {.kind = EvidenceKind::kDraws,
          .num_rows = num_rows,
          .num_better = 0,
          .num_worse = 0,
          .delta = delta,
          .standard_deviation = 0,
          .is_constant = is_constant,
          .range = 0,
          .draws = std::move(draws)};
}

double ExactWorseBound(const GateEvidence& evidence, double alpha) {
  return ClopperPearsonUpper(std::min(evidence.num_worse, evidence.num_rows), evidence.num_rows,
                             alpha);
}

std::string EvidenceMethod(const GateEvidence& evidence) {
  const std::string_view exact = HasFewDiscordantRows(evidence) ? ", Clopper-Pearson to pass" : "";
  switch (evidence.kind) {
    case EvidenceKind::kBinary:
      return absl::StrFormat("Tango score%s", exact);
    case EvidenceKind::kMean:
      return evidence.is_constant
                 ? std::string("Clopper-Pearson times range, all differences equal")
                 : absl::StrFormat("%s t%s", evidence.has_clusters ? "cluster-robust" : "paired",
                                   exact);
    case EvidenceKind::kShare:
      return "Clopper-Pearson";
    case EvidenceKind::kDraws:
      return "paired percentile bootstrap";
  }
  return "";
}

std::optional<GateBounds> BoundsOf(const GateEvidence& evidence, double margin, double alpha) {
  if (evidence.num_rows == 0 || !std::isfinite(evidence.delta)) {
    return std::nullopt;
  }
  std::optional<GateBounds> bounds;
  if (evidence.kind == EvidenceKind::kBinary) {
    bounds = BinaryBounds(evidence, margin, alpha);
  } else if (evidence.kind == EvidenceKind::kShare) {
    bounds = ShareBounds(evidence, margin, alpha);
  } else if (evidence.kind == EvidenceKind::kDraws) {
    if (evidence.draws.empty()) {
      return std::nullopt;
    }
    bounds = DrawsBounds(evidence, margin, alpha);
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
  if (evidence.kind == EvidenceKind::kShare) {
    rows = margin >= 1 ? least : FirstDecided(least, [&](double num_rows) {
      return ShareDecides(evidence, margin, alpha, alpha_regressed, num_rows);
    });
  } else if (evidence.kind == EvidenceKind::kDraws) {
    rows = evidence.draws.empty() ? 2 * kMostRows
                                  : RowsForPrecision(RowDeviationOfDraws(evidence), distance, tail);
  } else if (evidence.kind == EvidenceKind::kBinary) {
    rows = margin >= 1 ? least : FirstDecided(least, [&](double num_rows) {
      return BinaryDecides(evidence, margin, alpha, alpha_regressed, num_rows);
    });
  } else if (!evidence.is_constant) {
    rows = RowsForPrecision(evidence.standard_deviation, distance, tail);
    if (evidence.is_binary && evidence.delta >= -margin && margin < 1) {
      rows = std::max(rows, FirstDecided(least, [&](double num_rows) {
                        return ExactBoundPasses(evidence, margin, alpha, num_rows);
                      }));
    }
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
