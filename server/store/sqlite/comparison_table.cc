#include "server/store/sqlite/comparison_table.h"

#include <cstddef>
#include <string_view>
#include <utility>

#include "absl/strings/str_format.h"
#include "server/base/status_macros.h"
#include "server/store/sqlite/comparison_parts.h"
#include "server/store/sqlite/comparison_row_table.h"
#include "server/store/sqlite/embedding_change_table.h"
#include "server/store/sqlite/id_sequence.h"
#include "server/store/sqlite/page_bound.h"
#include "server/store/sqlite/statement.h"

namespace assay::store {
namespace {

#define ASSAY_SELECT_COMPARISON                                                                   \
  "SELECT id, baseline_run_id, candidate_run_id, alpha, allow_confounded, spec_digest, state, "   \
  "error, fairness, num_paired, num_only_baseline, num_only_candidate, num_baseline_errors, "     \
  "num_candidate_errors, identical_outputs, flip_metric, num_broken, num_fixed, "                 \
  "num_both_wrong, num_both_right, verdict, summary, exit_code, trace_id, parent_span_id, "       \
  "request_id, created_us, ended_us, policy_source, correction, min_rows, min_coverage, "         \
  "max_error_rate, find_slices, baseline_id, claim, num_changed, coverage, baseline_error_rate, " \
  "candidate_error_rate, behavior_column, behavior_rows, behavior_changed, behavior_lower, "      \
  "behavior_upper, seed, num_draws, slice_metric, slice_seed, slice_min_rows, "                   \
  "slices_considered, warmup_rows FROM comparisons "

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
    "exit_code, trace_id, parent_span_id, request_id, created_us, policy_source, correction, "
    "min_rows, min_coverage, max_error_rate, find_slices, baseline_id, warmup_rows) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '', 0, 0, 0, 0, 0, 0, 0, '', 0, 0, 0, 0, 0, '', 0, "
    "$9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)";
constexpr std::string_view kStoreResult =
    "UPDATE comparisons SET state = $3, ended_us = $4, fairness = $5, num_paired = $6, "
    "num_only_baseline = $7, num_only_candidate = $8, num_baseline_errors = $9, "
    "num_candidate_errors = $10, identical_outputs = $11, flip_metric = $12, num_broken = $13, "
    "num_fixed = $14, num_both_wrong = $15, num_both_right = $16, verdict = $17, summary = $18, "
    "exit_code = $19, claim = $20, num_changed = $21, coverage = $22, baseline_error_rate = $23, "
    "candidate_error_rate = $24, behavior_column = $25, behavior_rows = $26, "
    "behavior_changed = $27, behavior_lower = $28, behavior_upper = $29, seed = $30, "
    "num_draws = $31, slice_metric = $32, slice_seed = $33, slice_min_rows = $34, "
    "slices_considered = $35 WHERE project_id = $1 AND id = $2";
constexpr std::string_view kStart =
    "UPDATE comparisons SET state = $3 WHERE project_id = $1 AND id = $2 AND state = $4";
constexpr std::string_view kFail =
    "UPDATE comparisons SET state = $3, error = $4, ended_us = $5 "
    "WHERE project_id = $1 AND id = $2";
absl::Status ReadRequest(Database& database, Id project, ComparisonRecord& comparison) {
  ASSAY_ASSIGN_OR_RETURN(std::vector<GateResult> asked,
                         SelectGates(database, project, comparison.id, GateKind::kAsked));
  for (GateResult& gate : asked) {
    comparison.policy.gates.push_back(std::move(gate.gate));
  }
  ASSAY_RETURN_IF_ERROR(SelectTexts(database, project, comparison.id, TextKind::kAllowChanged,
                                    comparison.policy.allow_changed));
  return SelectTexts(database, project, comparison.id, TextKind::kCohortPair,
                     comparison.cohort_pairs);
}

absl::StatusOr<std::vector<ComparisonRecord>> SelectWith(Database& database, std::string_view sql,
                                                         Id project, const auto&... values) {
  ASSAY_ASSIGN_OR_RETURN(Statement select, Statement::Prepare(database, sql));
  select.Bind(project, values...);
  std::vector<ComparisonRecord> comparisons;
  ASSAY_RETURN_IF_ERROR(ForEachRow(select, [&]() -> absl::Status {
    ComparisonRecord& record = comparisons.emplace_back();
    ComparisonResult& result = record.result;
    Policy& policy = record.policy;
    ASSAY_RETURN_IF_ERROR(select.Read(
        record.id, record.baseline_run_id, record.candidate_run_id, policy.alpha,
        record.allow_confounded, record.spec_digest, record.state, record.error, result.fairness,
        result.num_paired, result.num_only_baseline, result.num_only_candidate,
        result.num_baseline_errors, result.num_candidate_errors, result.identical_outputs,
        result.flip_metric, result.num_broken, result.num_fixed, result.num_both_wrong,
        result.num_both_right, result.verdict, result.summary, result.exit_code, record.trace_id,
        record.parent_span_id, record.request_id, record.created_us, record.ended_us, policy.source,
        policy.correction, policy.min_rows, policy.min_coverage, policy.max_error_rate,
        record.find_slices, record.baseline_id, result.claim, result.num_changed, result.coverage,
        result.baseline_error_rate, result.candidate_error_rate, result.behavior.column,
        result.behavior.num_rows, result.behavior.num_changed, result.behavior.lower,
        result.behavior.upper, result.seed, result.num_draws, result.slices.metric,
        result.slices.seed, result.slices.min_rows, result.slices.num_considered,
        policy.warmup_rows));
    return ReadRequest(database, project, record);
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
      comparison.policy.alpha, comparison.allow_confounded, comparison.spec_digest,
      RunState::kQueued, comparison.trace_id, comparison.parent_span_id, comparison.request_id,
      now_us, comparison.policy.source, comparison.policy.correction, comparison.policy.min_rows,
      comparison.policy.min_coverage, comparison.policy.max_error_rate, comparison.find_slices,
      comparison.baseline_id, comparison.policy.warmup_rows));
  ASSAY_RETURN_IF_ERROR(
      InsertTexts(database, project, id, TextKind::kAllowChanged, comparison.policy.allow_changed));
  ASSAY_RETURN_IF_ERROR(
      InsertTexts(database, project, id, TextKind::kCohortPair, comparison.cohort_pairs));
  std::vector<GateResult> asked;
  for (const Gate& gate : comparison.policy.gates) {
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
  ASSAY_RETURN_IF_ERROR(
      SelectDifferences(database, project, comparison, DifferenceKind::kUnproven, result.unproven));
  ASSAY_RETURN_IF_ERROR(
      SelectTexts(database, project, comparison, TextKind::kWarning, result.warnings));
  ASSAY_RETURN_IF_ERROR(SelectMetrics(database, project, comparison, result.metrics));
  ASSAY_RETURN_IF_ERROR(SelectBudgets(database, project, comparison, result.budgets));
  ASSAY_RETURN_IF_ERROR(SelectSlices(database, project, comparison, result.slices.slices));
  ASSAY_ASSIGN_OR_RETURN(result.gates,
                         SelectGates(database, project, comparison, GateKind::kJudged));
  ASSAY_ASSIGN_OR_RETURN(result.embedding_change,
                         SelectEmbeddingChange(database, project, comparison));
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
  ASSAY_RETURN_IF_ERROR(
      InsertDifferences(database, project, comparison, DifferenceKind::kUnproven, result.unproven));
  ASSAY_RETURN_IF_ERROR(
      InsertTexts(database, project, comparison, TextKind::kWarning, result.warnings));
  ASSAY_RETURN_IF_ERROR(InsertMetrics(database, project, comparison, result.metrics));
  ASSAY_RETURN_IF_ERROR(InsertBudgets(database, project, comparison, result.budgets));
  ASSAY_RETURN_IF_ERROR(InsertFlips(database, project, comparison, result.flips));
  ASSAY_RETURN_IF_ERROR(InsertRowLists(database, project, comparison, result.row_lists));
  ASSAY_RETURN_IF_ERROR(InsertSlices(database, project, comparison, result.slices.slices));
  ASSAY_RETURN_IF_ERROR(
      InsertGates(database, project, comparison, GateKind::kJudged, result.gates));
  if (result.embedding_change.has_value()) {
    ASSAY_RETURN_IF_ERROR(
        InsertEmbeddingChange(database, project, comparison, *result.embedding_change));
  }
  return RunOnce(database, kStoreResult, project, comparison, RunState::kSucceeded, now_us,
                 result.fairness, result.num_paired, result.num_only_baseline,
                 result.num_only_candidate, result.num_baseline_errors, result.num_candidate_errors,
                 result.identical_outputs, result.flip_metric, result.num_broken, result.num_fixed,
                 result.num_both_wrong, result.num_both_right, result.verdict, result.summary,
                 result.exit_code, result.claim, result.num_changed, result.coverage,
                 result.baseline_error_rate, result.candidate_error_rate, result.behavior.column,
                 result.behavior.num_rows, result.behavior.num_changed, result.behavior.lower,
                 result.behavior.upper, result.seed, result.num_draws, result.slices.metric,
                 result.slices.seed, result.slices.min_rows, result.slices.num_considered);
}

absl::Status FailComparison(Database& database, Id project, Id comparison, const std::string& error,
                            std::int64_t now_us) {
  return RunOnce(database, kFail, project, comparison, RunState::kFailed, error, now_us);
}

}  // namespace assay::store
