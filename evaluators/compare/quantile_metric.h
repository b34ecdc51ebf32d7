#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "evaluators/compare/comparison.h"
#include "evaluators/compare/gate.h"

namespace assay {

// Quantiles of a metric with row scores, which gates name as `METRIC.pNN`: `latency_us.p95`,
// `latency_us.p99.9`.
struct QuantileName {
  std::string metric;  // that has the row scores
  double share = 0;    // in (0, 1)
};

// Absent for a name of another form.
std::optional<QuantileName> ParseQuantileName(std::string_view id);

// The quantile as a metric of its own: range, unit and direction of `scores`, whose kind is kMean.
// Type 1 of R. J. Hyndman and Y. Fan, "Sample quantiles in statistical packages" (1996).
MetricDescriptor QuantileMetric(const MetricDescriptor& scores, const QuantileName& name);

// The metric that `id` names: one of `metrics`, or a quantile of one whose kind is kMean. Absent
// when there is none.
std::optional<MetricDescriptor> FindGateMetric(std::span<const MetricDescriptor> metrics,
                                               std::string_view id);

struct QuantileComparison {
  MetricComparison comparison;  // all rows, and the cohorts that gates name
  std::vector<CorpusDraws> draws;
};

// The quantile of all paired rows, and of the cohorts that gates on it name, by the paired
// bootstrap of ordered_bootstrap.h, with the draws that those gates need. Bit-identical for any
// `parallel_for`. Takes time in proportion to rows x draws.
QuantileComparison CompareQuantile(const PairedScores& scores, const QuantileName& name,
                                   std::span<const CohortColumn> cohorts,
                                   std::span<const Gate> gates, const ParallelFor& parallel_for,
                                   const TestOptions& options);

}  // namespace assay
