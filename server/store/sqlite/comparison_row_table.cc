#include "server/store/sqlite/comparison_row_table.h"

#include <cstddef>
#include <string_view>

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "server/base/status_macros.h"
#include "server/store/sqlite/statement.h"

namespace assay::store {
namespace {

constexpr std::string_view kInsertFlips =
    "INSERT INTO comparison_flips (project_id, dataset_version_id, comparison_id, "
    "baseline_output_set_id, candidate_output_set_id, bits) VALUES ($1, $2, $3, $4, $5, $6)";
constexpr std::string_view kSelectFlips =
    "SELECT bits FROM comparison_flips WHERE project_id = $1 AND dataset_version_id = $2 "
    "AND comparison_id IN (SELECT max(comparison_id) FROM comparison_flips "
    "WHERE project_id = $1 AND dataset_version_id = $2 AND comparison_id < $3 "
    "AND NOT (baseline_output_set_id = $4 AND candidate_output_set_id = $5) "
    "GROUP BY baseline_output_set_id, candidate_output_set_id "
    "ORDER BY max(comparison_id) DESC LIMIT $6) ORDER BY comparison_id DESC";
constexpr std::string_view kInsertList =
    "INSERT INTO comparison_row_lists (project_id, comparison_id, metric, num_rows, num_broken) "
    "VALUES ($1, $2, $3, $4, $5)";
constexpr std::string_view kSelectList =
    "SELECT metric, num_rows, num_broken FROM comparison_row_lists "
    "WHERE project_id = $1 AND comparison_id = $2 AND metric = $3";
constexpr std::string_view kInsertRow =
    "INSERT INTO comparison_rows (project_id, comparison_id, metric, position, row_number, key, "
    "bucket, baseline_score, candidate_score, input, expected, baseline_output, "
    "candidate_output, baseline_trace_id, candidate_trace_id, cohorts) VALUES ($1, $2, $3, $4, "
    "$5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";
constexpr std::string_view kSelectRows =
    "SELECT row_number, key, bucket, baseline_score, candidate_score, input, expected, "
    "baseline_output, candidate_output, baseline_trace_id, candidate_trace_id, cohorts "
    "FROM comparison_rows WHERE project_id = $1 AND comparison_id = $2 AND metric = $3 "
    "ORDER BY position";

}  // namespace

absl::Status InsertFlips(Database& database, Id project, Id comparison, const FlipsRecord& flips) {
  if (flips.bits.empty()) {
    return absl::OkStatus();
  }
  return RunOnce(database, kInsertFlips, project, flips.dataset_version_id, comparison,
                 flips.baseline_output_set_id, flips.candidate_output_set_id, Blob{flips.bits});
}

absl::StatusOr<std::vector<std::string>> SelectFlips(Database& database, Id project,
                                                     const FlipsRecord& except, Id before,
                                                     std::int32_t count) {
  ASSAY_ASSIGN_OR_RETURN(Statement select, Statement::Prepare(database, kSelectFlips));
  select.Bind(project, except.dataset_version_id, before, except.baseline_output_set_id,
              except.candidate_output_set_id, count);
  std::vector<std::string> found;
  ASSAY_RETURN_IF_ERROR(ForEachRow(select, [&]() -> absl::Status {
    Blob bits;
    ASSAY_RETURN_IF_ERROR(select.Read(bits));
    found.emplace_back(bits.bytes);
    return absl::OkStatus();
  }));
  return found;
}

absl::Status InsertRowLists(Database& database, Id project, Id comparison,
                            const std::vector<RowListRecord>& lists) {
  ASSAY_ASSIGN_OR_RETURN(Statement insert, Statement::Prepare(database, kInsertRow));
  for (const RowListRecord& list : lists) {
    ASSAY_RETURN_IF_ERROR(RunOnce(database, kInsertList, project, comparison, list.metric,
                                  list.num_rows, list.num_broken));
    for (std::size_t i = 0; i < list.rows.size(); ++i) {
      const RowRecord& row = list.rows[i];
      insert.Bind(project, comparison, list.metric, i, row.row, row.key, row.bucket,
                  row.baseline_score, row.candidate_score, row.input, row.expected,
                  row.baseline_output, row.candidate_output, row.baseline_trace_id,
                  row.candidate_trace_id, absl::StrJoin(row.cohorts, "\n"));
      ASSAY_RETURN_IF_ERROR(insert.Run());
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<RowListRecord> SelectRowList(Database& database, Id project, Id comparison,
                                            const std::string& metric) {
  RowListRecord list;
  ASSAY_ASSIGN_OR_RETURN(Statement head, Statement::Prepare(database, kSelectList));
  head.Bind(project, comparison, metric);
  ASSAY_ASSIGN_OR_RETURN(const bool is_stored, head.Step());
  if (!is_stored) {
    return list;
  }
  ASSAY_RETURN_IF_ERROR(head.Read(list.metric, list.num_rows, list.num_broken));
  ASSAY_ASSIGN_OR_RETURN(Statement select, Statement::Prepare(database, kSelectRows));
  select.Bind(project, comparison, metric);
  ASSAY_RETURN_IF_ERROR(ForEachRow(select, [&]() -> absl::Status {
    RowRecord& row = list.rows.emplace_back();
    std::string cohorts;
    ASSAY_RETURN_IF_ERROR(select.Read(row.row, row.key, row.bucket, row.baseline_score,
                                      row.candidate_score, row.input, row.expected,
                                      row.baseline_output, row.candidate_output,
                                      row.baseline_trace_id, row.candidate_trace_id, cohorts));
    row.cohorts = absl::StrSplit(cohorts, '\n', absl::SkipEmpty());
    return absl::OkStatus();
  }));
  return list;
}

}  // namespace assay::store
