#include "evaluators/compare/quantile_metric.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <utility>

#include "absl/strings/str_format.h"
#include "evaluators/compare/cell_rows.h"
#include "evaluators/compare/resampled_cell.h"
#include "evaluators/statistics/ordered_bootstrap.h"
#include "evaluators/statistics/philox.h"

namespace assay {
namespace {

// The one way in which a percentage is written: `95`, `99.9`.
std::string PercentText(double percent) { return absl::StrFormat("%.10g", percent); }

std::vector<RowPart> PartsOf(const PairedScores& scores) {
  std::vector<RowPart> parts(scores.baseline.size(), RowPart::kNone);
  for (std::size_t row = 0; row < parts.size(); ++row) {
    if (scores.baseline_defined[row] != 0 && scores.candidate_defined[row] != 0) {
      parts[row] = RowPart::kPositive;
    }
  }
  return parts;
}

// One cell that is wanted: its rows, and what gates on it multiply the baseline by.
struct WantedCell {
  std::string cohort;
  std::vector<std::uint32_t> rows;
  std::vector<double> factors;
};

std::vector<double> FactorsOf(std::span<const Gate> gates, const std::string& metric,
                              const std::string& cohort) {
  std::vector<double> factors;
  for (const Gate& gate : gates) {
    const bool is_new = std::ranges::find(factors, FactorOf(gate)) == factors.end();
    if (gate.metric == metric && gate.cohort == cohort && is_new) {
      factors.push_back(FactorOf(gate));
    }
  }
  return factors;
}

std::vector<WantedCell> WantedCells(const PairedScores& scores, const std::string& metric,
                                    std::span<const CohortColumn> cohorts,
                                    std::span<const Gate> gates) {
  const auto copy = [](std::span<const std::uint32_t> rows) {
    return std::vector<std::uint32_t>(rows.begin(), rows.end());
  };
  std::vector<WantedCell> cells;
  cells.push_back({"", copy(CellRows(scores, nullptr).rows(0)), FactorsOf(gates, metric, "")});
  for (const CohortColumn& cohort : cohorts) {
    std::optional<CellRows> rows;
    for (std::size_t value = 0; value < cohort.values.size(); ++value) {
      const std::string name = CohortName(cohort, value);
      std::vector<double> factors = FactorsOf(gates, metric, name);
      if (factors.empty()) {
        continue;
      }
      if (!rows.has_value()) {
        rows.emplace(scores, &cohort);
      }
      cells.push_back({name, copy(rows->rows(value)), std::move(factors)});
    }
  }
  return cells;
}

}  // namespace

std::optional<QuantileName> ParseQuantileName(std::string_view id) {
  const std::size_t dot = id.rfind(".p");
  if (dot == std::string_view::npos || dot == 0) {
    return std::nullopt;
  }
  const std::string_view digits = id.substr(dot + 2);
  double percent = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), percent);
  if (error != std::errc() || !(percent > 0 && percent < 100) || PercentText(percent) != digits) {
    return std::nullopt;
  }
  return QuantileName{.metric = std::string(id.substr(0, dot)), .share = percent / 100};
}

MetricDescriptor QuantileMetric(const MetricDescriptor& scores, const QuantileName& name) {
  const std::string percent = PercentText(100 * name.share);
  MetricDescriptor metric = scores;
  metric.id = absl::StrFormat("%s.p%s", scores.id, percent);
  metric.definition_id = absl::StrFormat("%s.p%s", scores.definition_id, percent);
  metric.kind = MetricKind::kCorpus;
  metric.formula = absl::StrFormat(
      "smallest %s that at least %s %% of rows do not exceed; outputs of an example averaged first",
      scores.id, percent);
  metric.undefined = "no row has a score";
  metric.source = "Hyndman and Fan 1996, type 1";
  return metric;
}

std::optional<MetricDescriptor> FindGateMetric(std::span<const MetricDescriptor> metrics,
                                               std::string_view id) {
  const auto find = [metrics](std::string_view wanted) {
    return std::ranges::find_if(
        metrics, [wanted](const MetricDescriptor& metric) { return metric.id == wanted; });
  };
  if (const auto found = find(id); found != metrics.end()) {
    return *found;
  }
  const std::optional<QuantileName> quantile = ParseQuantileName(id);
  if (!quantile.has_value()) {
    return std::nullopt;
  }
  const auto scores = find(quantile->metric);
  return scores != metrics.end() && scores->kind == MetricKind::kMean
             ? std::optional(QuantileMetric(*scores, *quantile))
             : std::nullopt;
}

QuantileComparison CompareQuantile(const PairedScores& scores, const QuantileName& name,
                                   std::span<const CohortColumn> cohorts,
                                   std::span<const Gate> gates, const ParallelFor& parallel_for,
                                   const TestOptions& options) {
  const MetricDescriptor metric = QuantileMetric(scores.metric, name);
  const std::vector<WantedCell> wanted = WantedCells(scores, metric.id, cohorts, gates);
  const std::vector<RowPart> parts = PartsOf(scores);
  const OrderedColumn before{.value = scores.baseline, .part = parts};
  const OrderedColumn after{.value = scores.candidate, .part = parts};

  std::vector<Cell> cells(wanted.size());
  std::vector<std::vector<CorpusDraws>> draws(wanted.size());
  parallel_for(static_cast<std::int64_t>(wanted.size()), [&](std::int64_t index) {
    const auto i = static_cast<std::size_t>(index);
    const RandomSource source{.seed = options.seed,
                              .stream = StreamOf(metric.id + "/" + wanted[i].cohort)};
    const auto resample = [&](double factor) {
      return BootstrapQuantiles(before, after, name.share, factor, wanted[i].rows,
                                options.cluster_of, source, options.draws);
    };
    const PairedBootstrap bootstrap = resample(1);
    cells[i] =
        CorpusCell(wanted[i].cohort, bootstrap.num_rows, bootstrap.baseline, bootstrap.candidate);
    if (!cells[i].delta.has_value() || !std::isfinite(*cells[i].delta)) {
      cells[i].delta.reset();
      return;
    }
    FillFromResamples(bootstrap, options, cells[i]);
    for (const double factor : wanted[i].factors) {
      draws[i].push_back(
          DrawsFromResamples(factor == 1 ? bootstrap : resample(factor), metric, cells[i], factor));
    }
  });

  QuantileComparison result;
  result.comparison.metric = metric;
  result.comparison.overall = std::move(cells[0]);
  result.comparison.cohorts.assign(std::make_move_iterator(cells.begin() + 1),
                                   std::make_move_iterator(cells.end()));
  for (std::vector<CorpusDraws>& of_cell : draws) {
    std::ranges::move(of_cell, std::back_inserter(result.draws));
  }
  return result;
}

}  // namespace assay
