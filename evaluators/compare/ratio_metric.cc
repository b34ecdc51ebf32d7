#include "evaluators/compare/ratio_metric.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "evaluators/statistics/bootstrap.h"
#include "evaluators/statistics/philox.h"

namespace assay {
namespace {

// Each side of the two-sided 95 % interval.
constexpr double kTail = 0.025;

// log(candidate / baseline) of the rows that have one, and those rows.
struct LogRatios {
  std::vector<double> values;
  std::vector<std::size_t> rows;
};

LogRatios LogRatiosOf(const PairedScores& scores) {
  LogRatios ratios;
  for (std::size_t row = 0; row < scores.baseline.size(); ++row) {
    if (scores.baseline_defined[row] != 0 && scores.candidate_defined[row] != 0 &&
        scores.baseline[row] > 0 && scores.candidate[row] > 0) {
      ratios.values.push_back(std::log(scores.candidate[row] / scores.baseline[row]));
      ratios.rows.push_back(row);
    }
  }
  return ratios;
}

// The means of clusters, in the order of their numbers, then rows that are clusters of their own.
std::vector<double> ClusterMeans(const LogRatios& ratios,
                                 std::span<const std::int32_t> cluster_of) {
  std::map<std::int32_t, std::pair<double, std::int64_t>> sums;  // with the number of rows
  std::vector<double> single;
  for (std::size_t i = 0; i < ratios.values.size(); ++i) {
    const std::int32_t cluster = cluster_of[ratios.rows[i]];
    if (cluster < 0) {
      single.push_back(ratios.values[i]);
      continue;
    }
    auto& [sum, num_rows] = sums[cluster];
    sum += ratios.values[i];
    ++num_rows;
  }
  std::vector<double> means;
  means.reserve(sums.size() + single.size());
  for (const auto& [cluster, sum] : sums) {
    means.push_back(sum.first / static_cast<double>(sum.second));
  }
  means.insert(means.end(), single.begin(), single.end());
  return means;
}

}  // namespace

MetricDescriptor RatioMetric(const MetricDescriptor& scores) {
  MetricDescriptor metric = scores;
  metric.id = absl::StrFormat("%s.ratio", scores.id);
  metric.definition_id = absl::StrFormat("%s.ratio", scores.definition_id);
  metric.kind = MetricKind::kCorpus;
  metric.lowest = 0;
  metric.highest = std::numeric_limits<double>::infinity();
  metric.unit.clear();
  metric.formula = absl::StrFormat(
      "geometric mean of %s after / before over paired rows; 1 before by definition", scores.id);
  metric.undefined = "no row is above 0 on both sides";
  metric.source = "";
  return metric;
}

MetricComparison CompareRatio(const PairedScores& scores, const TestOptions& options) {
  MetricComparison comparison;
  comparison.metric = RatioMetric(scores.metric);
  const LogRatios ratios = LogRatiosOf(scores);
  if (ratios.values.empty()) {
    return comparison;
  }
  const bool has_clusters = !options.cluster_of.empty();
  const std::vector<double> values =
      has_clusters ? ClusterMeans(ratios, options.cluster_of) : ratios.values;
  const double mean =
      std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  Cell& cell = comparison.overall;
  cell = CorpusCell("", static_cast<std::int64_t>(ratios.values.size()), 1.0, std::exp(mean));
  cell.num_clusters = has_clusters ? static_cast<std::int64_t>(values.size()) : 0;
  const MeanResamples resamples = BootstrapMean(
      values, {.seed = options.seed, .stream = StreamOf(comparison.metric.id)}, options.draws);
  if (const auto interval = resamples.replicates.PercentileInterval(kTail)) {
    cell.lower = std::expm1(interval->lower);
    cell.upper = std::expm1(interval->upper);
    cell.p = resamples.replicates.TwoSidedP();
    cell.method = "bootstrap of the mean log ratio";
    cell.num_draws = options.draws;
    cell.seed = options.seed;
  }
  return comparison;
}

}  // namespace assay
