#include "server/store/sqlite/run_table.h"

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

#define ASSAY_SELECT_RUN                                                                        \
  "SELECT id, dataset_version_id, output_set_id, model_version_id, row_filter, spec_digest, "   \
  "state, error, num_rows, shard_chunks, num_rows_done, num_scored, num_missing, num_errors, "  \
  "num_filtered, result_digest, trace_id, parent_span_id, request_id, build, isa, created_us, " \
  "started_us, ended_us FROM runs "

constexpr std::string_view kSelectById = ASSAY_SELECT_RUN "WHERE project_id = $1 AND id = $2";
constexpr std::string_view kSelectByRequest =
    ASSAY_SELECT_RUN "WHERE project_id = $1 AND request_id = $2";
constexpr std::string_view kSelectBySpec = ASSAY_SELECT_RUN
    "WHERE project_id = $1 AND spec_digest = $2 AND state = $3 ORDER BY id DESC LIMIT 1";
constexpr std::string_view kList = ASSAY_SELECT_RUN
    "WHERE project_id = $1 AND id < $2 AND ($3 = 0 OR dataset_version_id = $3) "
    "AND ($4 = 0 OR model_version_id = $4) ORDER BY id DESC LIMIT $5";
#undef ASSAY_SELECT_RUN

constexpr std::string_view kInsert =
    "INSERT INTO runs (id, project_id, dataset_version_id, output_set_id, model_version_id, "
    "row_filter, spec_digest, state, error, num_rows, shard_chunks, num_rows_done, num_scored, "
    "num_missing, num_errors, num_filtered, trace_id, parent_span_id, request_id, build, isa, "
    "created_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '', $9, $10, 0, 0, 0, 0, 0, $11, $12, "
    "$13, $14, $15, $16)";
constexpr std::string_view kInsertEvaluator =
    "INSERT INTO run_evaluators (project_id, run_id, position, spec) VALUES ($1, $2, $3, $4)";
constexpr std::string_view kSelectEvaluators =
    "SELECT spec FROM run_evaluators WHERE project_id = $1 AND run_id = $2 ORDER BY position";
constexpr std::string_view kInsertMetric =
    "INSERT INTO run_metrics (project_id, run_id, position, metric, definition, direction, kind, "
    "lowest, highest, unit, formula, undefined, source) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
constexpr std::string_view kSelectMetrics =
    "SELECT metric, definition, direction, kind, lowest, highest, unit, formula, undefined, source "
    "FROM run_metrics WHERE project_id = $1 AND run_id = $2 ORDER BY position";
constexpr std::string_view kInsertNote =
    "INSERT INTO run_notes (project_id, run_id, position, note) VALUES ($1, $2, $3, $4)";
constexpr std::string_view kSelectNotes =
    "SELECT note FROM run_notes WHERE project_id = $1 AND run_id = $2 ORDER BY position";
constexpr std::string_view kInsertSummary =
    "INSERT INTO run_summaries (project_id, run_id, position, metric, cohort, value, num_rows, "
    "num_undefined, lower_bound, upper_bound) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
constexpr std::string_view kSelectSummaries =
    "SELECT metric, cohort, value, num_rows, num_undefined, lower_bound, upper_bound "
    "FROM run_summaries WHERE project_id = $1 AND run_id = $2 ORDER BY position";
constexpr std::string_view kStart =
    "UPDATE runs SET state = $3, started_us = $4 WHERE project_id = $1 AND id = $2 AND state = $5";
constexpr std::string_view kAddRowsDone =
    "UPDATE runs SET num_rows_done = num_rows_done + $3 WHERE project_id = $1 AND id = $2";
constexpr std::string_view kStoreResult =
    "UPDATE runs SET state = $3, num_scored = $4, num_missing = $5, num_errors = $6, "
    "num_filtered = $7, result_digest = $8, ended_us = $9 WHERE project_id = $1 AND id = $2";
constexpr std::string_view kEnd =
    "UPDATE runs SET state = $3, error = $4, ended_us = $5 WHERE project_id = $1 AND id = $2";

absl::Status ReadTexts(Database& database, std::string_view sql, Id project, Id run,
                       std::vector<std::string>& texts) {
  ASSAY_ASSIGN_OR_RETURN(Statement select, Statement::Prepare(database, sql));
  select.Bind(project, run);
  return ForEachRow(select, [&] { return select.Read(texts.emplace_back()); });
}

// Fills what other tables hold of a run.
absl::Status ReadParts(Database& database, Id project, RunRecord& run) {
  ASSAY_RETURN_IF_ERROR(ReadTexts(database, kSelectEvaluators, project, run.id, run.evaluators));
  ASSAY_RETURN_IF_ERROR(ReadTexts(database, kSelectNotes, project, run.id, run.notes));
  ASSAY_ASSIGN_OR_RETURN(Statement metrics, Statement::Prepare(database, kSelectMetrics));
  metrics.Bind(project, run.id);
  return ForEachRow(metrics, [&] { return ReadDescriptor(metrics, run.metrics.emplace_back()); });
}

absl::StatusOr<std::vector<RunRecord>> SelectWith(Database& database, std::string_view sql,
                                                  Id project, const auto&... values) {
  ASSAY_ASSIGN_OR_RETURN(Statement select, Statement::Prepare(database, sql));
  select.Bind(project, values...);
  std::vector<RunRecord> runs;
  ASSAY_RETURN_IF_ERROR(ForEachRow(select, [&]() -> absl::Status {
    RunRecord& run = runs.emplace_back();
    ASSAY_RETURN_IF_ERROR(select.Read(
        run.id, run.dataset_version_id, run.output_set_id, run.model_version_id, run.row_filter,
        run.spec_digest, run.state, run.error, run.num_rows, run.shard_chunks, run.num_rows_done,
        run.num_scored, run.num_missing, run.num_errors, run.num_filtered, run.result_digest,
        run.trace_id, run.parent_span_id, run.request_id, run.build, run.isa, run.created_us,
        run.started_us, run.ended_us));
    return ReadParts(database, project, run);
  }));
  return runs;
}

std::optional<RunRecord> FirstOf(std::vector<RunRecord> runs) {
  return runs.empty() ? std::nullopt : std::optional(std::move(runs[0]));
}

}  // namespace

absl::StatusOr<Id> InsertRun(Database& database, Id project, const RunRecord& run,
                             std::int64_t now_us) {
  ASSAY_ASSIGN_OR_RETURN(const Id id, AllocateIds(database, 1));
  ASSAY_RETURN_IF_ERROR(RunOnce(database, kInsert, id, project, run.dataset_version_id,
                                run.output_set_id, run.model_version_id, run.row_filter,
                                run.spec_digest, RunState::kQueued, run.num_rows, run.shard_chunks,
                                run.trace_id, run.parent_span_id, run.request_id, run.build,
                                run.isa, now_us));
  for (std::size_t i = 0; i < run.evaluators.size(); ++i) {
    ASSAY_RETURN_IF_ERROR(RunOnce(database, kInsertEvaluator, project, id, i, run.evaluators[i]));
  }
  ASSAY_ASSIGN_OR_RETURN(Statement metric, Statement::Prepare(database, kInsertMetric));
  for (std::size_t i = 0; i < run.metrics.size(); ++i) {
    BindDescriptor(metric, project, id, i, run.metrics[i]);
    ASSAY_RETURN_IF_ERROR(metric.Run());
  }
  return id;
}

absl::StatusOr<RunRecord> SelectRun(Database& database, Id project, Id run) {
  ASSAY_ASSIGN_OR_RETURN(std::vector<RunRecord> found,
                         SelectWith(database, kSelectById, project, run));
  if (found.empty()) {
    return absl::NotFoundError(absl::StrFormat("no such run: 'runs/%d'", run));
  }
  return std::move(found[0]);
}

absl::StatusOr<std::optional<RunRecord>> SelectRunByRequest(Database& database, Id project,
                                                            const std::string& request_id) {
  ASSAY_ASSIGN_OR_RETURN(std::vector<RunRecord> found,
                         SelectWith(database, kSelectByRequest, project, request_id));
  return FirstOf(std::move(found));
}

absl::StatusOr<std::optional<RunRecord>> SelectRunBySpec(Database& database, Id project,
                                                         const Digest& spec) {
  ASSAY_ASSIGN_OR_RETURN(std::vector<RunRecord> found,
                         SelectWith(database, kSelectBySpec, project, spec, RunState::kSucceeded));
  return FirstOf(std::move(found));
}

absl::StatusOr<std::vector<RunRecord>> SelectRuns(Database& database, Id project,
                                                  Id dataset_version, Id model_version,
                                                  PageRequest page) {
  return SelectWith(database, kList, project, PageBound(page), dataset_version, model_version,
                    page.size);
}

absl::StatusOr<std::vector<SummaryRecord>> SelectSummaries(Database& database, Id project, Id run) {
  ASSAY_ASSIGN_OR_RETURN(Statement select, Statement::Prepare(database, kSelectSummaries));
  select.Bind(project, run);
  std::vector<SummaryRecord> summaries;
  ASSAY_RETURN_IF_ERROR(ForEachRow(select, [&] {
    SummaryRecord& summary = summaries.emplace_back();
    return select.Read(summary.metric, summary.cohort, summary.value, summary.num_rows,
                       summary.num_undefined, summary.lower, summary.upper);
  }));
  return summaries;
}

absl::Status StartRun(Database& database, Id project, Id run, std::int64_t now_us) {
  return RunOnce(database, kStart, project, run, RunState::kRunning, now_us, RunState::kQueued);
}

absl::Status AddRowsDone(Database& database, Id project, Id run, std::int64_t num_rows) {
  return RunOnce(database, kAddRowsDone, project, run, num_rows);
}

absl::Status StoreRunResult(Database& database, Id project, Id run, const RunResult& result,
                            std::int64_t now_us) {
  ASSAY_ASSIGN_OR_RETURN(Statement insert, Statement::Prepare(database, kInsertSummary));
  for (std::size_t i = 0; i < result.summaries.size(); ++i) {
    const SummaryRecord& summary = result.summaries[i];
    insert.Bind(project, run, i, summary.metric, summary.cohort, summary.value, summary.num_rows,
                summary.num_undefined, summary.lower, summary.upper);
    ASSAY_RETURN_IF_ERROR(insert.Run());
  }
  for (std::size_t i = 0; i < result.notes.size(); ++i) {
    ASSAY_RETURN_IF_ERROR(RunOnce(database, kInsertNote, project, run, i, result.notes[i]));
  }
  return RunOnce(database, kStoreResult, project, run, RunState::kSucceeded, result.num_scored,
                 result.num_missing, result.num_errors, result.num_filtered, result.result_digest,
                 now_us);
}

absl::Status EndRun(Database& database, Id project, Id run, RunState state,
                    const std::string& error, std::int64_t now_us) {
  return RunOnce(database, kEnd, project, run, state, error, now_us);
}

}  // namespace assay::store
