#include "server/store/sqlite/comparison_parts.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_format.h"
#include "server/base/status_macros.h"
#include "server/store/sqlite/descriptor_columns.h"
#include "server/store/sqlite/statement.h"

namespace assay::store {
namespace {

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
    "minimum_detectable_effect, num_worse, num_better, standard_error, permutation_p, "
    "num_clusters, note, num_draws, seed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, "
    "$12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24)";
constexpr std::string_view kSelectCells =
    "SELECT metric_no, cohort, num_rows, baseline, candidate, delta, lower_bound, upper_bound, "
    "p, q, method, effect_size, minimum_detectable_effect, num_worse, num_better, "
    "standard_error, permutation_p, num_clusters, note, num_draws, seed FROM comparison_cells "
    "WHERE project_id = "
    "$1 AND comparison_id = $2 "
    "ORDER BY metric_no, cell_no";
constexpr std::string_view kInsertGate =
    "INSERT INTO comparison_gates (project_id, comparison_id, kind, position, metric, cohort, "
    "limit_value, limit_kind, tier, alpha, min_rows, verdict, delta, lower_bound, upper_bound, p, "
    "p_adjusted, num_rows, rows_needed, reason, margin, baseline, candidate, method) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, "
    "$19, $20, $21, $22, $23, $24)";
constexpr std::string_view kSelectGates =
    "SELECT metric, cohort, limit_value, limit_kind, tier, alpha, min_rows, verdict, delta, "
    "lower_bound, upper_bound, p, p_adjusted, num_rows, rows_needed, reason, margin, baseline, "
    "candidate, method FROM comparison_gates "
    "WHERE project_id = $1 AND comparison_id = $2 AND kind = $3 ORDER BY position";
constexpr std::string_view kInsertText =
    "INSERT INTO comparison_texts (project_id, comparison_id, kind, position, text) "
    "VALUES ($1, $2, $3, $4, $5)";
constexpr std::string_view kSelectTexts =
    "SELECT text FROM comparison_texts "
    "WHERE project_id = $1 AND comparison_id = $2 AND kind = $3 ORDER BY position";
constexpr std::string_view kInsertBudget =
    "INSERT INTO comparison_budgets (project_id, comparison_id, position, name, limit_value, "
    "value, verdict, reason) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
constexpr std::string_view kSelectBudgets =
    "SELECT name, limit_value, value, verdict, reason FROM comparison_budgets "
    "WHERE project_id = $1 AND comparison_id = $2 ORDER BY position";
constexpr std::string_view kInsertSlice =
    "INSERT INTO comparison_slices (project_id, comparison_id, position, cohort, metric, "
    "num_search_rows, search_delta, num_test_rows, delta, lower_bound, upper_bound, p, q) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
constexpr std::string_view kSelectSlices =
    "SELECT cohort, metric, num_search_rows, search_delta, num_test_rows, delta, lower_bound, "
    "upper_bound, p, q FROM comparison_slices "
    "WHERE project_id = $1 AND comparison_id = $2 ORDER BY position";

void BindCell(Statement& insert, Id project, Id comparison, std::size_t metric, std::size_t number,
              const Cell& cell) {
  insert.Bind(project, comparison, metric, number, cell.cohort, cell.num_rows, cell.baseline,
              cell.candidate, cell.delta, cell.lower, cell.upper, cell.p, cell.q, cell.method,
              cell.effect_size, cell.minimum_detectable_effect, cell.num_worse, cell.num_better,
              cell.standard_error, cell.permutation_p, cell.num_clusters, cell.note, cell.num_draws,
              cell.seed);
}

}  // namespace

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
    insert.Bind(project, comparison, kind, i, gate.metric, gate.cohort, gate.limit, gate.kind,
                gate.tier, gate.alpha, gate.min_rows, result.verdict, result.delta, result.lower,
                result.upper, result.p, result.p_adjusted, result.num_rows, result.rows_needed,
                result.reason, result.margin, result.baseline, result.candidate, result.method);
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
    return select.Read(gate.metric, gate.cohort, gate.limit, gate.kind, gate.tier, gate.alpha,
                       gate.min_rows, result.verdict, result.delta, result.lower, result.upper,
                       result.p, result.p_adjusted, result.num_rows, result.rows_needed,
                       result.reason, result.margin, result.baseline, result.candidate,
                       result.method);
  }));
  return gates;
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
    ASSAY_RETURN_IF_ERROR(cells.Read(
        metric, cell.cohort, cell.num_rows, cell.baseline, cell.candidate, cell.delta, cell.lower,
        cell.upper, cell.p, cell.q, cell.method, cell.effect_size, cell.minimum_detectable_effect,
        cell.num_worse, cell.num_better, cell.standard_error, cell.permutation_p, cell.num_clusters,
        cell.note, cell.num_draws, cell.seed));
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

absl::Status InsertTexts(Database& database, Id project, Id comparison, TextKind kind,
                         const std::vector<std::string>& texts) {
  for (std::size_t i = 0; i < texts.size(); ++i) {
    ASSAY_RETURN_IF_ERROR(RunOnce(database, kInsertText, project, comparison, kind, i, texts[i]));
  }
  return absl::OkStatus();
}

absl::Status SelectTexts(Database& database, Id project, Id comparison, TextKind kind,
                         std::vector<std::string>& texts) {
  ASSAY_ASSIGN_OR_RETURN(Statement select, Statement::Prepare(database, kSelectTexts));
  select.Bind(project, comparison, kind);
  return ForEachRow(select, [&] { return select.Read(texts.emplace_back()); });
}

absl::Status InsertBudgets(Database& database, Id project, Id comparison,
                           const std::vector<BudgetResult>& budgets) {
  for (std::size_t i = 0; i < budgets.size(); ++i) {
    const BudgetResult& budget = budgets[i];
    ASSAY_RETURN_IF_ERROR(RunOnce(database, kInsertBudget, project, comparison, i, budget.name,
                                  budget.limit, budget.value, budget.verdict, budget.reason));
  }
  return absl::OkStatus();
}

absl::Status SelectBudgets(Database& database, Id project, Id comparison,
                           std::vector<BudgetResult>& budgets) {
  ASSAY_ASSIGN_OR_RETURN(Statement select, Statement::Prepare(database, kSelectBudgets));
  select.Bind(project, comparison);
  return ForEachRow(select, [&] {
    BudgetResult& budget = budgets.emplace_back();
    return select.Read(budget.name, budget.limit, budget.value, budget.verdict, budget.reason);
  });
}

absl::Status InsertSlices(Database& database, Id project, Id comparison,
                          const std::vector<SliceRecord>& slices) {
  for (std::size_t i = 0; i < slices.size(); ++i) {
    const SliceRecord& slice = slices[i];
    ASSAY_RETURN_IF_ERROR(RunOnce(database, kInsertSlice, project, comparison, i, slice.cohort,
                                  slice.metric, slice.num_search_rows, slice.search_delta,
                                  slice.num_test_rows, slice.delta, slice.lower, slice.upper,
                                  slice.p, slice.q));
  }
  return absl::OkStatus();
}

absl::Status SelectSlices(Database& database, Id project, Id comparison,
                          std::vector<SliceRecord>& slices) {
  ASSAY_ASSIGN_OR_RETURN(Statement select, Statement::Prepare(database, kSelectSlices));
  select.Bind(project, comparison);
  return ForEachRow(select, [&] {
    SliceRecord& slice = slices.emplace_back();
    return select.Read(slice.cohort, slice.metric, slice.num_search_rows, slice.search_delta,
                       slice.num_test_rows, slice.delta, slice.lower, slice.upper, slice.p,
                       slice.q);
  });
}

}  // namespace assay::store
