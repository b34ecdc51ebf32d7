#include "server/run/compared_rows.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_format.h"
#include "server/base/status_macros.h"
#include "server/run/cohorts.h"
#include "server/run/run_inputs.h"

namespace assay::run {
namespace {

absl::Status MissingColumn(const ComparedSide& side, std::string_view name) {
  return absl::DataLossError(
      absl::StrFormat("runs/%d: column '%s' is missing", side.facts.run.id, name));
}

void MarkScored(const ScoreArray& scores, ComparedSide& side) {
  for (std::size_t i = 0; i < scores.defined.size(); ++i) {
    if (scores.defined[i] != 0 && side.status[i] == RowStatus::kMissing) {
      side.is_scored[i] = 1;
    }
  }
}

// Moves scores from the baseline's rows to those of the candidate.
void Rearrange(const Pairing& pairing, ScoreArray& scores) {
  ScoreArray moved;
  moved.values.resize(pairing.same_key.size());
  moved.defined.resize(pairing.same_key.size());
  for (std::size_t row = 0; row < pairing.same_key.size(); ++row) {
    if (const std::int64_t from = pairing.BaselineRow(static_cast<std::int64_t>(row)); from >= 0) {
      moved.values[row] = scores.values[static_cast<std::size_t>(from)];
      moved.defined[row] = scores.defined[static_cast<std::size_t>(from)];
    }
  }
  scores = std::move(moved);
}

absl::Status LoadRowStatus(store::Store& store, store::Id project, const ParallelFor& parallel_for,
                           ComparedSide& side) {
  const store::Id run = side.facts.run.id;
  const std::int64_t num_rows = side.facts.dataset.num_rows;
  ASSAY_ASSIGN_OR_RETURN(side.columns, ListRowColumns(store, project, run));
  const store::ColumnRecord* const column = FindColumn(side.columns, kStatusColumn);
  if (column == nullptr && num_rows > 0) {
    return MissingColumn(side, kStatusColumn);
  }
  ASSAY_ASSIGN_OR_RETURN(
      side.status,
      LoadStatus(store, project, run, column == nullptr ? store::ColumnRecord{} : *column, num_rows,
                 parallel_for));
  side.is_scored.resize(side.status.size());
  std::ranges::transform(side.status, side.is_scored.begin(), [](RowStatus status) {
    return static_cast<std::uint8_t>(status == RowStatus::kScored ? 1 : 0);
  });
  return absl::OkStatus();
}

absl::Status LoadSide(store::Store& store, store::Id project, const ComparedSide& side,
                      const MetricDescriptor& metric, const ParallelFor& parallel_for,
                      ScoreArray& scores) {
  const store::ColumnRecord* const column = FindColumn(side.columns, metric.id);
  if (column == nullptr && side.facts.dataset.num_rows > 0) {
    return MissingColumn(side, metric.id);
  }
  return LoadScores(store, project, side.facts.run.id,
                    column == nullptr ? store::ColumnRecord{} : *column,
                    side.facts.dataset.num_rows, parallel_for, scores);
}

}  // namespace

absl::StatusOr<ComparedRows> LoadComparedRows(store::Store& store, store::Id project,
                                              ComparedRun baseline, ComparedRun candidate,
                                              const std::vector<std::string>& cohort_pairs,
                                              const ParallelFor& parallel_for) {
  ComparedRows rows;
  rows.baseline.facts = std::move(baseline);
  rows.candidate.facts = std::move(candidate);
  const store::DatasetVersionRecord& dataset = rows.candidate.facts.dataset;
  ASSAY_ASSIGN_OR_RETURN(rows.pairing, PairExamples(store, project, rows.baseline.facts.dataset,
                                                    dataset, parallel_for));
  ASSAY_ASSIGN_OR_RETURN(rows.cohorts, LoadCohorts(store, project, dataset, parallel_for));
  rows.num_declared_cohorts = rows.cohorts.size();
  ASSAY_RETURN_IF_ERROR(AddCohortPairs(cohort_pairs, rows.cohorts));
  ASSAY_ASSIGN_OR_RETURN(rows.cluster_of, LoadClusters(store, project, dataset));
  for (ComparedSide* const side : {&rows.baseline, &rows.candidate}) {
    ASSAY_RETURN_IF_ERROR(LoadRowStatus(store, project, parallel_for, *side));
  }
  return rows;
}

PairedScores MetricScores::Paired() const {
  return {.metric = metric,
          .baseline = baseline.values,
          .candidate = candidate.values,
          .baseline_defined = baseline.defined,
          .candidate_defined = candidate.defined,
          .is_averaged = is_averaged};
}

std::vector<MetricDescriptor> SharedMetrics(const ComparedRun& baseline,
                                            const ComparedRun& candidate) {
  std::vector<MetricDescriptor> shared;
  for (const MetricDescriptor& metric : candidate.run.metrics) {
    const auto is_same = [&](const MetricDescriptor& other) {
      return other.id == metric.id && other.definition_id == metric.definition_id &&
             other.kind == metric.kind;
    };
    if (std::ranges::any_of(baseline.run.metrics, is_same)) {
      shared.push_back(metric);
    }
  }
  return shared;
}

absl::Status LoadMetric(store::Store& store, store::Id project, const MetricDescriptor& metric,
                        const ParallelFor& parallel_for, ComparedRows& rows, MetricScores& scores) {
  scores.metric = metric;
  ASSAY_RETURN_IF_ERROR(
      LoadSide(store, project, rows.baseline, metric, parallel_for, scores.baseline));
  ASSAY_RETURN_IF_ERROR(
      LoadSide(store, project, rows.candidate, metric, parallel_for, scores.candidate));
  MarkScored(scores.baseline, rows.baseline);
  MarkScored(scores.candidate, rows.candidate);
  if (!rows.pairing.is_identity) {
    Rearrange(rows.pairing, scores.baseline);
  }
  scores.is_averaged = metric.kind == MetricKind::kBinaryMean &&
                       !(IsBinary(scores.baseline) && IsBinary(scores.candidate));
  if (scores.is_averaged) {
    scores.metric.kind = MetricKind::kMean;
  }
  return absl::OkStatus();
}

}  // namespace assay::run
