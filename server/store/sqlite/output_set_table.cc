#include "server/store/sqlite/output_set_table.h"

#include <string_view>

#include "server/base/status_macros.h"
#include "server/store/sqlite/id_sequence.h"
#include "server/store/sqlite/page_bound.h"
#include "server/store/sqlite/statement.h"

namespace assay::store {
namespace {

constexpr std::string_view kSelectSame =
    "SELECT id FROM output_sets WHERE project_id = $1 AND digest = $2";
constexpr std::string_view kInsert =
    "INSERT INTO output_sets (id, project_id, dataset_version_id, model_version_id, digest, "
    "content_digest, num_rows, machine, is_aligned, created_us) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
// Who measured is no part of the content; it can be said later, and then stays.
constexpr std::string_view kNameMachine =
    "UPDATE output_sets SET machine = $3 WHERE project_id = $1 AND id = $2 AND machine = ''";
constexpr std::string_view kSelectById =
    "SELECT id, dataset_version_id, model_version_id, digest, content_digest, num_rows, machine, "
    "is_aligned, created_us FROM output_sets WHERE project_id = $1 AND id = $2";
constexpr std::string_view kList =
    "SELECT id, dataset_version_id, model_version_id, digest, content_digest, num_rows, machine, "
    "is_aligned, created_us FROM output_sets WHERE project_id = $1 AND id < $2 "
    "AND ($3 = 0 OR dataset_version_id = $3) AND ($4 = 0 OR model_version_id = $4) "
    "ORDER BY id DESC LIMIT $5";

absl::StatusOr<std::vector<OutputSetRecord>> ReadAll(Statement& select) {
  std::vector<OutputSetRecord> records;
  for (;;) {
    ASSAY_ASSIGN_OR_RETURN(const bool found, select.Step());
    if (!found) {
      return records;
    }
    OutputSetRecord& record = records.emplace_back();
    ASSAY_RETURN_IF_ERROR(select.Read(record.id, record.dataset_version_id, record.model_version_id,
                                      record.digest, record.content_digest, record.num_rows,
                                      record.machine, record.is_aligned, record.created_us));
  }
}

}  // namespace

absl::StatusOr<std::pair<Id, bool>> AddOutputSet(Database& database, Id project,
                                                 const OutputSetRecord& output_set,
                                                 std::int64_t now_us) {
  {
    ASSAY_ASSIGN_OR_RETURN(Statement same, Statement::Prepare(database, kSelectSame));
    same.Bind(project, output_set.digest);
    ASSAY_ASSIGN_OR_RETURN(const bool found, same.Step());
    if (found) {
      Id existing = 0;
      ASSAY_RETURN_IF_ERROR(same.Read(existing));
      ASSAY_RETURN_IF_ERROR(RunOnce(database, kNameMachine, project, existing, output_set.machine));
      return std::pair(existing, true);
    }
  }
  ASSAY_ASSIGN_OR_RETURN(const Id id, AllocateIds(database, 1));
  ASSAY_ASSIGN_OR_RETURN(Statement insert, Statement::Prepare(database, kInsert));
  insert.Bind(id, project, output_set.dataset_version_id, output_set.model_version_id,
              output_set.digest, output_set.content_digest, output_set.num_rows, output_set.machine,
              output_set.is_aligned, now_us);
  ASSAY_RETURN_IF_ERROR(insert.Run());
  return std::pair(id, false);
}

absl::StatusOr<std::vector<OutputSetRecord>> SelectOutputSet(Database& database, Id project,
                                                             Id id) {
  ASSAY_ASSIGN_OR_RETURN(Statement select, Statement::Prepare(database, kSelectById));
  select.Bind(project, id);
  return ReadAll(select);
}

absl::StatusOr<std::vector<OutputSetRecord>> SelectOutputSets(Database& database, Id project,
                                                              Id dataset_version, Id model_version,
                                                              PageRequest page) {
  ASSAY_ASSIGN_OR_RETURN(Statement select, Statement::Prepare(database, kList));
  select.Bind(project, PageBound(page), dataset_version, model_version, page.size);
  return ReadAll(select);
}

}  // namespace assay::store
