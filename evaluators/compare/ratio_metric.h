#pragma once

#include "evaluators/compare/comparison.h"

namespace assay {

// How many times as large a metric of positive values, such as a time, is after as it was before:
// the geometric mean of candidate / baseline over the rows where both are defined and above 0.
// `METRIC.ratio`, without a unit; kind kCorpus.
MetricDescriptor RatioMetric(const MetricDescriptor& scores);

// That ratio of all paired rows as `candidate`, beside 1 as `baseline`, with the percentile
// interval of the bootstrap of the mean log ratio. Clusters, when there are, are drawn whole, each
// with its mean. Without such rows there are no values.
MetricComparison CompareRatio(const PairedScores& scores, const TestOptions& options);

}  // namespace assay
