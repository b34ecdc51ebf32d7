#include "server/store/sqlite/comparison_table.h"

#include <cstddef>
#include <string_view>
#include <utility>

#include "absl/strings/str_format.h"
#include "server/base/status_macros.h"
#include "server/store/sqlite/descriptor_columns.h"
#include "server/store/sqlite/id_sequence.h"
#include "server/store/sqlite/page_bound.h"
#include "server/store/sqlite/statement.h"

namespace assay::store {
namespace {

// `kind` of a difference and of a gate, as in the migration.
enum class DifferenceKind : std::uint8_t { kConfound = 1, kModel = 2 };
enum class GateKind : std::uint8_t { kAsked = 1, kJudged = 2 };

#define ASSAY_SELECT_COMPARISON                                                                 \
  "SELECT id, baseline_run_id, candidate_run_id, alpha, allow_confounded, spec_digest, state, " \
  "error, fairness, num_paired, num_only_baseline, num_only_candidate, num_baseline_errors, "   \
  "num_candidate_errors, identical_outputs, flip_metric, num_broken, num_fixed, "               \
  "num_both_wrong, num_both_right, verdict, summary, exit_code, trace_id, parent_span_id, "     \
  "request_id, created_us, ended_us FROM comparisons "

constexpr std::string_view kSelectById =
    ASSAY_SELECT_COMPARISON "WHERE project_id = $1 AND id = $2";
constexpr std::string_view kList =
    ASSAY_SELECT_COMPARISON "WHERE project_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
#undef ASSAY_SELECT_COMPARISON

constexpr std::string_view kFindByRequest =
    "SELECT id FROM comparisons WHERE project_id = $1 AND request_id = $2";
constexpr std::string_view kFindBySpec =
    "SELECT id FROM comparisons WHERE project_id = $1 AND spec_digest = $2 AND state <= $3 "
    "ORDER BY id DESC LIMIT 1";
constexpr std::string_view kInsert =
    "INSERT INTO comparisons (id, project_id, baseline_run_id, candidate_run_id, alpha, "
    "allow_confounded, spec_digest, state, error, fairness, num_paired, num_only_baseline, "
    "num_only_candidate, num_baseline_errors, num_candidate_errors, identical_outputs, "
    "flip_metric, num_broken, num_fixed, num_both_wrong, num_both_right, verdict, summary, "
    "exit_code, trace_id, parent_span_id, request_id, created_us) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '', 0, 0, 0, 0, 0, 0, 0, '', 0, 0, 0, 0, 0, '', 0, "
    "$9, $10, $11, $12)";
constexpr std::string_view kStoreResult =
    "UPDATE comparisons SET state = $3, ended_us = $4, fairness = $5, num_paired = $6, "
    "num_only_baseline = $7, num_only_candidate = $8, num_baseline_errors = $9, "
    "num_candidate_errors = $10, identical_outputs = $11, flip_metric = $12, num_broken = $13, "
    "num_fixed = $14, num_both_wrong = $15, num_both_right = $16, verdict = $17, summary = $18, "
    "exit_code = $19 WHERE project_id = $1 AND id = $2";
constexpr std::string_view kStart =
    "UPDATE comparisons SET state = $3 WHERE project_id = $1 AND id = $2 AND state = $4";
constexpr std::string_view kFail =
    "UPDATE comparisons SET state = $3, error = $4, ended_us = $5 "
    "WHERE project_id = $1 AND id = $2";
constexpr std::string_view kInsertDifference =
    "INSERT INTO comparison_differences (project_id, comparison_id, kind, position, field, "
    "baseline, candidate) VALUES ($1, $2, $3, $4, $5, $6, $7)";
constexpr std::string_view kSelectDifferences =
    "SELECT field, baseline, candidate FROM comparison_differences "
    "WHERE project_id = $1 AND comparison_id = $2 AND kind = $3 ORDER BY position";
constexpr std::string_view kInsertMetric =
    "INSERT INTO comparison_metrics (project_id, comparison_id, position, metric, definition, "
    "direction, kind, lowest, highest, unit, formula, undefined, source) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
constexpr std::string_view kSelectMetrics =
    "SELECT metric, definition, direction, kind, lowest, highest, unit, formula, undefined, source "
    "FROM comparison_metrics WHERE project_id = $1 AND comparison_id = $2 ORDER BY position";
constexpr std::string_view kInsertCell =
    "INSERT INTO comparison_cells (project_id, comparison_id, metric_no, cell_no, cohort, "
    "num_rows, baseline, candidate, delta, lower_bound, upper_bound, p, q, method, effect_size, "
    "minimum_detectable_effect, num_worse, num_better) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, "
    "$9, $10, $11, $12, $13, $14, $15, $16, $17, $18)";
constexpr std::string_view kSelectCells =
    "SELECT metric_no, cohort, num_rows, baseline, candidate, delta, lower_bound, upper_bound, "
    "p, q, method, effect_size, minimum_detectable_effect, num_worse, num_better "
    "FROM comparison_cells WHERE project_id = $1 AND comparison_id = $2 "
    "ORDER BY metric_no, cell_no";
constexpr std::string_view kInsertGate =
    "INSERT INTO comparison_gates (project_id, comparison_id, kind, position, metric, cohort, "
    "max_drop, tier, verdict, delta, lower_bound, upper_bound, p, p_adjusted, num_rows, "
    "rows_needed, reason) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, "
    "$15, $16, $17)";
constexpr std::string_view kSelectGates =
    "SELECT metric, cohort, max_drop, tier, verdict, delta, lower_bound, upper_bound, p, "
    "p_adjusted, num_rows, rows_needed, reason FROM comparison_gates "
    "WHERE project_id = $1 AND comparison_id = $2 AND kind = $3 ORDER BY position";

absl::Status InsertDifferences(Database& database, Id project, Id comparison, DifferenceKind kind,
                               const std::vector<FieldDifference>& differences) {
  for (std::size_t i = 0; i < differences.size(); ++i) {
    ASSAY_RETURN_IF_ERROR(RunOnce(database, kInsertDifference, project, comparison, kind, i,
                                  differences[i].field, differences[i].baseline,
                                  differences[i].candidate));
  }
  return absl::OkStatus();
}

absl::Status SelectDifferences(Database& database, Id project, Id comparison, DifferenceKind kind,
                               std::vector<FieldDifference>& differences) {
  ASSAY_ASSIGN_OR_RETURN(Statement select, Statement::Prepare(database, kSelectDifferences));
  select.Bind(project, comparison, kind);
  return ForEachRow(select, [&] {
    FieldDifference& difference = differences.emplace_back();
    return select.Read(difference.field, difference.baseline, difference.candidate);
  });
}

absl::Status InsertGates(Database& database, Id project, Id comparison, GateKind kind,
                         const std::vector<GateResult>& gates) {
  ASSAY_ASSIGN_OR_RETURN(Statement insert, Statement::Prepare(database, kInsertGate));
  for (std::size_t i = 0; i < gates.size(); ++i) {
    const GateResult& result = gates[i];
    const Gate& gate = result.gate;
    insert.Bind(project, comparison, kind, i, gate.metric, gate.cohort, gate.max_drop, gate.tier,
                result.verdict, result.delta, result.lower, result.upper, result.p,
                result.p_adjusted, result.num_rows, result.rows_needed, result.reason);
    ASSAY_RETURN_IF_ERROR(insert.Run());
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<GateResult>> SelectGates(Database& database, Id project, Id comparison,
                                                    GateKind kind) {
  ASSAY_ASSIGN_OR_RETURN(Statement select, Statement::Prepare(database, kSelectGates));
  select.Bind(project, comparison, kind);
  std::vector<GateResult> gates;
  ASSAY_RETURN_IF_ERROR(ForEachRow(select, [&] {
    GateResult& result = gates.emplace_back();
    Gate& gate = result.gate;
    return select.Read(gate.metric, gate.cohort, gate.max_drop, gate.tier, result.verdict,
                       result.delta, result.lower, result.upper, result.p, result.p_adjusted,
                       result.num_rows, result.rows_needed, result.reason);
  }));
  return gates;
}

void BindCell(Statement& insert, Id project, Id comparison, std::size_t metric, std::size_t number,
              const Cell& cell) {
  insert.Bind(project, comparison, metric, number, cell.cohort, cell.num_rows, cell.baseline,
              cell.candidate, cell.delta, cell.lower, cell.upper, cell.p, cell.q, cell.method,
              cell.effect_size, cell.minimum_detectable_effect, cell.num_worse, cell.num_better);
}

absl::Status InsertMetrics(Database& database, Id project, Id comparison,
                           const std::vector<MetricComparison>& metrics) {
  ASSAY_ASSIGN_OR_RETURN(Statement insert_metric, Statement::Prepare(database, kInsertMetric));
  ASSAY_ASSIGN_OR_RETURN(Statement insert_cell, Statement::Prepare(database, kInsertCell));
  for (std::size_t i = 0; i < metrics.size(); ++i) {
    BindDescriptor(insert_metric, project, comparison, i, metrics[i].metric);
    ASSAY_RETURN_IF_ERROR(insert_metric.Run());
    BindCell(insert_cell, project, comparison, i, 0, metrics[i].overall);
    ASSAY_RETURN_IF_ERROR(insert_cell.Run());
    for (std::size_t k = 0; k < metrics[i].cohorts.size(); ++k) {
      BindCell(insert_cell, project, comparison, i, k + 1, metrics[i].cohorts[k]);
      ASSAY_RETURN_IF_ERROR(insert_cell.Run());
    }
  }
  return absl::OkStatus();
}

absl::Status SelectMetrics(Database& database, Id project, Id comparison,
                           std::vector<MetricComparison>& metrics) {
  ASSAY_ASSIGN_OR_RETURN(Statement select, Statement::Prepare(database, kSelectMetrics));
  select.Bind(project, comparison);
  ASSAY_RETURN_IF_ERROR(
      ForEachRow(select, [&] { return ReadDescriptor(select, metrics.emplace_back().metric); }));
  ASSAY_ASSIGN_OR_RETURN(Statement cells, Statement::Prepare(database, kSelectCells));
  cells.Bind(project, comparison);
  std::size_t last_metric = metrics.size();
  return ForEachRow(cells, [&]() -> absl::Status {
    std::size_t metric = 0;
    Cell cell;
    ASSAY_RETURN_IF_ERROR(
        cells.Read(metric, cell.cohort, cell.num_rows, cell.baseline, cell.candidate, cell.delta,
                   cell.lower, cell.upper, cell.p, cell.q, cell.method, cell.effect_size,
                   cell.minimum_detectable_effect, cell.num_worse, cell.num_better));
    if (metric >= metrics.size()) {
      return absl::DataLossError(
          absl::StrFormat("comparison %d has a cell of a metric that it lacks", comparison));
    }
    // The first cell of a metric is the one over all rows.
    if (metric != last_metric) {
      metrics[metric].overall = std::move(cell);
      last_metric = metric;
    } else {
      metrics[metric].cohorts.push_back(std::move(cell));
    }
    return absl::OkStatus();
  });
}

absl::Status ReadAskedGates(Database& database, Id project, ComparisonRecord& comparison) {
  ASSAY_ASSIGN_OR_RETURN(std::vector<GateResult> asked,
                         SelectGates(database, project, comparison.id, GateKind::kAsked));
  for (GateResult& gate : asked) {
    comparison.gates.push_back(std::move(gate.gate));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<ComparisonRecord>> SelectWith(Database& database, std::string_view sql,
                                                         Id project, const auto&... values) {
  ASSAY_ASSIGN_OR_RETURN(Statement select, Statement::Prepare(database, sql));
  select.Bind(project, values...);
  std::vector<ComparisonRecord> comparisons;
  ASSAY_RETURN_IF_ERROR(ForEachRow(select, [&]() -> absl::Status {
    ComparisonRecord& record = comparisons.emplace_back();
    ComparisonResult& result = record.result;
    ASSAY_RETURN_IF_ERROR(select.Read(
        record.id, record.baseline_run_id, record.candidate_run_id, record.alpha,
        record.allow_confounded, record.spec_digest, record.state, record.error, result.fairness,
        result.num_paired, result.num_only_baseline, result.num_only_candidate,
        result.num_baseline_errors, result.num_candidate_errors, result.identical_outputs,
        result.flip_metric, result.num_broken, result.num_fixed, result.num_both_wrong,
        result.num_both_right, result.verdict, result.summary, result.exit_code, record.trace_id,
        record.parent_span_id, record.request_id, record.created_us, record.ended_us));
    return ReadAskedGates(database, project, record);
  }));
  return comparisons;
}

absl::StatusOr<std::optional<Id>> FindWith(Database& database, std::string_view sql,
                                           const auto&... values) {
  ASSAY_ASSIGN_OR_RETURN(Statement select, Statement::Prepare(database, sql));
  select.Bind(values...);
  ASSAY_ASSIGN_OR_RETURN(const bool found, select.Step());
  std::optional<Id> id;
  if (found) {
    ASSAY_RETURN_IF_ERROR(select.Read(id));
  }
  return id;
}

}  // namespace

absl::StatusOr<Id> InsertComparison(Database& database, Id project,
                                    const ComparisonRecord& comparison, std::int64_t now_us) {
  ASSAY_ASSIGN_OR_RETURN(const Id id, AllocateIds(database, 1));
  ASSAY_RETURN_IF_ERROR(RunOnce(
      database, kInsert, id, project, comparison.baseline_run_id, comparison.candidate_run_id,
      comparison.alpha, comparison.allow_confounded, comparison.spec_digest, RunState::kQueued,
      comparison.trace_id, comparison.parent_span_id, comparison.request_id, now_us));
  std::vector<GateResult> asked;
  for (const Gate& gate : comparison.gates) {
    asked.emplace_back().gate = gate;
  }
  ASSAY_RETURN_IF_ERROR(InsertGates(database, project, id, GateKind::kAsked, asked));
  return id;
}

absl::StatusOr<ComparisonRecord> SelectComparison(Database& database, Id project, Id comparison) {
  ASSAY_ASSIGN_OR_RETURN(std::vector<ComparisonRecord> found,
                         SelectWith(database, kSelectById, project, comparison));
  if (found.empty()) {
    return absl::NotFoundError(absl::StrFormat("no such comparison: 'comparisons/%d'", comparison));
  }
  ComparisonRecord record = std::move(found[0]);
  ComparisonResult& result = record.result;
  ASSAY_RETURN_IF_ERROR(SelectDifferences(database, project, comparison, DifferenceKind::kConfound,
                                          result.confounds));
  ASSAY_RETURN_IF_ERROR(SelectDifferences(database, project, comparison, DifferenceKind::kModel,
                                          result.model_differences));
  ASSAY_RETURN_IF_ERROR(SelectMetrics(database, project, comparison, result.metrics));
  ASSAY_ASSIGN_OR_RETURN(result.gates,
                         SelectGates(database, project, comparison, GateKind::kJudged));
  return record;
}

absl::StatusOr<std::optional<Id>> FindComparisonByRequest(Database& database, Id project,
                                                          const std::string& request_id) {
  return FindWith(database, kFindByRequest, project, request_id);
}

absl::StatusOr<std::optional<Id>> FindComparisonBySpec(Database& database, Id project,
                                                       const Digest& spec) {
  return FindWith(database, kFindBySpec, project, spec, RunState::kSucceeded);
}

absl::StatusOr<std::vector<ComparisonRecord>> SelectComparisons(Database& database, Id project,
                                                                PageRequest page) {
  return SelectWith(database, kList, project, PageBound(page), page.size);
}

absl::Status StartComparison(Database& database, Id project, Id comparison) {
  return RunOnce(database, kStart, project, comparison, RunState::kRunning, RunState::kQueued);
}

absl::Status StoreComparisonResult(Database& database, Id project, Id comparison,
                                   const ComparisonResult& result, std::int64_t now_us) {
  ASSAY_RETURN_IF_ERROR(InsertDifferences(database, project, comparison, DifferenceKind::kConfound,
                                          result.confounds));
  ASSAY_RETURN_IF_ERROR(InsertDifferences(database, project, comparison, DifferenceKind::kModel,
                                          result.model_differences));
  ASSAY_RETURN_IF_ERROR(InsertMetrics(database, project, comparison, result.metrics));
  ASSAY_RETURN_IF_ERROR(
      InsertGates(database, project, comparison, GateKind::kJudged, result.gates));
  return RunOnce(database, kStoreResult, project, comparison, RunState::kSucceeded, now_us,
                 result.fairness, result.num_paired, result.num_only_baseline,
                 result.num_only_candidate, result.num_baseline_errors, result.num_candidate_errors,
                 result.identical_outputs, result.flip_metric, result.num_broken, result.num_fixed,
                 result.num_both_wrong, result.num_both_right, result.verdict, result.summary,
                 result.exit_code);
}

absl::Status FailComparison(Database& database, Id project, Id comparison, const std::string& error,
                            std::int64_t now_us) {
  return RunOnce(database, kFail, project, comparison, RunState::kFailed, error, now_us);
}

}  // namespace assay::store
