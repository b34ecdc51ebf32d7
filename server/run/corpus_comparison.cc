#include "server/run/corpus_comparison.h"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <iterator>
#include <memory>
#include <string>
#include <utility>

#include "evaluators/compare/cell_rows.h"
#include "evaluators/statistics/multiplicity.h"
#include "server/base/status_macros.h"
#include "server/run/corpus_metrics.h"
#include "server/run/corpus_resampling.h"
#include "server/run/prepared_run.h"

namespace assay::run {
namespace {

// Cohorts of the candidate's rows, carried over to the baseline's.
std::vector<CohortColumn> BaselineCohorts(std::span<const CohortColumn> cohorts,
                                          const Pairing& pairing, std::size_t num_baseline_rows) {
  std::vector<CohortColumn> moved;
  for (const CohortColumn& cohort : cohorts) {
    CohortColumn& column = moved.emplace_back();
    column.name = cohort.name;
    column.values = cohort.values;
    column.value_of.assign(num_baseline_rows, -1);
    for (std::size_t row = 0; row < pairing.same_key.size(); ++row) {
      if (const std::int64_t to = pairing.BaselineRow(static_cast<std::int64_t>(row)); to >= 0) {
        column.value_of[static_cast<std::size_t>(to)] = cohort.value_of[row];
      }
    }
  }
  return moved;
}

// The paired rows of every cell in the order of cells: all rows, then every value of every cohort
// column. A column at a time, so that only its rows are held.
class PairedCellRows {
 public:
  PairedCellRows(std::span<const std::uint8_t> is_paired, std::span<const CohortColumn> cohorts)
      : is_paired_(is_paired), cohorts_(cohorts), zeros_(is_paired.size(), 0) {}

  std::size_t num_columns() const { return cohorts_.size() + 1; }
  // Column 0 is the one cell of all rows.
  CellRows Of(std::size_t column) const {
    const PairedScores scores{.metric = {},
                              .baseline = zeros_,
                              .candidate = zeros_,
                              .baseline_defined = is_paired_,
                              .candidate_defined = is_paired_};
    return CellRows(scores, column == 0 ? nullptr : &cohorts_[column - 1]);
  }

 private:
  const std::span<const std::uint8_t> is_paired_;
  const std::span<const CohortColumn> cohorts_;
  const std::vector<double> zeros_;
};

// q of the cohorts that have a p.
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

class CorpusComparer {
 public:
  CorpusComparer(store::Store& store, const CorpusRequest& request, const ParallelFor& parallel_for,
                 const JobControl& control)
      : store_(store), request_(request), parallel_for_(parallel_for), control_(control) {}

  absl::StatusOr<std::vector<CorpusDraws>> Run(std::vector<MetricComparison>& metrics) {
    ASSAY_ASSIGN_OR_RETURN(const std::shared_ptr<const PreparedRun> baseline,
                           PrepareRun(store_, request_.project, request_.baseline_run));
    ASSAY_ASSIGN_OR_RETURN(const std::shared_ptr<const PreparedRun> candidate,
                           PrepareRun(store_, request_.project, request_.candidate_run));
    ASSAY_RETURN_IF_ERROR(Measure(*baseline, *candidate, metrics));
    return Resample(*baseline, *candidate, metrics);
  }

 private:
  // Values of both sides over the paired rows.
  absl::Status Measure(const PreparedRun& baseline, const PreparedRun& candidate,
                       std::vector<MetricComparison>& metrics) {
    const std::int64_t num_baseline_rows = baseline.inputs->dataset.num_rows;
    std::vector<std::uint8_t> takes_part(request_.is_paired.begin(), request_.is_paired.end());
    std::vector<CohortColumn> moved;
    std::span<const CohortColumn> baseline_cohorts = request_.cohorts;
    if (!request_.pairing.is_identity) {
      takes_part.assign(static_cast<std::size_t>(num_baseline_rows), 0);
      for (std::size_t row = 0; row < request_.is_paired.size(); ++row) {
        if (request_.is_paired[row] != 0) {
          takes_part[static_cast<std::size_t>(
              request_.pairing.BaselineRow(static_cast<std::int64_t>(row)))] = 1;
        }
      }
      moved = BaselineCohorts(request_.cohorts, request_.pairing, takes_part.size());
      baseline_cohorts = moved;
    }
    ASSAY_ASSIGN_OR_RETURN(
        const std::vector<CorpusValues> before,
        MeasureCorpus(store_, baseline, baseline_cohorts, takes_part, parallel_for_, control_));
    ASSAY_ASSIGN_OR_RETURN(const std::vector<CorpusValues> after,
                           MeasureCorpus(store_, candidate, request_.cohorts, request_.is_paired,
                                         parallel_for_, control_));
    for (MetricComparison& comparison : metrics) {
      if (comparison.metric.kind == MetricKind::kCorpus) {
        Fill(before, after, comparison);
      }
    }
    return absl::OkStatus();
  }

  void Fill(const std::vector<CorpusValues>& baseline, const std::vector<CorpusValues>& candidate,
            MetricComparison& comparison) const {
    const auto find = [&](const std::vector<CorpusValues>& side) {
      return std::ranges::find(side, comparison.metric.id,
                               [](const CorpusValues& values) { return values.metric.id; });
    };
    const auto before = find(baseline);
    const auto after = find(candidate);
    if (before == baseline.end() || after == candidate.end()) {
      return;
    }
    comparison.overall = CorpusCell("", after->num_rows[0], before->values[0], after->values[0]);
    std::size_t cell = 1;
    for (const CohortColumn& cohort : request_.cohorts) {
      for (std::size_t value = 0; value < cohort.values.size(); ++value, ++cell) {
        comparison.cohorts.push_back(CorpusCell(CohortName(cohort, value), after->num_rows[cell],
                                                before->values[cell], after->values[cell]));
      }
    }
  }

  absl::StatusOr<std::vector<CorpusDraws>> Resample(const PreparedRun& baseline,
                                                    const PreparedRun& candidate,
                                                    std::vector<MetricComparison>& metrics) {
    std::vector<CorpusDraws> draws;
    std::vector<std::int64_t> place_of;
    if (!request_.pairing.is_identity) {
      place_of.assign(static_cast<std::size_t>(baseline.inputs->dataset.num_rows), -1);
      for (std::size_t row = 0; row < request_.is_paired.size(); ++row) {
        if (request_.is_paired[row] != 0) {
          place_of[static_cast<std::size_t>(request_.pairing.BaselineRow(
              static_cast<std::int64_t>(row)))] = static_cast<std::int64_t>(row);
        }
      }
    }
    const auto num_places = static_cast<std::int64_t>(request_.is_paired.size());
    ASSAY_ASSIGN_OR_RETURN(const SideOutcomes before,
                           LoadOutcomes(store_, baseline, place_of, num_places, control_));
    ASSAY_ASSIGN_OR_RETURN(const SideOutcomes after,
                           LoadOutcomes(store_, candidate, {}, num_places, control_));
    const PairedCellRows cells(request_.is_paired, request_.cohorts);
    for (std::size_t column = 0; column < cells.num_columns(); ++column) {
      ASSAY_RETURN_IF_ERROR(control_.Check());
      const CellRows rows = cells.Of(column);
      for (MetricComparison& comparison : metrics) {
        const CorpusPair pair{.metric = &comparison.metric,
                              .baseline = before.Find(comparison.metric.id),
                              .candidate = after.Find(comparison.metric.id)};
        if (pair.baseline != nullptr && pair.candidate != nullptr) {
          ResampleColumn(pair, column, rows, comparison, draws);
        } else if (comparison.metric.kind == MetricKind::kCorpus && column == 0 &&
                   (before.has_repetitions || after.has_repetitions)) {
          comparison.overall.note = "several outputs an example, so there is no interval";
        }
      }
    }
    for (MetricComparison& comparison : metrics) {
      if (comparison.metric.kind == MetricKind::kCorpus) {
        AdjustOverCohorts(comparison.cohorts);
      }
    }
    return draws;
  }

  // Cells of one column of a metric, which stand together in the order of its values.
  void ResampleColumn(const CorpusPair& pair, std::size_t column, const CellRows& rows,
                      MetricComparison& comparison, std::vector<CorpusDraws>& draws) const {
    std::size_t first = 0;
    for (std::size_t earlier = 1; earlier < column; ++earlier) {
      first += request_.cohorts[earlier - 1].values.size();
    }
    const auto cell_at = [&](std::size_t value) -> Cell& {
      return column == 0 ? comparison.overall : comparison.cohorts[first + value];
    };
    const std::size_t num_cells = column == 0 ? 1 : request_.cohorts[column - 1].values.size();
    if (column > 0 && first + num_cells > comparison.cohorts.size()) {
      return;  // The metric has no values by cohort.
    }
    std::deque<std::vector<CorpusDraws>> of_cell(num_cells);
    parallel_for_(static_cast<std::int64_t>(num_cells), [&](std::int64_t i) {
      const auto value = static_cast<std::size_t>(i);
      Cell& cell = cell_at(value);
      if (!cell.delta.has_value() || rows.rows(value).empty()) {
        return;
      }
      ResampleCell(pair, rows.rows(value), request_.options, cell);
      for (const Gate& gate : request_.gates) {
        const bool is_drawn = std::ranges::any_of(of_cell[value], [&](const CorpusDraws& drawn) {
          return drawn.factor == FactorOf(gate);
        });
        if (gate.metric == comparison.metric.id && gate.cohort == cell.cohort && !is_drawn) {
          of_cell[value].push_back(
              DrawForGates(pair, rows.rows(value), request_.options, FactorOf(gate), cell));
        }
      }
    });
    for (std::vector<CorpusDraws>& drawn : of_cell) {
      std::ranges::move(drawn, std::back_inserter(draws));
    }
  }

  store::Store& store_;
  const CorpusRequest& request_;
  const ParallelFor& parallel_for_;
  const JobControl& control_;
};

}  // namespace

absl::StatusOr<std::vector<CorpusDraws>> CompareCorpus(store::Store& store,
                                                       const CorpusRequest& request,
                                                       const ParallelFor& parallel_for,
                                                       const JobControl& control,
                                                       std::vector<MetricComparison>& metrics) {
  CorpusComparer comparer(store, request, parallel_for, control);
  return comparer.Run(metrics);
}

}  // namespace assay::run
