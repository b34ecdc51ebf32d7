#include "evaluators/compare/comparison.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>

#include "absl/strings/str_format.h"
#include "evaluators/compare/paired_summary.h"
#include "evaluators/statistics/distributions.h"
#include "evaluators/statistics/multiplicity.h"
#include "evaluators/statistics/paired_binary.h"
#include "evaluators/statistics/paired_mean.h"

namespace assay {
namespace {

// Each side of the two-sided 95 % interval.
constexpr double kTail = 0.025;
// With fewer changed rows McNemar's test is exact; with more, mid-p.
constexpr std::int64_t kFewChangedRows = 10;

void TestBinary(const PairedSummary& summary, Cell& cell) {
  const PairedCounts counts{.num_rows = static_cast<double>(summary.num_rows),
                            .num_better = static_cast<double>(summary.num_higher),
                            .num_worse = static_cast<double>(summary.num_lower)};
  const Interval interval = TangoInterval(counts, kTail);
  cell.lower = interval.lower;
  cell.upper = interval.upper;
  const bool is_exact = summary.num_higher + summary.num_lower < kFewChangedRows;
  cell.p = is_exact ? McNemarExactP(summary.num_higher, summary.num_lower)
                    : McNemarMidP(summary.num_higher, summary.num_lower);
  cell.method = is_exact ? "Tango score, exact McNemar" : "Tango score, McNemar mid-p";
}

void TestMean(const PairedSummary& summary, Cell& cell) {
  if (summary.is_constant && summary.num_higher + summary.num_lower == 0) {
    cell.lower = 0;
    cell.upper = 0;
    cell.p = 1;
    cell.method = "identical scores";
    return;
  }
  if (summary.is_constant) {
    // Without spread t is infinite whatever the number of rows. What is left is that under H0 each
    // sign is as likely as the other: two of the 2^n sign patterns are as extreme as this one.
    cell.p = ReportedP(std::exp2(1 - static_cast<double>(summary.num_rows)));
    cell.method = "sign flip, all differences equal";
    return;
  }
  const MeanDifference difference{.num_rows = summary.num_rows,
                                  .mean = summary.delta,
                                  .standard_deviation = summary.standard_deviation};
  const Interval interval = PairedTInterval(difference, kTail);
  cell.lower = interval.lower;
  cell.upper = interval.upper;
  cell.p = PairedTP(difference);
  cell.method = "paired t";
}

Cell MakeCell(std::string cohort, const PairedSummary& summary, const MetricDescriptor& metric) {
  Cell cell;
  cell.cohort = std::move(cohort);
  cell.num_rows = summary.num_rows;
  if (summary.num_rows == 0) {
    return cell;
  }
  cell.baseline = summary.baseline;
  cell.candidate = summary.candidate;
  if (metric.direction != Direction::kNone) {
    const bool is_higher_better = metric.direction == Direction::kHigher;
    cell.num_better = is_higher_better ? summary.num_higher : summary.num_lower;
    cell.num_worse = is_higher_better ? summary.num_lower : summary.num_higher;
  }
  if (!std::isfinite(summary.delta)) {
    cell.method = "none, a score is infinite";
    return cell;
  }
  cell.delta = summary.delta;
  if (metric.kind == MetricKind::kBinaryMean) {
    TestBinary(summary, cell);
  } else {
    TestMean(summary, cell);
  }
  if (summary.standard_deviation > 0) {
    cell.effect_size = summary.delta / summary.standard_deviation;
    cell.minimum_detectable_effect =
        MinimumDetectableEffect(summary.standard_deviation, summary.num_rows);
  }
  return cell;
}

// Where a cell stands among cohorts: the lower end of its interval, signed so that worse is lower;
// the difference itself without an interval; last without a difference.
double Badness(const Cell& cell, Direction direction) {
  if (!cell.delta.has_value()) {
    return std::numeric_limits<double>::infinity();
  }
  return direction == Direction::kLower ? -cell.upper.value_or(*cell.delta)
                                        : cell.lower.value_or(*cell.delta);
}

void AdjustOverCohorts(std::vector<Cell>& cells) {
  std::vector<double> p;
  for (const Cell& cell : cells) {
    if (cell.p.has_value()) {
      p.push_back(*cell.p);
    }
  }
  const std::vector<double> q = BenjaminiHochbergAdjusted(p);
  std::size_t next = 0;
  for (Cell& cell : cells) {
    if (cell.p.has_value()) {
      cell.q = q[next++];
    }
  }
}

}  // namespace

MetricComparison CompareScores(const PairedScores& scores, std::span<const CohortColumn> cohorts,
                               const ParallelFor& parallel_for) {
  const std::vector<PairedSummary> summaries = SummarizePairs(scores, cohorts, parallel_for);
  MetricComparison comparison;
  comparison.metric = scores.metric;
  comparison.overall = MakeCell("", summaries[0], scores.metric);
  std::size_t next = 1;
  for (const CohortColumn& cohort : cohorts) {
    for (const std::string& value : cohort.values) {
      comparison.cohorts.push_back(
          MakeCell(absl::StrFormat("%s=%s", cohort.name, value), summaries[next++], scores.metric));
    }
  }
  AdjustOverCohorts(comparison.cohorts);
  const Direction direction = scores.metric.direction;
  if (direction != Direction::kNone) {
    std::stable_sort(comparison.cohorts.begin(), comparison.cohorts.end(),
                     [direction](const Cell& left, const Cell& right) {
                       return Badness(left, direction) < Badness(right, direction);
                     });
  }
  return comparison;
}

Cell CorpusCell(std::string cohort, std::int64_t num_rows, std::optional<double> baseline,
                std::optional<double> candidate) {
  Cell cell;
  cell.cohort = std::move(cohort);
  cell.num_rows = num_rows;
  cell.baseline = baseline;
  cell.candidate = candidate;
  if (baseline.has_value() && candidate.has_value()) {
    cell.delta = *candidate - *baseline;
  }
  return cell;
}

}  // namespace assay
