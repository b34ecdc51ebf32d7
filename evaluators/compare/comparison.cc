#include "evaluators/compare/comparison.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "evaluators/compare/cell_rows.h"
#include "evaluators/compare/paired_summary.h"
#include "evaluators/statistics/distributions.h"
#include "evaluators/statistics/multiplicity.h"
#include "evaluators/statistics/paired_binary.h"
#include "evaluators/statistics/paired_mean.h"
#include "evaluators/statistics/philox.h"
#include "evaluators/statistics/sign_flip.h"

namespace assay {
namespace {

// Each side of the two-sided 95 % interval.
constexpr double kTail = 0.025;
// With fewer changed rows McNemar's test is exact; with more, mid-p.
constexpr std::int64_t kFewChangedRows = 10;
// Below these the t distribution is a poor guide unless the differences are close to normal.
constexpr std::int64_t kFewRows = 30;
constexpr std::int64_t kFewClusters = 30;
// From this many rows on, with little skew, sign flips and t give the same p.
constexpr std::int64_t kRowsForNormality = 10'000;
constexpr double kMostSkewForNormality = 0.01;

void AddNote(std::string_view note, Cell& cell) {
  cell.note.append(cell.note.empty() ? "" : "; ").append(note);
}

// McNemar's two-sided p, and which form it has.
struct McNemar {
  double p = 1;
  std::string_view name;
};

McNemar TestChanges(const PairedSummary& summary) {
  return summary.num_higher + summary.num_lower < kFewChangedRows
             ? McNemar{McNemarExactP(summary.num_higher, summary.num_lower), "exact McNemar"}
             : McNemar{McNemarMidP(summary.num_higher, summary.num_lower), "McNemar mid-p"};
}

void TestBinary(const PairedSummary& summary, Cell& cell) {
  const PairedCounts counts{.num_rows = static_cast<double>(summary.num_rows),
                            .num_better = static_cast<double>(summary.num_higher),
                            .num_worse = static_cast<double>(summary.num_lower)};
  const Interval interval = TangoInterval(counts, kTail);
  cell.lower = interval.lower;
  cell.upper = interval.upper;
  const McNemar test = TestChanges(summary);
  cell.p = test.p;
  cell.method = absl::StrFormat("Tango score, %s", test.name);
}

void TestEqualDifferences(const PairedSummary& summary, Cell& cell) {
  if (summary.num_higher + summary.num_lower == 0) {
    cell.lower = 0;
    cell.upper = 0;
    cell.p = 1;
    cell.method = "identical scores";
    return;
  }
  // Without spread t is infinite whatever the number of rows. What is left is that under H0 each
  // sign is as likely as the other: two of the 2^n sign patterns are as extreme as this one.
  const bool has_clusters = summary.num_clusters > 0;
  const std::int64_t n = has_clusters ? summary.num_clusters : summary.num_rows;
  cell.p = ReportedP(std::exp2(1 - static_cast<double>(n)));
  cell.method = "sign flip, all differences equal";
  if (*cell.p > 2 * kTail) {
    AddNote(absl::StrFormat("too few %s: %d cannot give a p below %.3g",
                            has_clusters ? "groups" : "rows", n, *cell.p),
            cell);
  }
}

void TestMean(const PairedSummary& summary, Cell& cell) {
  const bool has_clusters = summary.num_clusters > 0;
  const PairedSummary clustered = ByCluster(summary);
  const MeanDifference difference{.num_rows = clustered.num_rows,
                                  .mean = summary.delta,
                                  .standard_deviation = clustered.standard_deviation};
  cell.method = has_clusters ? "cluster-robust t" : "paired t";
  if (difference.num_rows < 2 || !(difference.standard_deviation > 0)) {
    AddNote("too few groups for an interval", cell);
    return;
  }
  const Interval interval = PairedTInterval(difference, kTail);
  cell.lower = interval.lower;
  cell.upper = interval.upper;
  cell.p = PairedTP(difference);
  cell.minimum_detectable_effect =
      MinimumDetectableEffect(difference.standard_deviation, difference.num_rows);
  cell.standard_error =
      difference.standard_deviation / std::sqrt(static_cast<double>(difference.num_rows));
  if (!has_clusters && summary.num_rows < kFewRows) {
    AddNote(
        absl::StrFormat("fewer than %d rows: one large change would bend the interval", kFewRows),
        cell);
  }
}

void TestBinaryByCluster(const PairedSummary& summary, Cell& cell) {
  TestMean(summary, cell);
  const McNemar test = TestChanges(summary);
  AddNote(absl::StrFormat("%s p = %.3g ignores groups", test.name, test.p), cell);
}

Cell MakeCell(std::string cohort, const PairedSummary& summary, const MetricDescriptor& metric) {
  Cell cell;
  cell.cohort = std::move(cohort);
  cell.num_rows = summary.num_rows;
  cell.num_clusters = summary.num_clusters;
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
  const bool has_clusters = summary.num_clusters > 0;
  if (has_clusters && summary.num_clusters < kFewClusters) {
    AddNote(absl::StrFormat("%d groups are fewer than %d: the error may be too small",
                            summary.num_clusters, kFewClusters),
            cell);
  }
  if (metric.kind == MetricKind::kBinaryMean && !(has_clusters && !summary.is_constant)) {
    TestBinary(summary, cell);
  } else if (summary.is_constant) {
    TestEqualDifferences(summary, cell);
  } else if (metric.kind == MetricKind::kBinaryMean) {
    TestBinaryByCluster(summary, cell);
  } else {
    TestMean(summary, cell);
  }
  if (summary.standard_deviation > 0) {
    cell.effect_size = summary.delta / summary.standard_deviation;
    if (metric.kind == MetricKind::kBinaryMean && !has_clusters) {
      cell.standard_error =
          summary.standard_deviation / std::sqrt(static_cast<double>(summary.num_rows));
      cell.minimum_detectable_effect =
          MinimumDetectableEffect(summary.standard_deviation, summary.num_rows);
    }
  }
  return cell;
}

// The sign-flip test of one cell. McNemar's test is that of a binary metric, unless clusters flip.
void Permute(const PairedScores& scores, const PairedSummary& summary,
             std::span<const std::uint32_t> rows, const TestOptions& options, Cell& cell) {
  const bool has_clusters = !options.cluster_of.empty();
  if (summary.num_rows == 0 || !std::isfinite(summary.delta) || summary.is_constant ||
      (scores.metric.kind == MetricKind::kBinaryMean && !has_clusters)) {
    return;
  }
  if (!has_clusters && summary.num_rows >= kRowsForNormality &&
      std::fabs(summary.skewness) <=
          kMostSkewForNormality * std::sqrt(static_cast<double>(summary.num_rows))) {
    AddNote("permutation skipped: with so many rows and little skew it agrees with t", cell);
    return;
  }
  std::vector<double> differences;
  if (has_clusters) {
    for (const ClusterSum& sum : SumClusters(scores, rows, options.cluster_of)) {
      differences.push_back(sum.difference);
    }
  } else {
    differences = RowDifferences(scores, rows);
  }
  const RandomSource source{.seed = options.seed,
                            .stream = StreamOf(scores.metric.id + "/" + cell.cohort)};
  const SignFlip test = SignFlipTest(differences, source, options.draws);
  cell.permutation_p = test.p;
  cell.num_draws = test.draws;
  cell.seed = test.draws > 0 ? options.seed : 0;
}

// `cells` are the overall one and those of the cohorts, in order.
void PermuteCells(const PairedScores& scores, std::span<const CohortColumn> cohorts,
                  std::span<const PairedSummary> summaries, const ParallelFor& parallel_for,
                  const TestOptions& options, std::span<Cell* const> cells) {
  std::size_t first = 0;
  for (std::size_t i = 0; i <= cohorts.size(); ++i) {
    const CellRows rows(scores, i == 0 ? nullptr : &cohorts[i - 1]);
    parallel_for(static_cast<std::int64_t>(rows.size()), [&](std::int64_t index) {
      const std::size_t cell = first + static_cast<std::size_t>(index);
      Permute(scores, summaries[cell], rows.rows(static_cast<std::size_t>(index)), options,
              *cells[cell]);
    });
    first += rows.size();
  }
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

std::string CohortName(const CohortColumn& column, std::size_t value) {
  return column.name.empty() ? column.values[value]
                             : absl::StrFormat("%s=%s", column.name, column.values[value]);
}

MetricComparison CompareScores(const PairedScores& scores, std::span<const CohortColumn> cohorts,
                               const ParallelFor& parallel_for, const TestOptions& options) {
  const std::vector<PairedSummary> summaries =
      SummarizePairs(scores, cohorts, parallel_for, options.cluster_of);
  MetricComparison comparison;
  comparison.metric = scores.metric;
  comparison.overall = MakeCell("", summaries[0], scores.metric);
  std::size_t next = 1;
  for (const CohortColumn& cohort : cohorts) {
    for (std::size_t value = 0; value < cohort.values.size(); ++value) {
      comparison.cohorts.push_back(
          MakeCell(CohortName(cohort, value), summaries[next++], scores.metric));
    }
  }
  AdjustOverCohorts(comparison.cohorts);
  std::vector<Cell*> cells = {&comparison.overall};
  for (Cell& cell : comparison.cohorts) {
    cells.push_back(&cell);
  }
  PermuteCells(scores, cohorts, summaries, parallel_for, options, cells);
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
