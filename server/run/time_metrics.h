#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "evaluators/compare/comparison.h"
#include "evaluators/compare/quantile_metric.h"

namespace assay::run {

// Start of the definition of times of spans.
inline constexpr std::string_view kSpanDefinition = "assay/span_us";
// Quantiles that every report of times or costs has.
inline constexpr std::array kReportedShares = {0.5, 0.95, 0.99};
// Rows that the ratio and a quantile which no gate names are resampled from; a sample of more.
inline constexpr std::int64_t kMaxResampledRows = 5'000;

// True for `latency_us`, of whatever evaluator instance, and for times of spans.
bool IsTime(const MetricDescriptor& metric);
// True for these and for `cost`: what says something about the model only when one machine measured
// both sides.
bool DependsOnMachine(const MetricDescriptor& metric);

// What stands beside the mean of a time or cost.
struct TimeMetrics {
  std::vector<QuantileComparison> comparisons;
  // There are more rows than kMaxResampledRows. What gates name is of all rows all the same.
  bool is_sampled = false;
};

// `METRIC.ratio`, the quantiles of every report, and those that gates name; of a metric that is
// neither time nor cost the last alone.
TimeMetrics CompareTimes(const PairedScores& scores, std::span<const CohortColumn> cohorts,
                         std::span<const Gate> gates, const ParallelFor& parallel_for,
                         const TestOptions& options);

}  // namespace assay::run
