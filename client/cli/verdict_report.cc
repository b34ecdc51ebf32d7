#include "client/cli/verdict_report.h"

#include <google/protobuf/descriptor.h>

#include <optional>

#include "absl/strings/str_format.h"
#include "client/cli/comparison_view.h"
#include "client/cli/numbers.h"
#include "client/cli/page.h"
#include "client/cpp/references.h"
#include "evaluators/statistics/sign_flip.h"

namespace assay::cli {
namespace {

// Every digit that tells a number apart; empty when absent.
std::string Digits(std::optional<double> value) {
  return value.has_value() ? absl::StrFormat("%.17g", *value) : std::string();
}

// Of a p that was drawn; absent for an exact one.
std::optional<double> PermutationError(const v1::Cell& cell) {
  return cell.has_permutation_p() && cell.num_draws() > 0
             ? std::optional(MonteCarloError(cell.permutation_p(), cell.num_draws()))
             : std::nullopt;
}

std::optional<double> LimitOf(const v1::Gate& gate) {
  const google::protobuf::FieldDescriptor* const field =
      v1::Gate::descriptor()->FindFieldByNumber(gate.limit_case());
  return field == nullptr ? std::nullopt
                          : std::optional(v1::Gate::GetReflection()->GetDouble(gate, field));
}

Table EmptyTable() {
  return Table({{"record"},
                {"metric"},
                {"cohort"},
                {"num_rows"},
                {"baseline"},
                {"candidate"},
                {"delta"},
                {"lower"},
                {"upper"},
                {"p"},
                {"q"},
                {"method"},
                {"num_worse"},
                {"num_better"},
                {"permutation_p"},
                {"permutation_error"},
                {"limit"},
                {"margin"},
                {"p_adjusted"},
                {"tier"},
                {"verdict"},
                {"reason"},
                {"fairness"},
                {"effect_size"},
                {"minimum_detectable_effect"},
                {"standard_error"},
                {"num_clusters"}});
}

void AddCell(const v1::Comparison& comparison, const v1::MetricComparison& metric,
             const v1::Cell& cell, Table& table) {
  table.AddRow({"cell",
                metric.metric().id(),
                cell.cohort(),
                absl::StrFormat("%d", cell.num_rows()),
                Digits(Baseline(cell)),
                Digits(Candidate(cell)),
                Digits(Delta(cell)),
                Digits(Lower(cell)),
                Digits(Upper(cell)),
                Digits(P(cell)),
                Digits(Q(cell)),
                cell.method(),
                absl::StrFormat("%d", cell.num_worse()),
                absl::StrFormat("%d", cell.num_better()),
                Digits(Optional(cell, &v1::Cell::has_permutation_p, &v1::Cell::permutation_p)),
                Digits(PermutationError(cell)),
                "",
                "",
                "",
                "",
                "",
                cell.note(),
                FairnessWord(comparison),
                Digits(Optional(cell, &v1::Cell::has_effect_size, &v1::Cell::effect_size)),
                Digits(Optional(cell, &v1::Cell::has_minimum_detectable_effect,
                                &v1::Cell::minimum_detectable_effect)),
                Digits(Optional(cell, &v1::Cell::has_standard_error, &v1::Cell::standard_error)),
                absl::StrFormat("%d", cell.num_clusters())});
}

void AddGate(const v1::Comparison& comparison, const v1::GateResult& result, Table& table) {
  const v1::Gate& gate = result.gate();
  table.AddRow(
      {"gate",
       gate.metric(),
       gate.cohort(),
       absl::StrFormat("%d", result.num_rows()),
       Digits(Optional(result, &v1::GateResult::has_baseline, &v1::GateResult::baseline)),
       Digits(Optional(result, &v1::GateResult::has_candidate, &v1::GateResult::candidate)),
       Digits(Delta(result)),
       Digits(Lower(result)),
       Digits(Upper(result)),
       Digits(Optional(result, &v1::GateResult::has_p, &v1::GateResult::p)),
       "",
       result.method(),
       "",
       "",
       "",
       "",
       absl::StrFormat("%s %s", LimitKey(gate), Digits(LimitOf(gate))),
       Digits(Optional(result, &v1::GateResult::has_margin, &v1::GateResult::margin)),
       Digits(AdjustedP(result)),
       TierWord(gate.tier()),
       std::string(VerdictWord(result.verdict())),
       result.reason(),
       FairnessWord(comparison),
       "",
       "",
       "",
       ""});
}

void AddBudget(const v1::Comparison& comparison, const v1::BudgetResult& budget, Table& table) {
  table.AddRow({"budget",
                budget.name(),
                "",
                "",
                "",
                Digits(Optional(budget, &v1::BudgetResult::has_value, &v1::BudgetResult::value)),
                "",
                "",
                "",
                "",
                "",
                "",
                "",
                "",
                "",
                "",
                Digits(budget.limit()),
                "",
                "",
                "",
                std::string(VerdictWord(budget.verdict())),
                budget.reason(),
                FairnessWord(comparison),
                "",
                "",
                "",
                ""});
}

}  // namespace

std::string LimitKey(const v1::Gate& gate) {
  const google::protobuf::FieldDescriptor* const field =
      v1::Gate::descriptor()->FindFieldByNumber(gate.limit_case());
  return field == nullptr ? std::string() : field->name();
}

std::string GateTitle(const v1::Gate& gate) {
  const std::optional<double> limit = LimitOf(gate);
  return limit.has_value() ? absl::StrFormat("%s: %s %g", GateName(gate), LimitKey(gate), *limit)
                           : GateName(gate);
}

std::string ComparisonAddress(const VerdictReport& report) {
  return report.site.empty() ? absl::StrFormat("assay comparison show %s",
                                               client::ShortName(report.comparison.name()))
                             : PageUrl(report.site, report.comparison.name());
}

std::string RowAddress(const VerdictReport& report, const v1::ComparisonRow& row) {
  return report.site.empty()
             ? absl::StrFormat("assay rows %s", client::ShortName(report.comparison.name()))
             : absl::StrFormat("%s/rows/%d", ComparisonAddress(report), row.row());
}

std::string TraceAddress(const VerdictReport& report, std::string_view trace_id) {
  return TraceAddress(report.site, report.comparison.name(), trace_id);
}

std::string RowsTitle(const v1::ListComparisonRowsResponse& rows) {
  const std::string counted =
      absl::StrFormat("%s %s got worse by %s", CountText(rows.total_rows()),
                      rows.total_rows() == 1 ? "row" : "rows", rows.metric());
  return rows.rows_size() < rows.total_rows()
             ? absl::StrFormat("%s; the worst %d of them", counted, rows.rows_size())
             : counted;
}

Table VerdictTable(const v1::Comparison& comparison) {
  Table table = EmptyTable();
  for (const v1::MetricComparison& metric : comparison.metrics()) {
    AddCell(comparison, metric, metric.overall(), table);
    for (const v1::Cell& cell : metric.cohorts()) {
      AddCell(comparison, metric, cell, table);
    }
  }
  for (const v1::GateResult& result : comparison.gates()) {
    AddGate(comparison, result, table);
  }
  for (const v1::BudgetResult& budget : comparison.budgets()) {
    AddBudget(comparison, budget, table);
  }
  return table;
}

}  // namespace assay::cli
