#include "server/store/sqlite/baseline_store.h"

#include "absl/strings/str_format.h"
#include "server/base/status_macros.h"
#include "server/store/sqlite/id_sequence.h"
#include "server/store/sqlite/page_bound.h"
#include "server/store/sqlite/statement.h"

namespace assay::store {
namespace {

#define ASSAY_SELECT_BASELINE \
  "SELECT id, name, run_id, reason, actor, created_us, expires_us FROM baselines "

constexpr std::string_view kSelectById = ASSAY_SELECT_BASELINE "WHERE project_id = $1 AND id = $2";
constexpr std::string_view kSelectByRequest =
    ASSAY_SELECT_BASELINE "WHERE project_id = $1 AND request_id = $2";
constexpr std::string_view kHistory = ASSAY_SELECT_BASELINE
    "WHERE project_id = $1 AND name = $2 AND id < $3 "
    "ORDER BY id DESC LIMIT $4";
constexpr std::string_view kList = ASSAY_SELECT_BASELINE
    "WHERE project_id = $1 AND id < $2 AND id IN "
    "(SELECT max(id) FROM baselines WHERE project_id = $1 GROUP BY name) "
    "ORDER BY id DESC LIMIT $3";
#undef ASSAY_SELECT_BASELINE

constexpr std::string_view kInsert =
    "INSERT INTO baselines (id, project_id, name, run_id, reason, actor, created_us, expires_us, "
    "request_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

absl::StatusOr<std::vector<BaselineRecord>> Select(Database& database, std::string_view sql,
                                                   const auto&... values) {
  ASSAY_ASSIGN_OR_RETURN(Statement select, Statement::Prepare(database, sql));
  select.Bind(values...);
  std::vector<BaselineRecord> baselines;
  ASSAY_RETURN_IF_ERROR(ForEachRow(select, [&] {
    BaselineRecord& baseline = baselines.emplace_back();
    return select.Read(baseline.id, baseline.name, baseline.run_id, baseline.reason, baseline.actor,
                       baseline.created_us, baseline.expires_us);
  }));
  return baselines;
}

absl::StatusOr<BaselineRecord> Put(Database& database, Id project, const BaselineRecord& baseline,
                                   const std::string& request_id, std::int64_t now_us) {
  if (!request_id.empty()) {
    ASSAY_ASSIGN_OR_RETURN(const std::vector<BaselineRecord> made,
                           Select(database, kSelectByRequest, project, request_id));
    if (!made.empty()) {
      return made[0];
    }
  }
  BaselineRecord added = baseline;
  ASSAY_ASSIGN_OR_RETURN(added.id, AllocateIds(database, 1));
  added.created_us = now_us;
  ASSAY_RETURN_IF_ERROR(RunOnce(database, kInsert, added.id, project, added.name, added.run_id,
                                added.reason, added.actor, added.created_us, added.expires_us,
                                request_id));
  return added;
}

}  // namespace

absl::StatusOr<BaselineRecord> SqliteBaselineStore::Set(Id project, const BaselineRecord& baseline,
                                                        const std::string& request_id) {
  BaselineRecord added;
  const std::int64_t now_us = clock_.NowUs();
  ASSAY_RETURN_IF_ERROR(writer_.Run([&](Database& database) -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(added, Put(database, project, baseline, request_id, now_us));
    return absl::OkStatus();
  }));
  return added;
}

absl::StatusOr<BaselineRecord> SqliteBaselineStore::Find(Id project, std::string_view name) const {
  ASSAY_ASSIGN_OR_RETURN(ReadPool::Reader reader, readers_.Acquire());
  ASSAY_ASSIGN_OR_RETURN(const std::vector<BaselineRecord> found,
                         Select(reader.database(), kHistory, project, name, PageBound({}), 1));
  if (found.empty()) {
    return absl::NotFoundError(absl::StrFormat("no such baseline: '%s'", name));
  }
  return found[0];
}

absl::StatusOr<BaselineRecord> SqliteBaselineStore::Get(Id project, Id baseline) const {
  ASSAY_ASSIGN_OR_RETURN(ReadPool::Reader reader, readers_.Acquire());
  ASSAY_ASSIGN_OR_RETURN(const std::vector<BaselineRecord> found,
                         Select(reader.database(), kSelectById, project, baseline));
  if (found.empty()) {
    return absl::NotFoundError(absl::StrFormat("no such baseline record: %d", baseline));
  }
  return found[0];
}

absl::StatusOr<std::vector<BaselineRecord>> SqliteBaselineStore::List(Id project,
                                                                      PageRequest page) const {
  ASSAY_ASSIGN_OR_RETURN(ReadPool::Reader reader, readers_.Acquire());
  return Select(reader.database(), kList, project, PageBound(page), page.size);
}

absl::StatusOr<std::vector<BaselineRecord>> SqliteBaselineStore::History(Id project,
                                                                         std::string_view name,
                                                                         PageRequest page) const {
  ASSAY_ASSIGN_OR_RETURN(ReadPool::Reader reader, readers_.Acquire());
  return Select(reader.database(), kHistory, project, name, PageBound(page), page.size);
}

}  // namespace assay::store
