#include "server/store/sqlite/upload_store.h"

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "server/base/status_macros.h"
#include "server/store/sqlite/column_table.h"
#include "server/store/sqlite/dataset_table.h"
#include "server/store/sqlite/id_sequence.h"
#include "server/store/sqlite/output_set_table.h"
#include "server/store/sqlite/statement.h"

namespace assay::store {
namespace {

// Steps of Collect: each is a piece of the writer's work, so that uploads go on between them.
constexpr int kUploadsPerStep = 16;
constexpr int kChunksPerStep = 64;
constexpr std::int64_t kPagesPerStep = 1024;

constexpr std::string_view kInsert =
    "INSERT INTO uploads (id, project_id, kind, state, dataset_name, dataset_version_id, "
    "model_version_id, machine, next_sequence, num_rows, num_documents, result_id, "
    "already_existed, request_id, created_us, updated_us) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, 0, 0, 0, $9, $10, $10)";
constexpr std::string_view kSelectById =
    "SELECT id, kind, state, dataset_name, dataset_version_id, model_version_id, machine, "
    "next_sequence, num_rows, num_documents, result_id, already_existed, created_us, updated_us "
    "FROM uploads WHERE project_id = $1 AND id = $2";
constexpr std::string_view kSelectByRequest =
    "SELECT id, kind, state, dataset_name, dataset_version_id, model_version_id, machine, "
    "next_sequence, num_rows, num_documents, result_id, already_existed, created_us, updated_us "
    "FROM uploads WHERE project_id = $1 AND request_id = $2";
constexpr std::string_view kAdvance =
    "UPDATE uploads SET next_sequence = $3, num_rows = $4, num_documents = $5, updated_us = $6 "
    "WHERE project_id = $1 AND id = $2";
constexpr std::string_view kSeal =
    "UPDATE uploads SET state = $3, result_id = $4, already_existed = $5, updated_us = $6 "
    "WHERE project_id = $1 AND id = $2";
constexpr std::string_view kInsertBatch =
    "INSERT INTO upload_batches (project_id, upload_id, sequence, content) "
    "VALUES ($1, $2, $3, $4)";
constexpr std::string_view kSelectBatch =
    "SELECT content FROM upload_batches WHERE project_id = $1 AND upload_id = $2 AND "
    "sequence = $3";
constexpr std::string_view kDeleteBatches =
    "DELETE FROM upload_batches WHERE project_id = $1 AND upload_id = $2";
constexpr std::string_view kDeleteOpen =
    "DELETE FROM uploads WHERE project_id = $1 AND id = $2 AND state = $3";
constexpr std::string_view kSelectAbandoned =
    "SELECT project_id, id FROM uploads WHERE state = $1 AND updated_us < $2 ORDER BY id LIMIT $3";

// The one upload that `sql` finds; absent when there is none.
absl::StatusOr<std::optional<UploadRecord>> Select(Database& database, std::string_view sql,
                                                   const auto&... values) {
  ASSAY_ASSIGN_OR_RETURN(Statement select, Statement::Prepare(database, sql));
  select.Bind(values...);
  ASSAY_ASSIGN_OR_RETURN(const bool found, select.Step());
  std::optional<UploadRecord> upload;
  if (found) {
    upload.emplace();
    ASSAY_RETURN_IF_ERROR(select.Read(
        upload->id, upload->kind, upload->state, upload->dataset_name, upload->dataset_version_id,
        upload->model_version_id, upload->machine, upload->next_sequence, upload->num_rows,
        upload->num_documents, upload->result_id, upload->already_existed, upload->created_us,
        upload->updated_us));
  }
  return upload;
}

absl::StatusOr<UploadRecord> SelectUpload(Database& database, Id project, Id id) {
  ASSAY_ASSIGN_OR_RETURN(std::optional<UploadRecord> upload,
                         Select(database, kSelectById, project, id));
  if (!upload) {
    return absl::NotFoundError(absl::StrFormat("no such upload: 'uploads/%d'", id));
  }
  return *std::move(upload);
}

absl::Status AppendBatch(Database& database, const BatchWrite& batch, std::int64_t now_us) {
  ASSAY_ASSIGN_OR_RETURN(const UploadRecord upload,
                         SelectUpload(database, batch.project, batch.upload));
  if (upload.state != UploadState::kOpen) {
    return absl::FailedPreconditionError(
        absl::StrFormat("the upload is committed: 'uploads/%d'", batch.upload));
  }
  if (upload.next_sequence != batch.sequence) {
    return absl::AbortedError(absl::StrFormat("batch %d is not the next of 'uploads/%d', %d is",
                                              batch.sequence, batch.upload, upload.next_sequence));
  }
  ASSAY_RETURN_IF_ERROR(
      RunOnce(database, kInsertBatch, batch.project, batch.upload, batch.sequence, batch.content));
  ASSAY_RETURN_IF_ERROR(PutColumnChunks(database, batch.project, batch.upload, batch.columns));
  return RunOnce(database, kAdvance, batch.project, batch.upload, batch.sequence + 1,
                 batch.num_rows, batch.num_documents, now_us);
}

absl::Status CommitUpload(Database& database, const CommitWrite& commit, std::int64_t now_us) {
  ASSAY_ASSIGN_OR_RETURN(const UploadRecord upload,
                         SelectUpload(database, commit.project, commit.upload));
  if (upload.state == UploadState::kCommitted) {
    return absl::OkStatus();
  }
  std::pair<Id, bool> result;
  if (upload.kind == UploadKind::kDataset) {
    ASSAY_ASSIGN_OR_RETURN(
        result, AddDatasetVersion(database, commit.project, commit.dataset_version, now_us));
  } else {
    ASSAY_ASSIGN_OR_RETURN(result,
                           AddOutputSet(database, commit.project, commit.output_set, now_us));
  }
  const auto [result_id, already_existed] = result;
  if (already_existed) {
    ASSAY_RETURN_IF_ERROR(DropColumns(database, commit.project, commit.upload));
  } else {
    ASSAY_RETURN_IF_ERROR(MoveColumns(database, commit.project, commit.upload, result_id));
    ASSAY_RETURN_IF_ERROR(PutColumns(database, commit.project, result_id, commit.columns));
    ASSAY_RETURN_IF_ERROR(PutColumnChunks(database, commit.project, result_id, commit.hidden));
  }
  ASSAY_RETURN_IF_ERROR(RunOnce(database, kDeleteBatches, commit.project, commit.upload));
  return RunOnce(database, kSeal, commit.project, commit.upload, UploadState::kCommitted, result_id,
                 already_existed, now_us);
}

// A committed upload has no rows of its own any more, and its record stays.
absl::Status DropUpload(Database& database, Id project, Id upload) {
  ASSAY_RETURN_IF_ERROR(DropColumns(database, project, upload));
  ASSAY_RETURN_IF_ERROR(RunOnce(database, kDeleteBatches, project, upload));
  return RunOnce(database, kDeleteOpen, project, upload, UploadState::kOpen);
}

// Removes a few abandoned uploads; returns how many.
absl::StatusOr<std::int64_t> DropAbandoned(Database& database, std::int64_t before_us) {
  std::vector<std::pair<Id, Id>> abandoned;
  {
    ASSAY_ASSIGN_OR_RETURN(Statement select, Statement::Prepare(database, kSelectAbandoned));
    select.Bind(UploadState::kOpen, before_us, kUploadsPerStep);
    for (;;) {
      ASSAY_ASSIGN_OR_RETURN(const bool found, select.Step());
      if (!found) {
        break;
      }
      auto& [project, upload] = abandoned.emplace_back();
      ASSAY_RETURN_IF_ERROR(select.Read(project, upload));
    }
  }
  for (const auto& [project, upload] : abandoned) {
    ASSAY_RETURN_IF_ERROR(DropUpload(database, project, upload));
  }
  return std::ssize(abandoned);
}

// Gives some free pages back to the file system while more than a quarter of the file is free.
absl::StatusOr<std::int64_t> Shrink(Database& database) {
  ASSAY_ASSIGN_OR_RETURN(const std::int64_t num_free, database.QueryInt64("PRAGMA freelist_count"));
  ASSAY_ASSIGN_OR_RETURN(const std::int64_t num_pages, database.QueryInt64("PRAGMA page_count"));
  if (num_free < kPagesPerStep || num_free < num_pages / 4) {
    return 0;
  }
  ASSAY_RETURN_IF_ERROR(
      database.Execute(absl::StrFormat("PRAGMA incremental_vacuum(%d)", kPagesPerStep)));
  return kPagesPerStep;
}

// Repeats `step` as a piece of work of its own until it has nothing left; returns the sum.
absl::StatusOr<std::int64_t> Repeat(Writer& writer, auto step) {
  std::int64_t total = 0;
  for (;;) {
    std::int64_t count = 0;
    ASSAY_RETURN_IF_ERROR(writer.Run([&](Database& database) -> absl::Status {
      ASSAY_ASSIGN_OR_RETURN(count, step(database));
      return absl::OkStatus();
    }));
    if (count == 0) {
      return total;
    }
    total += count;
  }
}

}  // namespace

absl::StatusOr<UploadRecord> SqliteUploadStore::Begin(Id project, const UploadRecord& upload,
                                                      const std::string& request_id) {
  UploadRecord result;
  const std::int64_t now_us = clock_.NowUs();
  ASSAY_RETURN_IF_ERROR(writer_.Run([&](Database& database) -> absl::Status {
    if (!request_id.empty()) {
      ASSAY_ASSIGN_OR_RETURN(std::optional<UploadRecord> made,
                             Select(database, kSelectByRequest, project, request_id));
      if (made) {
        result = *std::move(made);
        return absl::OkStatus();
      }
    }
    ASSAY_ASSIGN_OR_RETURN(const Id id, AllocateIds(database, 1));
    ASSAY_RETURN_IF_ERROR(RunOnce(database, kInsert, id, project, upload.kind, UploadState::kOpen,
                                  upload.dataset_name, upload.dataset_version_id,
                                  upload.model_version_id, upload.machine, request_id, now_us));
    ASSAY_ASSIGN_OR_RETURN(result, SelectUpload(database, project, id));
    return absl::OkStatus();
  }));
  return result;
}

absl::StatusOr<UploadRecord> SqliteUploadStore::Get(Id project, Id upload) const {
  ASSAY_ASSIGN_OR_RETURN(ReadPool::Reader reader, readers_.Acquire());
  return SelectUpload(reader.database(), project, upload);
}

absl::StatusOr<Digest> SqliteUploadStore::GetBatch(Id project, Id upload,
                                                   std::int64_t sequence) const {
  ASSAY_ASSIGN_OR_RETURN(ReadPool::Reader reader, readers_.Acquire());
  ASSAY_ASSIGN_OR_RETURN(Statement select, Statement::Prepare(reader.database(), kSelectBatch));
  select.Bind(project, upload, sequence);
  ASSAY_ASSIGN_OR_RETURN(const bool found, select.Step());
  if (!found) {
    return absl::NotFoundError(
        absl::StrFormat("no such batch: %d of 'uploads/%d'", sequence, upload));
  }
  Digest content{};
  ASSAY_RETURN_IF_ERROR(select.Read(content));
  return content;
}

void SqliteUploadStore::Append(BatchWrite batch, std::function<void(absl::Status)> done) {
  std::size_t size_bytes = 0;
  for (const ColumnChunks& column : batch.columns) {
    for (const EncodedChunk& chunk : column.chunks) {
      size_bytes += chunk.bytes.size();
    }
  }
  // std::function wants copies, and a batch should not be copied.
  auto shared = std::make_shared<const BatchWrite>(std::move(batch));
  const std::int64_t now_us = clock_.NowUs();
  writer_.Submit(
      [shared, now_us](Database& database) { return AppendBatch(database, *shared, now_us); },
      size_bytes, std::move(done));
}

absl::StatusOr<UploadRecord> SqliteUploadStore::Commit(const CommitWrite& commit) {
  UploadRecord result;
  const std::int64_t now_us = clock_.NowUs();
  ASSAY_RETURN_IF_ERROR(writer_.Run([&](Database& database) -> absl::Status {
    ASSAY_RETURN_IF_ERROR(CommitUpload(database, commit, now_us));
    ASSAY_ASSIGN_OR_RETURN(result, SelectUpload(database, commit.project, commit.upload));
    return absl::OkStatus();
  }));
  return result;
}

absl::Status SqliteUploadStore::Abort(Id project, Id upload) {
  return writer_.Run([&](Database& database) { return DropUpload(database, project, upload); });
}

absl::StatusOr<std::int64_t> SqliteUploadStore::Collect(std::int64_t before_us) {
  ASSAY_ASSIGN_OR_RETURN(const std::int64_t num_removed,
                         Repeat(writer_, [before_us](Database& database) {
                           return DropAbandoned(database, before_us);
                         }));
  ASSAY_RETURN_IF_ERROR(Repeat(writer_, [](Database& database) {
                          return SweepLooseChunks(database, kChunksPerStep);
                        }).status());
  ASSAY_RETURN_IF_ERROR(Repeat(writer_, Shrink).status());
  return num_removed;
}

}  // namespace assay::store
