#include "server/store/sqlite/dataset_store.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "server/base/status_macros.h"
#include "server/store/sqlite/dataset_table.h"
#include "server/store/sqlite/id_sequence.h"
#include "server/store/sqlite/page_bound.h"
#include "server/store/sqlite/statement.h"
#include "server/store/sqlite/version_reference.h"

namespace assay::store {
namespace {

constexpr std::string_view kSelectProject = "SELECT id, name FROM projects WHERE name = $1";
constexpr std::string_view kSelectDataset =
    "SELECT id, name, created_us FROM datasets WHERE project_id = $1 AND name = $2";
constexpr std::string_view kListDatasets =
    "SELECT id, name, created_us FROM datasets WHERE project_id = $1 AND id < $2 "
    "ORDER BY id DESC LIMIT $3";
constexpr std::string_view kInsertDataset =
    "INSERT INTO datasets (id, project_id, name, created_us) VALUES ($1, $2, $3, $4)";
constexpr std::string_view kSelectVersion =
    "SELECT v.id, v.dataset_id, d.name, v.number, v.digest, v.num_rows, v.num_documents, "
    "v.created_us FROM dataset_versions v "
    "JOIN datasets d ON d.project_id = v.project_id AND d.id = v.dataset_id "
    "WHERE v.project_id = $1 AND v.id = $2";
constexpr std::string_view kSelectVersionByNumber =
    "SELECT v.id, v.dataset_id, d.name, v.number, v.digest, v.num_rows, v.num_documents, "
    "v.created_us FROM dataset_versions v "
    "JOIN datasets d ON d.project_id = v.project_id AND d.id = v.dataset_id "
    "WHERE v.project_id = $1 AND v.dataset_id = $2 AND v.number = $3";
constexpr std::string_view kSelectVersionsByDigest =
    "SELECT v.id, v.dataset_id, d.name, v.number, v.digest, v.num_rows, v.num_documents, "
    "v.created_us FROM dataset_versions v "
    "JOIN datasets d ON d.project_id = v.project_id AND d.id = v.dataset_id "
    "WHERE v.project_id = $1 AND v.dataset_id = $2 AND v.digest >= $3 AND v.digest <= $4 "
    "ORDER BY v.digest LIMIT 2";
constexpr std::string_view kListVersions =
    "SELECT v.id, v.dataset_id, d.name, v.number, v.digest, v.num_rows, v.num_documents, "
    "v.created_us FROM dataset_versions v "
    "JOIN datasets d ON d.project_id = v.project_id AND d.id = v.dataset_id "
    "WHERE v.project_id = $1 AND v.dataset_id = $2 AND v.number < $3 "
    "ORDER BY v.number DESC LIMIT $4";
constexpr std::string_view kSelectSameVersion =
    "SELECT id FROM dataset_versions WHERE project_id = $1 AND dataset_id = $2 AND digest = $3";
constexpr std::string_view kSelectLastNumber =
    "SELECT coalesce(max(number), 0) FROM dataset_versions "
    "WHERE project_id = $1 AND dataset_id = $2";
constexpr std::string_view kInsertVersion =
    "INSERT INTO dataset_versions (id, project_id, dataset_id, number, digest, num_rows, "
    "num_documents, created_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

absl::StatusOr<std::vector<DatasetRecord>> ReadDatasets(Statement& select) {
  std::vector<DatasetRecord> datasets;
  for (;;) {
    ASSAY_ASSIGN_OR_RETURN(const bool found, select.Step());
    if (!found) {
      return datasets;
    }
    DatasetRecord& dataset = datasets.emplace_back();
    ASSAY_RETURN_IF_ERROR(select.Read(dataset.id, dataset.name, dataset.created_us));
  }
}

absl::StatusOr<std::vector<DatasetVersionRecord>> ReadVersions(Statement& select) {
  std::vector<DatasetVersionRecord> versions;
  for (;;) {
    ASSAY_ASSIGN_OR_RETURN(const bool found, select.Step());
    if (!found) {
      return versions;
    }
    DatasetVersionRecord& version = versions.emplace_back();
    ASSAY_RETURN_IF_ERROR(select.Read(version.id, version.dataset_id, version.dataset_name,
                                      version.number, version.digest, version.num_rows,
                                      version.num_documents, version.created_us));
  }
}

absl::StatusOr<std::vector<DatasetRecord>> SelectDataset(Database& database, Id project,
                                                         std::string_view name) {
  ASSAY_ASSIGN_OR_RETURN(Statement select, Statement::Prepare(database, kSelectDataset));
  select.Bind(project, name);
  return ReadDatasets(select);
}

absl::StatusOr<DatasetRecord> FindDatasetByName(Database& database, Id project,
                                                std::string_view name) {
  ASSAY_ASSIGN_OR_RETURN(const std::vector<DatasetRecord> found,
                         SelectDataset(database, project, name));
  if (found.empty()) {
    return absl::NotFoundError(absl::StrFormat("no such dataset: '%s'", name));
  }
  return found[0];
}

absl::StatusOr<std::vector<DatasetVersionRecord>> SelectVersions(
    Database& database, Id project, Id dataset, const VersionReference& reference) {
  const std::string_view sql = reference.digests  ? kSelectVersionsByDigest
                               : reference.number ? kSelectVersionByNumber
                                                  : kListVersions;
  ASSAY_ASSIGN_OR_RETURN(Statement select, Statement::Prepare(database, sql));
  if (reference.digests) {
    select.Bind(project, dataset, reference.digests->first, reference.digests->second);
  } else if (reference.number) {
    select.Bind(project, dataset, *reference.number);
  } else {
    select.Bind(project, dataset, PageBound({}), 1);
  }
  return ReadVersions(select);
}

}  // namespace

absl::StatusOr<std::pair<Id, bool>> AddDatasetVersion(Database& database, Id project,
                                                      const DatasetVersionRecord& version,
                                                      std::int64_t now_us) {
  ASSAY_ASSIGN_OR_RETURN(const std::vector<DatasetRecord> known,
                         SelectDataset(database, project, version.dataset_name));
  Id dataset = 0;
  std::int64_t last_number = 0;
  if (known.empty()) {
    ASSAY_ASSIGN_OR_RETURN(dataset, AllocateIds(database, 1));
    ASSAY_ASSIGN_OR_RETURN(Statement insert, Statement::Prepare(database, kInsertDataset));
    insert.Bind(dataset, project, version.dataset_name, now_us);
    ASSAY_RETURN_IF_ERROR(insert.Run());
  } else {
    dataset = known[0].id;
    ASSAY_ASSIGN_OR_RETURN(Statement same, Statement::Prepare(database, kSelectSameVersion));
    same.Bind(project, dataset, version.digest);
    ASSAY_ASSIGN_OR_RETURN(const bool found, same.Step());
    if (found) {
      Id existing = 0;
      ASSAY_RETURN_IF_ERROR(same.Read(existing));
      return std::pair(existing, true);
    }
    ASSAY_ASSIGN_OR_RETURN(Statement last, Statement::Prepare(database, kSelectLastNumber));
    last.Bind(project, dataset);
    ASSAY_RETURN_IF_ERROR(last.Step().status());
    ASSAY_RETURN_IF_ERROR(last.Read(last_number));
  }
  ASSAY_ASSIGN_OR_RETURN(const Id id, AllocateIds(database, 1));
  ASSAY_ASSIGN_OR_RETURN(Statement insert, Statement::Prepare(database, kInsertVersion));
  insert.Bind(id, project, dataset, last_number + 1, version.digest, version.num_rows,
              version.num_documents, now_us);
  ASSAY_RETURN_IF_ERROR(insert.Run());
  return std::pair(id, false);
}

absl::StatusOr<ProjectRecord> SqliteDatasetStore::FindProject(std::string_view name) const {
  ASSAY_ASSIGN_OR_RETURN(ReadPool::Reader reader, readers_.Acquire());
  ASSAY_ASSIGN_OR_RETURN(Statement select, Statement::Prepare(reader.database(), kSelectProject));
  select.Bind(name);
  ASSAY_ASSIGN_OR_RETURN(const bool found, select.Step());
  if (!found) {
    return absl::NotFoundError(absl::StrFormat("no such project: '%s'", name));
  }
  ProjectRecord project;
  ASSAY_RETURN_IF_ERROR(select.Read(project.id, project.name));
  return project;
}

absl::StatusOr<DatasetRecord> SqliteDatasetStore::FindDataset(Id project,
                                                              std::string_view name) const {
  ASSAY_ASSIGN_OR_RETURN(ReadPool::Reader reader, readers_.Acquire());
  return FindDatasetByName(reader.database(), project, name);
}

absl::StatusOr<std::vector<DatasetRecord>> SqliteDatasetStore::ListDatasets(
    Id project, PageRequest page) const {
  ASSAY_ASSIGN_OR_RETURN(ReadPool::Reader reader, readers_.Acquire());
  ASSAY_ASSIGN_OR_RETURN(Statement select, Statement::Prepare(reader.database(), kListDatasets));
  select.Bind(project, PageBound(page), page.size);
  return ReadDatasets(select);
}

absl::StatusOr<DatasetVersionRecord> SqliteDatasetStore::GetVersion(Id project, Id version) const {
  ASSAY_ASSIGN_OR_RETURN(ReadPool::Reader reader, readers_.Acquire());
  ASSAY_ASSIGN_OR_RETURN(Statement select, Statement::Prepare(reader.database(), kSelectVersion));
  select.Bind(project, version);
  ASSAY_ASSIGN_OR_RETURN(const std::vector<DatasetVersionRecord> found, ReadVersions(select));
  if (found.empty()) {
    return absl::NotFoundError(absl::StrFormat("no such dataset version: id %d", version));
  }
  return found[0];
}

absl::StatusOr<DatasetVersionRecord> SqliteDatasetStore::FindVersion(
    Id project, std::string_view dataset, std::string_view version) const {
  ASSAY_ASSIGN_OR_RETURN(const VersionReference reference, ParseVersionReference(version));
  ASSAY_ASSIGN_OR_RETURN(ReadPool::Reader reader, readers_.Acquire());
  ASSAY_ASSIGN_OR_RETURN(const DatasetRecord owner,
                         FindDatasetByName(reader.database(), project, dataset));
  ASSAY_ASSIGN_OR_RETURN(const std::vector<DatasetVersionRecord> found,
                         SelectVersions(reader.database(), project, owner.id, reference));
  if (found.empty()) {
    return absl::NotFoundError(
        absl::StrFormat("no such dataset version: '%s@%s'", dataset, version));
  }
  if (found.size() > 1) {
    return absl::InvalidArgumentError(
        absl::StrFormat("several versions of dataset '%s' start with '%s'", dataset, version));
  }
  return found[0];
}

absl::StatusOr<std::vector<DatasetVersionRecord>> SqliteDatasetStore::ListVersions(
    Id project, Id dataset, PageRequest page) const {
  ASSAY_ASSIGN_OR_RETURN(ReadPool::Reader reader, readers_.Acquire());
  ASSAY_ASSIGN_OR_RETURN(Statement select, Statement::Prepare(reader.database(), kListVersions));
  select.Bind(project, dataset, PageBound(page), page.size);
  return ReadVersions(select);
}

}  // namespace assay::store
