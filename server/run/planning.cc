#include "server/run/planning.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "evaluators/statistics/power.h"
#include "server/base/status_macros.h"
#include "server/run/cell_sums.h"
#include "server/run/cohorts.h"
#include "server/run/run_inputs.h"
#include "server/run/score_columns.h"

namespace assay::run {
namespace {

constexpr double kOnePoint = 0.01;
constexpr double kMostRows = 1e9;

bool CanGate(const MetricDescriptor& metric) {
  return metric.kind != MetricKind::kCorpus && metric.direction != Direction::kNone;
}

PowerCell MakeCell(std::string metric, std::string cohort, std::int64_t num_rows,
                   double standard_deviation, const PowerOptions& options) {
  PowerCell cell;
  cell.metric = std::move(metric);
  cell.cohort = std::move(cohort);
  cell.num_rows = num_rows;
  cell.standard_deviation = standard_deviation;
  if (num_rows > 0 && standard_deviation > 0) {
    cell.drop = DetectableDrop(standard_deviation, num_rows, options.alpha, options.power);
    const double rows = RowsToDetect(standard_deviation, kOnePoint, options.alpha, options.power);
    if (rows <= kMostRows) {
      cell.rows_for_one_point = static_cast<std::int64_t>(std::ceil(rows));
    }
  }
  return cell;
}

// Names of all cells: all rows, and every value of every cohort column.
std::vector<std::string> CellNames(const std::vector<CohortColumn>& cohorts) {
  std::vector<std::string> names = {""};
  for (const CohortColumn& cohort : cohorts) {
    for (std::size_t value = 0; value < cohort.values.size(); ++value) {
      names.push_back(CohortName(cohort, value));
    }
  }
  return names;
}

// Cohorts of a metric, from the one that sees least. The first cell, of all rows, stays.
void SortCohorts(std::vector<PowerCell>& cells, std::size_t first) {
  std::stable_sort(cells.begin() + static_cast<std::ptrdiff_t>(first) + 1, cells.end(),
                   [](const PowerCell& left, const PowerCell& right) {
                     return left.drop.value_or(HUGE_VAL) > right.drop.value_or(HUGE_VAL);
                   });
}

std::vector<PowerCell> AssumedCells(const store::DatasetVersionRecord& dataset,
                                    const std::vector<CohortColumn>& cohorts,
                                    const PowerOptions& options) {
  std::vector<std::int64_t> num_rows = {dataset.num_rows};
  for (const CohortColumn& cohort : cohorts) {
    std::vector<std::int64_t> counts(cohort.values.size(), 0);
    for (const std::int32_t value : cohort.value_of) {
      if (value >= 0) {
        ++counts[static_cast<std::size_t>(value)];
      }
    }
    num_rows.insert(num_rows.end(), counts.begin(), counts.end());
  }
  const double spread = SpreadOfDiscordant(options.flip_share).standard_deviation;
  const std::vector<std::string> names = CellNames(cohorts);
  std::vector<PowerCell> cells;
  for (std::size_t i = 0; i < names.size(); ++i) {
    cells.push_back(MakeCell("right or wrong", names[i], num_rows[i], spread, options));
  }
  SortCohorts(cells, 0);
  return cells;
}

// Sums of a run's scores by cell.
absl::StatusOr<std::vector<CellSum>> SumScores(const ScoreArray& scores,
                                               const std::vector<CohortColumn>& cohorts) {
  std::vector<CellSum> cells(NumCells(cohorts));
  const auto add = [](CellSum& cell, double score) {
    ++cell.num_rows;
    cell.sum += score;
    cell.sum_of_squares += score * score;
  };
  for (std::size_t row = 0; row < scores.values.size(); ++row) {
    if (scores.defined[row] == 0) {
      continue;
    }
    add(cells[0], scores.values[row]);
    std::size_t base = 1;
    for (const CohortColumn& cohort : cohorts) {
      if (const std::int32_t value = cohort.value_of[row]; value >= 0) {
        add(cells[base + static_cast<std::size_t>(value)], scores.values[row]);
      }
      base += cohort.values.size();
    }
  }
  return cells;
}

double StandardDeviation(const CellSum& cell) {
  if (cell.num_rows < 2) {
    return 0;
  }
  const double n = static_cast<double>(cell.num_rows);
  const double mean = cell.sum / n;
  return std::sqrt(std::max(0.0, cell.sum_of_squares - n * mean * mean) / (n - 1));
}

absl::StatusOr<ScoreArray> LoadMetric(store::Store& store, store::Id project,
                                      const store::RunRecord& run, const MetricDescriptor& metric,
                                      const ParallelFor& parallel_for) {
  ASSAY_ASSIGN_OR_RETURN(const std::vector<store::ColumnRecord> columns,
                         ListRowColumns(store, project, run.id));
  const store::ColumnRecord* const column = FindColumn(columns, metric.id);
  if (column == nullptr) {
    return absl::DataLossError(
        absl::StrFormat("runs/%d: column '%s' is missing", run.id, metric.id));
  }
  ScoreArray scores;
  ASSAY_RETURN_IF_ERROR(
      LoadScores(store, project, run.id, *column, run.num_rows, parallel_for, scores));
  return scores;
}

// The metric of that id that both runs have, or the first that can gate.
absl::StatusOr<MetricDescriptor> SharedMetric(const store::RunRecord& baseline,
                                              const store::RunRecord& candidate,
                                              const std::string& id) {
  for (const MetricDescriptor& metric : candidate.metrics) {
    const bool is_shared =
        std::ranges::any_of(baseline.metrics, [&](const MetricDescriptor& other) {
          return other.id == metric.id && other.definition_id == metric.definition_id;
        });
    if (is_shared && CanGate(metric) && (id.empty() || metric.id == id)) {
      return metric;
    }
  }
  return absl::InvalidArgumentError(
      id.empty() ? std::string("metric: the runs share none with row scores and a direction")
                 : absl::StrFormat("metric: the runs do not share '%s' with row scores and a "
                                   "direction",
                                   id));
}

}  // namespace

absl::StatusOr<std::vector<PowerCell>> EstimatePower(store::Store& store, store::Id project,
                                                     const store::DatasetVersionRecord& dataset,
                                                     const std::optional<store::RunRecord>& run,
                                                     const PowerOptions& options,
                                                     const ParallelFor& parallel_for) {
  ASSAY_ASSIGN_OR_RETURN(const std::vector<CohortColumn> cohorts,
                         LoadCohorts(store, project, dataset, parallel_for));
  if (!run.has_value()) {
    return AssumedCells(dataset, cohorts, options);
  }
  const std::vector<std::string> names = CellNames(cohorts);
  std::vector<PowerCell> cells;
  for (const MetricDescriptor& metric : run->metrics) {
    if (!CanGate(metric)) {
      continue;
    }
    ASSAY_ASSIGN_OR_RETURN(const ScoreArray scores,
                           LoadMetric(store, project, *run, metric, parallel_for));
    ASSAY_ASSIGN_OR_RETURN(const std::vector<CellSum> sums, SumScores(scores, cohorts));
    const std::size_t first = cells.size();
    for (std::size_t i = 0; i < names.size(); ++i) {
      const double spread =
          metric.kind == MetricKind::kBinaryMean
              ? SpreadOfDiscordant(options.flip_share).standard_deviation
              : SpreadOfScores(StandardDeviation(sums[i]), options.correlation).standard_deviation;
      if (sums[i].num_rows > 0) {
        cells.push_back(MakeCell(metric.id, names[i], sums[i].num_rows, spread, options));
      }
    }
    if (cells.size() > first) {
      SortCohorts(cells, first);
    }
  }
  return cells;
}

absl::StatusOr<double> GroupFactor(store::Store& store, store::Id project,
                                   const store::DatasetVersionRecord& dataset) {
  ASSAY_ASSIGN_OR_RETURN(const std::vector<std::int32_t> cluster_of,
                         LoadClusters(store, project, dataset));
  if (cluster_of.empty()) {
    return 1;
  }
  std::map<std::int32_t, double> sizes;
  double squares = 0;  // of the sizes; rows without a group are groups of one
  for (const std::int32_t cluster : cluster_of) {
    double& size = sizes[cluster];
    squares += cluster < 0 ? 1 : 2 * size + 1;
    size += 1;
  }
  return std::sqrt(squares / static_cast<double>(cluster_of.size()));
}

absl::StatusOr<MetricSelfTest> SelfTestRuns(store::Store& store, store::Id project,
                                            const store::RunRecord& baseline,
                                            const store::RunRecord& candidate,
                                            const std::string& metric_id, std::int64_t num_pairs,
                                            double alpha, const ParallelFor& parallel_for) {
  ASSAY_ASSIGN_OR_RETURN(const store::DatasetVersionRecord before,
                         store.datasets().GetVersion(project, baseline.dataset_version_id));
  ASSAY_ASSIGN_OR_RETURN(const store::DatasetVersionRecord after,
                         store.datasets().GetVersion(project, candidate.dataset_version_id));
  if (before.digest != after.digest) {
    return absl::FailedPreconditionError("the runs are on different dataset versions");
  }
  ASSAY_ASSIGN_OR_RETURN(const MetricDescriptor metric,
                         SharedMetric(baseline, candidate, metric_id));
  ASSAY_ASSIGN_OR_RETURN(const std::vector<CohortColumn> cohorts,
                         LoadCohorts(store, project, after, parallel_for));
  ASSAY_ASSIGN_OR_RETURN(const ScoreArray baseline_scores,
                         LoadMetric(store, project, baseline, metric, parallel_for));
  ASSAY_ASSIGN_OR_RETURN(const ScoreArray candidate_scores,
                         LoadMetric(store, project, candidate, metric, parallel_for));
  PairedScores scores{.metric = metric,
                      .baseline = baseline_scores.values,
                      .candidate = candidate_scores.values,
                      .baseline_defined = baseline_scores.defined,
                      .candidate_defined = candidate_scores.defined};
  if (metric.kind == MetricKind::kBinaryMean &&
      !(IsBinary(baseline_scores) && IsBinary(candidate_scores))) {
    scores.metric.kind = MetricKind::kMean;
    scores.is_averaged = true;
  }
  ASSAY_ASSIGN_OR_RETURN(const std::vector<std::int32_t> cluster_of,
                         LoadClusters(store, project, after));
  MetricSelfTest test;
  test.metric = metric.id;
  ASSAY_ASSIGN_OR_RETURN(test.result, RunSelfTest(scores, cohorts, parallel_for, num_pairs, alpha,
                                                  {.cluster_of = cluster_of}));
  return test;
}

}  // namespace assay::run
