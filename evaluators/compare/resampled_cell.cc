#include "evaluators/compare/resampled_cell.h"

#include <optional>
#include <span>

namespace assay {
namespace {

// Each side of the two-sided 95 % interval.
constexpr double kTail = 0.025;

}  // namespace

void FillFromResamples(const PairedBootstrap& bootstrap, const TestOptions& options, Cell& cell) {
  cell.num_clusters = bootstrap.num_clusters;
  if (bootstrap.is_identical) {
    cell.lower = 0;
    cell.upper = 0;
    cell.p = 1;
    cell.method = "identical rows";
    return;
  }
  const std::optional<Interval> interval = bootstrap.differences.PercentileInterval(kTail);
  if (!interval.has_value()) {
    return;
  }
  cell.lower = interval->lower;
  cell.upper = interval->upper;
  cell.p = bootstrap.differences.TwoSidedP();
  cell.method = "paired percentile bootstrap";
  cell.num_draws = options.draws;
  cell.seed = options.seed;
}

CorpusDraws DrawsFromResamples(const PairedBootstrap& bootstrap, const MetricDescriptor& metric,
                               const Cell& cell, double factor) {
  CorpusDraws draws;
  draws.metric = metric;
  draws.cohort = cell.cohort;
  draws.factor = factor;
  draws.num_rows = cell.num_rows;
  draws.num_clusters = bootstrap.num_clusters;
  draws.baseline = cell.baseline.value_or(0);
  draws.candidate = cell.candidate.value_or(0);
  const std::span<const double> sorted = bootstrap.differences.sorted();
  draws.differences.assign(sorted.begin(), sorted.end());
  if (bootstrap.is_identical && cell.baseline.has_value()) {
    // Equal rows differ by nothing however they are drawn.
    draws.differences.assign(1, draws.candidate - factor * draws.baseline);
  }
  return draws;
}

}  // namespace assay
