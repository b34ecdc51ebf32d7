#include "server/store/sqlite/model_store.h"

#include "absl/strings/str_format.h"
#include "server/base/status_macros.h"
#include "server/store/sqlite/column_table.h"
#include "server/store/sqlite/id_sequence.h"
#include "server/store/sqlite/output_set_table.h"
#include "server/store/sqlite/page_bound.h"
#include "server/store/sqlite/statement.h"
#include "server/store/sqlite/version_reference.h"

namespace assay::store {
namespace {

constexpr std::string_view kSelectModel =
    "SELECT id, name, created_us FROM models WHERE project_id = $1 AND name = $2";
constexpr std::string_view kListModels =
    "SELECT id, name, created_us FROM models WHERE project_id = $1 AND id < $2 "
    "ORDER BY id DESC LIMIT $3";
constexpr std::string_view kInsertModel =
    "INSERT INTO models (id, project_id, name, created_us) VALUES ($1, $2, $3, $4)";
constexpr std::string_view kSelectVersion =
    "SELECT v.id, v.model_id, m.name, v.number, v.digest, v.is_external, v.activation, "
    "v.weights_digest, v.architecture, v.dtype, v.quantization, v.preprocessing, "
    "v.architecture_json, v.numerics, v.derivation, v.base_id, v.created_us "
    "FROM model_versions v "
    "JOIN models m ON m.project_id = v.project_id AND m.id = v.model_id "
    "WHERE v.project_id = $1 AND v.id = $2";
constexpr std::string_view kSelectVersionByRequest =
    "SELECT v.id, v.model_id, m.name, v.number, v.digest, v.is_external, v.activation, "
    "v.weights_digest, v.architecture, v.dtype, v.quantization, v.preprocessing, "
    "v.architecture_json, v.numerics, v.derivation, v.base_id, v.created_us "
    "FROM model_versions v "
    "JOIN models m ON m.project_id = v.project_id AND m.id = v.model_id "
    "WHERE v.project_id = $1 AND v.request_id = $2";
constexpr std::string_view kSelectVersionByNumber =
    "SELECT v.id, v.model_id, m.name, v.number, v.digest, v.is_external, v.activation, "
    "v.weights_digest, v.architecture, v.dtype, v.quantization, v.preprocessing, "
    "v.architecture_json, v.numerics, v.derivation, v.base_id, v.created_us "
    "FROM model_versions v "
    "JOIN models m ON m.project_id = v.project_id AND m.id = v.model_id "
    "WHERE v.project_id = $1 AND v.model_id = $2 AND v.number = $3 AND v.derivation = $4";
constexpr std::string_view kSelectVersionsByDigest =
    "SELECT v.id, v.model_id, m.name, v.number, v.digest, v.is_external, v.activation, "
    "v.weights_digest, v.architecture, v.dtype, v.quantization, v.preprocessing, "
    "v.architecture_json, v.numerics, v.derivation, v.base_id, v.created_us "
    "FROM model_versions v "
    "JOIN models m ON m.project_id = v.project_id AND m.id = v.model_id "
    "WHERE v.project_id = $1 AND v.model_id = $2 AND v.digest >= $3 AND v.digest <= $4 "
    "ORDER BY v.digest LIMIT 2";
constexpr std::string_view kListVersions =
    "SELECT v.id, v.model_id, m.name, v.number, v.digest, v.is_external, v.activation, "
    "v.weights_digest, v.architecture, v.dtype, v.quantization, v.preprocessing, "
    "v.architecture_json, v.numerics, v.derivation, v.base_id, v.created_us "
    "FROM model_versions v "
    "JOIN models m ON m.project_id = v.project_id AND m.id = v.model_id "
    "WHERE v.project_id = $1 AND v.model_id = $2 AND v.number < $3 AND v.derivation = '' "
    "ORDER BY v.number DESC LIMIT $4";
constexpr std::string_view kSelectLastNumber =
    "SELECT coalesce(max(number), 0) FROM model_versions WHERE project_id = $1 AND model_id = $2";
constexpr std::string_view kInsertVersion =
    "INSERT INTO model_versions (id, project_id, model_id, number, digest, is_external, "
    "activation, weights_digest, architecture, dtype, quantization, preprocessing, "
    "architecture_json, numerics, derivation, base_id, request_id, "
    "created_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, "
    "$17, $18)";
constexpr std::string_view kInsertConfig =
    "INSERT INTO model_config (project_id, model_version_id, name, value) VALUES ($1, $2, $3, $4)";
constexpr std::string_view kSelectConfig =
    "SELECT name, value FROM model_config WHERE project_id = $1 AND model_version_id = $2 "
    "ORDER BY name";

absl::StatusOr<std::vector<ModelRecord>> ReadModels(Statement& select) {
  std::vector<ModelRecord> models;
  for (;;) {
    ASSAY_ASSIGN_OR_RETURN(const bool found, select.Step());
    if (!found) {
      return models;
    }
    ModelRecord& model = models.emplace_back();
    ASSAY_RETURN_IF_ERROR(select.Read(model.id, model.name, model.created_us));
  }
}

absl::Status ReadConfig(Database& database, Id project, ModelVersionRecord& version) {
  ASSAY_ASSIGN_OR_RETURN(Statement select, Statement::Prepare(database, kSelectConfig));
  select.Bind(project, version.id);
  for (;;) {
    ASSAY_ASSIGN_OR_RETURN(const bool found, select.Step());
    if (!found) {
      return absl::OkStatus();
    }
    std::string name;
    std::string value;
    ASSAY_RETURN_IF_ERROR(select.Read(name, value));
    version.config.emplace(std::move(name), std::move(value));
  }
}

absl::StatusOr<std::vector<ModelVersionRecord>> ReadVersions(Database& database, Id project,
                                                             Statement& select) {
  std::vector<ModelVersionRecord> versions;
  for (;;) {
    ASSAY_ASSIGN_OR_RETURN(const bool found, select.Step());
    if (!found) {
      return versions;
    }
    ModelVersionRecord& version = versions.emplace_back();
    ASSAY_RETURN_IF_ERROR(select.Read(
        version.id, version.model_id, version.model_name, version.number, version.digest,
        version.external, version.activation, version.weights_digest, version.architecture,
        version.dtype, version.quantization, version.preprocessing, version.architecture_json,
        version.numerics, version.derivation, version.base_id, version.created_us));
    ASSAY_RETURN_IF_ERROR(ReadConfig(database, project, version));
  }
}

absl::StatusOr<std::vector<ModelVersionRecord>> SelectVersions(Database& database, Id project,
                                                               std::string_view sql,
                                                               const auto&... values) {
  ASSAY_ASSIGN_OR_RETURN(Statement select, Statement::Prepare(database, sql));
  select.Bind(project, values...);
  return ReadVersions(database, project, select);
}

absl::StatusOr<std::vector<ModelRecord>> SelectModel(Database& database, Id project,
                                                     std::string_view name) {
  ASSAY_ASSIGN_OR_RETURN(Statement select, Statement::Prepare(database, kSelectModel));
  select.Bind(project, name);
  return ReadModels(select);
}

absl::StatusOr<ModelRecord> FindModelByName(Database& database, Id project, std::string_view name) {
  ASSAY_ASSIGN_OR_RETURN(const std::vector<ModelRecord> found,
                         SelectModel(database, project, name));
  if (found.empty()) {
    return absl::NotFoundError(absl::StrFormat("no such model: '%s'", name));
  }
  return found[0];
}

// The model of that name, made where it is new.
absl::StatusOr<Id> PutModel(Database& database, Id project, std::string_view name,
                            std::int64_t now_us) {
  ASSAY_ASSIGN_OR_RETURN(const std::vector<ModelRecord> known,
                         SelectModel(database, project, name));
  if (!known.empty()) {
    return known[0].id;
  }
  ASSAY_ASSIGN_OR_RETURN(const Id model, AllocateIds(database, 1));
  ASSAY_ASSIGN_OR_RETURN(Statement insert, Statement::Prepare(database, kInsertModel));
  insert.Bind(model, project, name, now_us);
  ASSAY_RETURN_IF_ERROR(insert.Run());
  return model;
}

absl::StatusOr<Id> InsertVersion(Database& database, Id project, Id model,
                                 const ModelVersionRecord& version, const std::string& request_id,
                                 const std::vector<ColumnChunks>& artifacts, std::int64_t now_us) {
  std::int64_t number = version.number;
  if (version.derivation.empty()) {
    ASSAY_ASSIGN_OR_RETURN(Statement last, Statement::Prepare(database, kSelectLastNumber));
    last.Bind(project, model);
    ASSAY_RETURN_IF_ERROR(last.Step().status());
    ASSAY_RETURN_IF_ERROR(last.Read(number));
    ++number;
  }
  ASSAY_ASSIGN_OR_RETURN(const Id id, AllocateIds(database, 1));
  ASSAY_ASSIGN_OR_RETURN(Statement insert, Statement::Prepare(database, kInsertVersion));
  insert.Bind(id, project, model, number, version.digest, version.external, version.activation,
              version.weights_digest, version.architecture, version.dtype, version.quantization,
              version.preprocessing, version.architecture_json, version.numerics,
              version.derivation, version.base_id, request_id, now_us);
  ASSAY_RETURN_IF_ERROR(insert.Run());
  ASSAY_ASSIGN_OR_RETURN(Statement config, Statement::Prepare(database, kInsertConfig));
  for (const auto& [name, value] : version.config) {
    config.Bind(project, id, name, value);
    ASSAY_RETURN_IF_ERROR(config.Run());
  }
  if (!artifacts.empty()) {
    std::vector<ColumnRecord> columns;
    columns.reserve(artifacts.size());
    for (const ColumnChunks& artifact : artifacts) {
      columns.push_back(artifact.column);
    }
    ASSAY_RETURN_IF_ERROR(PutColumnChunks(database, project, id, artifacts));
    ASSAY_RETURN_IF_ERROR(PutColumns(database, project, id, columns));
  }
  return id;
}

// The version that `request_id` made, that has the digest of `version`, or a new one.
absl::StatusOr<std::pair<ModelVersionRecord, bool>> PutVersion(
    Database& database, Id project, const ModelVersionRecord& version,
    const std::string& request_id, const std::vector<ColumnChunks>& artifacts,
    std::int64_t now_us) {
  if (!request_id.empty()) {
    ASSAY_ASSIGN_OR_RETURN(const std::vector<ModelVersionRecord> made,
                           SelectVersions(database, project, kSelectVersionByRequest, request_id));
    if (!made.empty()) {
      return std::pair(made[0], false);
    }
  }
  ASSAY_ASSIGN_OR_RETURN(const Id model, PutModel(database, project, version.model_name, now_us));
  ASSAY_ASSIGN_OR_RETURN(const std::vector<ModelVersionRecord> same,
                         SelectVersions(database, project, kSelectVersionsByDigest, model,
                                        version.digest, version.digest));
  if (!same.empty()) {
    return std::pair(same[0], true);
  }
  ASSAY_ASSIGN_OR_RETURN(
      const Id id, InsertVersion(database, project, model, version, request_id, artifacts, now_us));
  ASSAY_ASSIGN_OR_RETURN(const std::vector<ModelVersionRecord> added,
                         SelectVersions(database, project, kSelectVersion, id));
  return std::pair(added.at(0), false);
}

}  // namespace

absl::StatusOr<std::pair<ModelVersionRecord, bool>> SqliteModelStore::AddVersion(
    Id project, const ModelVersionRecord& version, const std::string& request_id,
    const std::vector<ColumnChunks>& artifacts) {
  std::pair<ModelVersionRecord, bool> result;
  const std::int64_t now_us = clock_.NowUs();
  ASSAY_RETURN_IF_ERROR(writer_.Run([&](Database& database) -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(result,
                           PutVersion(database, project, version, request_id, artifacts, now_us));
    return absl::OkStatus();
  }));
  return result;
}

absl::StatusOr<ModelRecord> SqliteModelStore::FindModel(Id project, std::string_view name) const {
  ASSAY_ASSIGN_OR_RETURN(ReadPool::Reader reader, readers_.Acquire());
  return FindModelByName(reader.database(), project, name);
}

absl::StatusOr<std::vector<ModelRecord>> SqliteModelStore::ListModels(Id project,
                                                                      PageRequest page) const {
  ASSAY_ASSIGN_OR_RETURN(ReadPool::Reader reader, readers_.Acquire());
  ASSAY_ASSIGN_OR_RETURN(Statement select, Statement::Prepare(reader.database(), kListModels));
  select.Bind(project, PageBound(page), page.size);
  return ReadModels(select);
}

absl::StatusOr<ModelVersionRecord> SqliteModelStore::GetVersion(Id project, Id version) const {
  ASSAY_ASSIGN_OR_RETURN(ReadPool::Reader reader, readers_.Acquire());
  ASSAY_ASSIGN_OR_RETURN(const std::vector<ModelVersionRecord> found,
                         SelectVersions(reader.database(), project, kSelectVersion, version));
  if (found.empty()) {
    return absl::NotFoundError(absl::StrFormat("no such model version: id %d", version));
  }
  return found[0];
}

absl::StatusOr<ModelVersionRecord> SqliteModelStore::FindVersion(Id project, std::string_view model,
                                                                 std::string_view version) const {
  const std::size_t plus = version.find('+');
  const std::string derivation(plus == std::string_view::npos ? "" : version.substr(plus + 1));
  ASSAY_ASSIGN_OR_RETURN(const VersionReference reference,
                         ParseVersionReference(version.substr(0, plus)));
  if (plus != std::string_view::npos && (!reference.number || derivation.empty())) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "a derived version is a number, '+' and its changes: '%s@%s'", model, version));
  }
  ASSAY_ASSIGN_OR_RETURN(ReadPool::Reader reader, readers_.Acquire());
  Database& database = reader.database();
  ASSAY_ASSIGN_OR_RETURN(const ModelRecord owner, FindModelByName(database, project, model));
  ASSAY_ASSIGN_OR_RETURN(
      const std::vector<ModelVersionRecord> found,
      reference.digests ? SelectVersions(database, project, kSelectVersionsByDigest, owner.id,
                                         reference.digests->first, reference.digests->second)
      : reference.number
          ? SelectVersions(database, project, kSelectVersionByNumber, owner.id, *reference.number,
                           derivation)
          : SelectVersions(database, project, kListVersions, owner.id, PageBound({}), 1));
  if (found.empty()) {
    return absl::NotFoundError(absl::StrFormat("no such model version: '%s@%s'", model, version));
  }
  if (found.size() > 1) {
    return absl::InvalidArgumentError(
        absl::StrFormat("several versions of model '%s' start with '%s'", model, version));
  }
  return found[0];
}

absl::StatusOr<std::vector<ModelVersionRecord>> SqliteModelStore::ListVersions(
    Id project, Id model, PageRequest page) const {
  ASSAY_ASSIGN_OR_RETURN(ReadPool::Reader reader, readers_.Acquire());
  return SelectVersions(reader.database(), project, kListVersions, model, PageBound(page),
                        page.size);
}

absl::StatusOr<OutputSetRecord> SqliteModelStore::GetOutputSet(Id project, Id output_set) const {
  ASSAY_ASSIGN_OR_RETURN(ReadPool::Reader reader, readers_.Acquire());
  ASSAY_ASSIGN_OR_RETURN(const std::vector<OutputSetRecord> found,
                         SelectOutputSet(reader.database(), project, output_set));
  if (found.empty()) {
    return absl::NotFoundError(absl::StrFormat("no such output set: 'outputSets/%d'", output_set));
  }
  return found[0];
}

absl::StatusOr<std::vector<OutputSetRecord>> SqliteModelStore::ListOutputSets(
    Id project, Id dataset_version, Id model_version, PageRequest page) const {
  ASSAY_ASSIGN_OR_RETURN(ReadPool::Reader reader, readers_.Acquire());
  return SelectOutputSets(reader.database(), project, dataset_version, model_version, page);
}

}  // namespace assay::store
