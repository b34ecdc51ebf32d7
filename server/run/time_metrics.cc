#include "server/run/time_metrics.h"

#include <algorithm>
#include <cstddef>
#include <optional>

#include "evaluators/compare/ratio_metric.h"
#include "server/run/first_outputs.h"

namespace assay::run {
namespace {

// 1 for the rows to resample: those with scores on both sides, or a sample of them at even
// distances.
std::vector<std::uint8_t> RowsToResample(const PairedScores& scores, bool& is_sampled) {
  std::vector<std::uint8_t> is_paired(scores.baseline_defined.size());
  for (std::size_t row = 0; row < is_paired.size(); ++row) {
    is_paired[row] = scores.baseline_defined[row] & scores.candidate_defined[row];
  }
  if (std::ranges::count(is_paired, std::uint8_t{1}) <= kMaxResampledRows) {
    return is_paired;
  }
  is_sampled = true;
  const std::vector<std::int64_t> rows = SampleRows(is_paired, kMaxResampledRows);
  std::ranges::fill(is_paired, std::uint8_t{0});
  for (const std::int64_t row : rows) {
    is_paired[static_cast<std::size_t>(row)] = 1;
  }
  return is_paired;
}

// The quantiles to compare, each once.
std::vector<QuantileName> QuantilesOf(const MetricDescriptor& metric, std::span<const Gate> gates) {
  std::vector<QuantileName> names;
  const auto add = [&](const QuantileName& name) {
    if (std::ranges::find(names, name.share, &QuantileName::share) == names.end()) {
      names.push_back(name);
    }
  };
  if (metric.kind != MetricKind::kMean) {
    return names;
  }
  if (DependsOnMachine(metric)) {
    for (const double share : kReportedShares) {
      add({.metric = metric.id, .share = share});
    }
  }
  for (const Gate& gate : gates) {
    const std::optional<QuantileName> name = ParseQuantileName(gate.metric);
    if (name.has_value() && name->metric == metric.id) {
      add(*name);
    }
  }
  return names;
}

}  // namespace

bool IsTime(const MetricDescriptor& metric) {
  return metric.definition_id.starts_with("assay/latency_us") ||
         metric.definition_id.starts_with(kSpanDefinition);
}

bool DependsOnMachine(const MetricDescriptor& metric) {
  return IsTime(metric) || metric.definition_id.starts_with("assay/cost");
}

TimeMetrics CompareTimes(const PairedScores& scores, std::span<const CohortColumn> cohorts,
                         std::span<const Gate> gates, const ParallelFor& parallel_for,
                         const TestOptions& options) {
  TimeMetrics times;
  std::vector<std::uint8_t> is_resampled;
  PairedScores sample = scores;
  if (DependsOnMachine(scores.metric)) {
    is_resampled = RowsToResample(scores, times.is_sampled);
    sample.baseline_defined = is_resampled;
    sample.candidate_defined = is_resampled;
    times.comparisons.push_back({.comparison = CompareRatio(sample, options), .draws = {}});
  }
  for (const QuantileName& name : QuantilesOf(scores.metric, gates)) {
    const std::string id = QuantileMetric(scores.metric, name).id;
    const bool is_gated = std::ranges::find(gates, id, &Gate::metric) != gates.end();
    times.comparisons.push_back(
        is_gated ? CompareQuantile(scores, name, cohorts, gates, parallel_for, options)
                 : CompareQuantile(sample, name, {}, {}, parallel_for, options));
  }
  return times;
}

}  // namespace assay::run
