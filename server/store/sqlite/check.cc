#include "server/store/sqlite/check.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "server/base/status_macros.h"
#include "server/store/chunk_codec.h"
#include "server/store/sqlite/column_table.h"
#include "server/store/sqlite/database.h"
#include "server/store/sqlite/statement.h"
#include "server/store/sqlite/transaction.h"

namespace assay::store {
namespace {

constexpr int kChunksPerTransaction = 64;

constexpr std::string_view kQuickCheck = "PRAGMA quick_check";
constexpr std::string_view kNextChunks =
    "SELECT project_id, id FROM chunks WHERE id > $1 ORDER BY id LIMIT $2";
constexpr std::string_view kUsersOfChunk =
    "SELECT r.owner_id, r.column_no, coalesce(c.name, '?'), r.chunk_no FROM column_chunks r "
    "LEFT JOIN columns c ON c.project_id = r.project_id AND c.owner_id = r.owner_id "
    "AND c.column_no = r.column_no WHERE r.project_id = $1 AND r.chunk_id = $2 "
    "ORDER BY r.owner_id, r.column_no, r.chunk_no LIMIT 20";
constexpr std::string_view kDatasetName =
    "SELECT d.name, v.number FROM dataset_versions v "
    "JOIN datasets d ON d.project_id = v.project_id AND d.id = v.dataset_id "
    "WHERE v.project_id = $1 AND v.id = $2";
constexpr std::string_view kIsOutputSet =
    "SELECT id FROM output_sets WHERE project_id = $1 AND id = $2";
constexpr std::string_view kIsRun = "SELECT id FROM runs WHERE project_id = $1 AND id = $2";
constexpr std::string_view kIsUpload = "SELECT id FROM uploads WHERE project_id = $1 AND id = $2";
constexpr std::string_view kReferencesToNoChunk =
    "SELECT r.project_id, r.owner_id, coalesce(k.name, '?'), r.chunk_no FROM column_chunks r "
    "LEFT JOIN columns k ON k.project_id = r.project_id AND k.owner_id = r.owner_id "
    "AND k.column_no = r.column_no WHERE NOT EXISTS (SELECT 1 FROM chunks c "
    "WHERE c.project_id = r.project_id AND c.id = r.chunk_id) "
    "ORDER BY r.project_id, r.owner_id, r.column_no, r.chunk_no";
constexpr std::string_view kChunksOfNoColumn =
    "SELECT r.project_id, r.owner_id, r.column_no, count(*) FROM column_chunks r "
    "WHERE NOT EXISTS (SELECT 1 FROM columns k WHERE k.project_id = r.project_id "
    "AND k.owner_id = r.owner_id AND k.column_no = r.column_no) "
    "GROUP BY r.project_id, r.owner_id, r.column_no "
    "ORDER BY r.project_id, r.owner_id, r.column_no";
constexpr std::string_view kColumnsOfNobody =
    "SELECT DISTINCT k.project_id, k.owner_id FROM columns k "
    "WHERE NOT EXISTS (SELECT 1 FROM dataset_versions o WHERE o.project_id = k.project_id "
    "AND o.id = k.owner_id) AND NOT EXISTS (SELECT 1 FROM output_sets o "
    "WHERE o.project_id = k.project_id AND o.id = k.owner_id) AND NOT EXISTS (SELECT 1 FROM runs o "
    "WHERE o.project_id = k.project_id AND o.id = k.owner_id) AND NOT EXISTS (SELECT 1 FROM "
    "uploads o WHERE o.project_id = k.project_id AND o.id = k.owner_id) AND NOT EXISTS (SELECT 1 "
    "FROM model_versions o WHERE o.project_id = k.project_id AND o.id = k.owner_id) "
    "ORDER BY k.project_id, k.owner_id";
// What an output set or a run points to.
constexpr std::string_view kDanglingOwners =
    "SELECT 'outputSets/' || o.id, 'dataset version', o.dataset_version_id FROM output_sets o "
    "WHERE NOT EXISTS (SELECT 1 FROM dataset_versions v WHERE v.project_id = o.project_id "
    "AND v.id = o.dataset_version_id) UNION ALL "
    "SELECT 'outputSets/' || o.id, 'model version', o.model_version_id FROM output_sets o "
    "WHERE NOT EXISTS (SELECT 1 FROM model_versions v WHERE v.project_id = o.project_id "
    "AND v.id = o.model_version_id) UNION ALL "
    "SELECT 'runs/' || r.id, 'output set', r.output_set_id FROM runs r "
    "WHERE NOT EXISTS (SELECT 1 FROM output_sets o WHERE o.project_id = r.project_id "
    "AND o.id = r.output_set_id) UNION ALL "
    "SELECT 'comparisons/' || c.id, 'run', c.baseline_run_id FROM comparisons c "
    "WHERE NOT EXISTS (SELECT 1 FROM runs r WHERE r.project_id = c.project_id "
    "AND r.id = c.baseline_run_id) UNION ALL "
    "SELECT 'comparisons/' || c.id, 'run', c.candidate_run_id FROM comparisons c "
    "WHERE NOT EXISTS (SELECT 1 FROM runs r WHERE r.project_id = c.project_id "
    "AND r.id = c.candidate_run_id)";
// Dataset versions and output sets: what their columns must add up to.
constexpr std::string_view kNextSealed =
    "SELECT * FROM (SELECT project_id, id, 1 AS is_dataset, digest, num_rows, num_documents "
    "FROM dataset_versions WHERE id > $1 UNION ALL "
    "SELECT project_id, id, 0, content_digest, num_rows, 0 FROM output_sets WHERE id > $1) "
    "ORDER BY id LIMIT 1";
constexpr std::string_view kChunksOfColumn =
    "SELECT r.chunk_no, c.hash, c.num_rows, c.null_count FROM column_chunks r "
    "JOIN chunks c ON c.project_id = r.project_id AND c.id = r.chunk_id "
    "WHERE r.project_id = $1 AND r.owner_id = $2 AND r.column_no = $3 ORDER BY r.chunk_no";

absl::StatusOr<bool> Finds(Database& database, std::string_view sql, Id project, Id id) {
  ASSAY_ASSIGN_OR_RETURN(Statement select, Statement::Prepare(database, sql));
  select.Bind(project, id);
  return select.Step();
}

// What users call the owner of a column.
absl::StatusOr<std::string> OwnerName(Database& database, Id project, Id owner) {
  ASSAY_ASSIGN_OR_RETURN(Statement dataset, Statement::Prepare(database, kDatasetName));
  dataset.Bind(project, owner);
  ASSAY_ASSIGN_OR_RETURN(const bool is_dataset, dataset.Step());
  if (is_dataset) {
    std::string name;
    std::int64_t number = 0;
    ASSAY_RETURN_IF_ERROR(dataset.Read(name, number));
    return absl::StrFormat("dataset %s@%d", name, number);
  }
  constexpr std::pair<std::string_view, std::string_view> kKinds[] = {
      {kIsOutputSet, "outputSets"}, {kIsRun, "runs"}, {kIsUpload, "uploads"}};
  for (const auto& [sql, kind] : kKinds) {
    ASSAY_ASSIGN_OR_RETURN(const bool found, Finds(database, sql, project, owner));
    if (found) {
      return absl::StrFormat("%s/%d", kind, owner);
    }
  }
  return absl::StrFormat("nobody's %d", owner);
}

void Report(CheckResult& result, std::string where, std::string problem) {
  result.findings.push_back({.where = std::move(where), .problem = std::move(problem)});
}

absl::Status CheckStructure(Database& database, CheckResult& result) {
  ASSAY_ASSIGN_OR_RETURN(Statement check, Statement::Prepare(database, kQuickCheck));
  return ForEachRow(check, [&]() -> absl::Status {
    std::string line;
    ASSAY_RETURN_IF_ERROR(check.Read(line));
    if (line != "ok") {
      Report(result, database.path(), line);
    }
    return absl::OkStatus();
  });
}

// Names every column that uses the chunk.
absl::Status ReportChunk(Database& database, Id project, Id chunk, const std::string& problem,
                         CheckResult& result) {
  ASSAY_ASSIGN_OR_RETURN(Statement users, Statement::Prepare(database, kUsersOfChunk));
  users.Bind(project, chunk);
  bool is_used = false;
  ASSAY_RETURN_IF_ERROR(ForEachRow(users, [&]() -> absl::Status {
    Id owner = 0;
    std::int32_t column_no = 0;
    std::string column;
    std::int64_t chunk_no = 0;
    ASSAY_RETURN_IF_ERROR(users.Read(owner, column_no, column, chunk_no));
    ASSAY_ASSIGN_OR_RETURN(const std::string name, OwnerName(database, project, owner));
    Report(result, absl::StrFormat("%s, column '%s', chunk %d", name, column, chunk_no), problem);
    is_used = true;
    return absl::OkStatus();
  }));
  if (!is_used) {
    Report(result, absl::StrFormat("unused chunk %d", chunk), problem);
  }
  return absl::OkStatus();
}

// What is wrong with a stored chunk; OK when nothing is.
absl::Status InspectChunk(const absl::StatusOr<StoredChunk>& stored) {
  ASSAY_RETURN_IF_ERROR(stored.status());
  ASSAY_ASSIGN_OR_RETURN(const Column column, DecodeChunk(stored->bytes));
  const EncodedChunk again = EncodeChunk(column, 0, column.num_rows);
  if (again.hash != stored->hash) {
    return absl::DataLossError("the content does not match its hash");
  }
  if (again.num_rows != stored->num_rows || again.null_count != stored->null_count) {
    return absl::DataLossError("the content does not match its counts");
  }
  return absl::OkStatus();
}

absl::Status CheckChunks(Database& database, CheckResult& result) {
  Id last = 0;
  for (;;) {
    ASSAY_ASSIGN_OR_RETURN(const Transaction transaction, Transaction::BeginRead(database));
    ASSAY_ASSIGN_OR_RETURN(Statement next, Statement::Prepare(database, kNextChunks));
    next.Bind(last, kChunksPerTransaction);
    const std::int64_t num_before = result.num_chunks;
    ASSAY_RETURN_IF_ERROR(ForEachRow(next, [&]() -> absl::Status {
      Id project = 0;
      ASSAY_RETURN_IF_ERROR(next.Read(project, last));
      const absl::StatusOr<StoredChunk> stored = ReadStoredChunk(database, project, last);
      ++result.num_chunks;
      result.num_bytes += stored.ok() ? std::ssize(stored->bytes) : 0;
      const absl::Status problem = InspectChunk(stored);
      return problem.ok()
                 ? problem
                 : ReportChunk(database, project, last, std::string(problem.message()), result);
    }));
    if (result.num_chunks == num_before) {
      return absl::OkStatus();
    }
  }
}

absl::Status CheckReferences(Database& database, CheckResult& result) {
  ASSAY_ASSIGN_OR_RETURN(const Transaction transaction, Transaction::BeginRead(database));
  ASSAY_ASSIGN_OR_RETURN(Statement no_chunk, Statement::Prepare(database, kReferencesToNoChunk));
  ASSAY_RETURN_IF_ERROR(ForEachRow(no_chunk, [&]() -> absl::Status {
    Id project = 0;
    Id owner = 0;
    std::string column;
    std::int64_t chunk_no = 0;
    ASSAY_RETURN_IF_ERROR(no_chunk.Read(project, owner, column, chunk_no));
    ASSAY_ASSIGN_OR_RETURN(const std::string name, OwnerName(database, project, owner));
    Report(result, absl::StrFormat("%s, column '%s', chunk %d", name, column, chunk_no),
           "the chunk is gone");
    return absl::OkStatus();
  }));
  ASSAY_ASSIGN_OR_RETURN(Statement no_column, Statement::Prepare(database, kChunksOfNoColumn));
  ASSAY_RETURN_IF_ERROR(ForEachRow(no_column, [&]() -> absl::Status {
    Id project = 0;
    Id owner = 0;
    std::int32_t column_no = 0;
    std::int64_t num_chunks = 0;
    ASSAY_RETURN_IF_ERROR(no_column.Read(project, owner, column_no, num_chunks));
    ASSAY_ASSIGN_OR_RETURN(const std::string name, OwnerName(database, project, owner));
    Report(result, absl::StrFormat("%s, column number %d", name, column_no),
           absl::StrFormat("the column is gone, but %d chunks are there", num_chunks));
    return absl::OkStatus();
  }));
  ASSAY_ASSIGN_OR_RETURN(Statement nobody, Statement::Prepare(database, kColumnsOfNobody));
  ASSAY_RETURN_IF_ERROR(ForEachRow(nobody, [&]() -> absl::Status {
    Id project = 0;
    Id owner = 0;
    ASSAY_RETURN_IF_ERROR(nobody.Read(project, owner));
    Report(result, absl::StrFormat("columns of %d", owner), "their owner is gone");
    return absl::OkStatus();
  }));
  ASSAY_ASSIGN_OR_RETURN(Statement dangling, Statement::Prepare(database, kDanglingOwners));
  return ForEachRow(dangling, [&]() -> absl::Status {
    std::string where;
    std::string what;
    Id target = 0;
    ASSAY_RETURN_IF_ERROR(dangling.Read(where, what, target));
    Report(result, where, absl::StrFormat("its %s, id %d, is gone", what, target));
    return absl::OkStatus();
  });
}

struct SealedOwner {
  Id project = 0;
  Id id = 0;
  bool is_dataset = false;
  Digest digest{};
  std::int64_t num_rows = 0;
  std::int64_t num_documents = 0;
};

// Chunks numbered from 0 without gaps, full but for the last, as many rows as the table has, and
// the digest that they give.
absl::Status CheckColumn(Database& database, const SealedOwner& owner, const std::string& name,
                         const ColumnRecord& column, CheckResult& result) {
  const std::int64_t num_rows =
      column.table == Table::kDocuments ? owner.num_documents : owner.num_rows;
  const std::string where = absl::StrFormat("%s, column '%s'", name, column.name);
  ASSAY_ASSIGN_OR_RETURN(Statement select, Statement::Prepare(database, kChunksOfColumn));
  select.Bind(owner.project, owner.id, column.number);
  std::vector<Digest> hashes;
  std::int64_t rows_found = 0;
  std::int64_t nulls_found = 0;
  bool is_whole = true;
  ASSAY_RETURN_IF_ERROR(ForEachRow(select, [&]() -> absl::Status {
    std::int64_t chunk_no = 0;
    Digest hash{};
    std::int64_t chunk_rows = 0;
    std::int64_t chunk_nulls = 0;
    ASSAY_RETURN_IF_ERROR(select.Read(chunk_no, hash, chunk_rows, chunk_nulls));
    is_whole = is_whole && chunk_no == std::ssize(hashes) && rows_found == chunk_no * kChunkRows;
    hashes.push_back(hash);
    rows_found += chunk_rows;
    nulls_found += chunk_nulls;
    return absl::OkStatus();
  }));
  if (!is_whole || rows_found != num_rows) {
    Report(result, where, absl::StrFormat("its chunks hold %d of %d rows", rows_found, num_rows));
  } else if (nulls_found != column.null_count) {
    Report(result, where,
           absl::StrFormat("its chunks hold %d nulls, not %d", nulls_found, column.null_count));
  } else if (ColumnDigest(column, num_rows, hashes) != column.digest) {
    Report(result, where, "its chunks do not give its digest");
  }
  return absl::OkStatus();
}

absl::Status CheckSealedOwners(Database& database, CheckResult& result) {
  SealedOwner owner;
  for (;;) {
    ASSAY_ASSIGN_OR_RETURN(const Transaction transaction, Transaction::BeginRead(database));
    ASSAY_ASSIGN_OR_RETURN(Statement next, Statement::Prepare(database, kNextSealed));
    next.Bind(owner.id);
    ASSAY_ASSIGN_OR_RETURN(const bool found, next.Step());
    if (!found) {
      return absl::OkStatus();
    }
    ASSAY_RETURN_IF_ERROR(next.Read(owner.project, owner.id, owner.is_dataset, owner.digest,
                                    owner.num_rows, owner.num_documents));
    ASSAY_ASSIGN_OR_RETURN(const std::string name, OwnerName(database, owner.project, owner.id));
    ASSAY_ASSIGN_OR_RETURN(const std::vector<ColumnRecord> columns,
                           ListColumns(database, owner.project, owner.id));
    for (const ColumnRecord& column : columns) {
      if (!column.name.starts_with('$')) {
        ASSAY_RETURN_IF_ERROR(CheckColumn(database, owner, name, column, result));
      }
    }
    if (owner.is_dataset &&
        ContentDigest(owner.num_rows, owner.num_documents, columns) != owner.digest) {
      Report(result, name, "its columns do not give its digest");
    }
  }
}

// A damaged page stops a query; that is a finding, and the other checks go on.
absl::Status Collect(const absl::Status& status, const Database& database, CheckResult& result) {
  if (absl::IsDataLoss(status)) {
    Report(result, database.path(), std::string(status.message()));
    return absl::OkStatus();
  }
  return status;
}

}  // namespace

absl::StatusOr<CheckResult> CheckStoreFile(const std::filesystem::path& path) {
  CheckResult result;
  ASSAY_ASSIGN_OR_RETURN(const std::unique_ptr<Database> database,
                         Database::Open(path, {.is_read_only = true}));
  for (const auto check : {CheckStructure, CheckChunks, CheckReferences, CheckSealedOwners}) {
    ASSAY_RETURN_IF_ERROR(Collect(check(*database, result), *database, result));
  }
  return result;
}

absl::StatusOr<CheckResult> CheckFileStructure(const std::filesystem::path& path) {
  CheckResult result;
  ASSAY_ASSIGN_OR_RETURN(const std::unique_ptr<Database> database,
                         Database::Open(path, {.is_read_only = true}));
  ASSAY_RETURN_IF_ERROR(Collect(CheckStructure(*database, result), *database, result));
  return result;
}

}  // namespace assay::store
