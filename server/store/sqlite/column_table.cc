#include "server/store/sqlite/column_table.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/strings/str_format.h"
#include "server/base/crc32c.h"
#include "server/base/status_macros.h"
#include "server/store/sqlite/id_sequence.h"
#include "server/store/sqlite/statement.h"

namespace assay::store {
namespace {

constexpr std::size_t kSegmentBytes = 4 << 20;

constexpr std::string_view kInsertChunk =
    "INSERT INTO chunks (id, project_id, hash, num_rows, null_count, num_bytes, num_segments, "
    "crc32c) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (project_id, hash) DO NOTHING";
constexpr std::string_view kSelectChunkId =
    "SELECT id FROM chunks WHERE project_id = $1 AND hash = $2";
constexpr std::string_view kInsertSegment =
    "INSERT INTO chunk_segments (id, project_id, data) VALUES ($1, $2, $3)";
constexpr std::string_view kInsertColumn =
    "INSERT INTO columns (project_id, owner_id, column_no, table_no, name, type, dimension, "
    "null_count, digest) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) "
    "ON CONFLICT (project_id, owner_id, column_no) DO NOTHING";
constexpr std::string_view kUpsertColumn =
    "INSERT INTO columns (project_id, owner_id, column_no, table_no, name, type, dimension, "
    "null_count, digest) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) "
    "ON CONFLICT (project_id, owner_id, column_no) "
    "DO UPDATE SET null_count = excluded.null_count, digest = excluded.digest";
constexpr std::string_view kSelectColumns =
    "SELECT column_no, table_no, name, type, dimension, null_count, digest FROM columns "
    "WHERE project_id = $1 AND owner_id = $2 ORDER BY column_no";
constexpr std::string_view kSelectColumnChunk =
    "SELECT chunk_id FROM column_chunks WHERE project_id = $1 AND owner_id = $2 AND "
    "column_no = $3 AND chunk_no = $4";
constexpr std::string_view kUpsertColumnChunk =
    "INSERT INTO column_chunks (project_id, owner_id, column_no, chunk_no, chunk_id) "
    "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (project_id, owner_id, column_no, chunk_no) "
    "DO UPDATE SET chunk_id = excluded.chunk_id";
constexpr std::string_view kMoveColumns =
    "UPDATE columns SET owner_id = $3 WHERE project_id = $1 AND owner_id = $2";
constexpr std::string_view kMoveColumnChunks =
    "UPDATE column_chunks SET owner_id = $3 WHERE project_id = $1 AND owner_id = $2";
constexpr std::string_view kLoosenChunks =
    "INSERT INTO loose_chunks (project_id, chunk_id) SELECT DISTINCT project_id, chunk_id "
    "FROM column_chunks WHERE project_id = $1 AND owner_id = $2 "
    "ON CONFLICT (project_id, chunk_id) DO NOTHING";
constexpr std::string_view kDeleteColumnChunks =
    "DELETE FROM column_chunks WHERE project_id = $1 AND owner_id = $2";
constexpr std::string_view kDeleteColumns =
    "DELETE FROM columns WHERE project_id = $1 AND owner_id = $2";
constexpr std::string_view kSelectLooseChunks =
    "SELECT project_id, chunk_id FROM loose_chunks ORDER BY project_id, chunk_id LIMIT $1";
constexpr std::string_view kDeleteLooseChunk =
    "DELETE FROM loose_chunks WHERE project_id = $1 AND chunk_id = $2";
constexpr std::string_view kDeleteUnusedChunk =
    "DELETE FROM chunks WHERE project_id = $1 AND id = $2 AND NOT EXISTS (SELECT 1 FROM "
    "column_chunks WHERE project_id = $1 AND chunk_id = $2) RETURNING num_segments";
constexpr std::string_view kDeleteSegments =
    "DELETE FROM chunk_segments WHERE project_id = $1 AND id >= $2 AND id < $3";
constexpr std::string_view kReadColumnChunk =
    "SELECT c.id, c.hash, c.num_rows, c.null_count, c.num_bytes, c.crc32c, s.data "
    "FROM column_chunks r "
    "LEFT JOIN chunks c ON c.project_id = r.project_id AND c.id = r.chunk_id "
    "LEFT JOIN chunk_segments s ON s.project_id = c.project_id AND s.id >= c.id "
    "AND s.id < c.id + c.num_segments "
    "WHERE r.project_id = $1 AND r.owner_id = $2 AND r.column_no = $3 AND r.chunk_no = $4 "
    "ORDER BY s.id";
constexpr std::string_view kReadStoredChunk =
    "SELECT c.id, c.hash, c.num_rows, c.null_count, c.num_bytes, c.crc32c, s.data "
    "FROM chunks c "
    "LEFT JOIN chunk_segments s ON s.project_id = c.project_id AND s.id >= c.id "
    "AND s.id < c.id + c.num_segments "
    "WHERE c.project_id = $1 AND c.id = $2 ORDER BY s.id";

std::int64_t NumSegments(const EncodedChunk& chunk) {
  return static_cast<std::int64_t>((chunk.bytes.size() + kSegmentBytes - 1) / kSegmentBytes);
}

// Stores `chunk` as `id`, which has the ids of its segments behind it, unless its content is there;
// returns the id it has.
absl::StatusOr<Id> PutChunk(Database& database, Id project, Id id, const EncodedChunk& chunk) {
  ASSAY_RETURN_IF_ERROR(RunOnce(database, kInsertChunk, id, project, chunk.hash, chunk.num_rows,
                                chunk.null_count, chunk.bytes.size(), NumSegments(chunk),
                                Crc32c(chunk.bytes)));
  if (database.num_changes() == 0) {
    ASSAY_ASSIGN_OR_RETURN(Statement select, Statement::Prepare(database, kSelectChunkId));
    select.Bind(project, chunk.hash);
    ASSAY_ASSIGN_OR_RETURN(const bool found, select.Step());
    if (!found) {
      return absl::DataLossError(
          absl::StrFormat("%s: index of chunks is damaged", database.path()));
    }
    ASSAY_RETURN_IF_ERROR(select.Read(id));
    return id;
  }
  const std::string_view bytes = chunk.bytes;
  for (std::int64_t segment = 0; segment < NumSegments(chunk); ++segment) {
    ASSAY_RETURN_IF_ERROR(RunOnce(
        database, kInsertSegment, id + segment, project,
        Blob{bytes.substr(static_cast<std::size_t>(segment) * kSegmentBytes, kSegmentBytes)}));
  }
  return id;
}

absl::Status DeleteIfUnused(Database& database, Id project, Id chunk) {
  std::int64_t num_segments = 0;
  {
    ASSAY_ASSIGN_OR_RETURN(Statement remove, Statement::Prepare(database, kDeleteUnusedChunk));
    remove.Bind(project, chunk);
    ASSAY_ASSIGN_OR_RETURN(const bool is_deleted, remove.Step());
    if (!is_deleted) {
      return absl::OkStatus();
    }
    ASSAY_RETURN_IF_ERROR(remove.Read(num_segments));
  }
  return RunOnce(database, kDeleteSegments, project, chunk, chunk + num_segments);
}

// Only the first chunk of a write can replace one: the short last chunk of the write before, or,
// where a shard is scored again, any of its chunks.
absl::Status PutReference(Database& database, Id project, Id owner, std::int32_t column,
                          std::int64_t chunk_no, Id chunk_id) {
  Id replaced = 0;
  {
    ASSAY_ASSIGN_OR_RETURN(Statement select, Statement::Prepare(database, kSelectColumnChunk));
    select.Bind(project, owner, column, chunk_no);
    ASSAY_ASSIGN_OR_RETURN(const bool found, select.Step());
    if (found) {
      ASSAY_RETURN_IF_ERROR(select.Read(replaced));
    }
  }
  ASSAY_RETURN_IF_ERROR(
      RunOnce(database, kUpsertColumnChunk, project, owner, column, chunk_no, chunk_id));
  if (replaced != 0 && replaced != chunk_id) {
    ASSAY_RETURN_IF_ERROR(DeleteIfUnused(database, project, replaced));
  }
  return absl::OkStatus();
}

absl::Status PutColumn(Database& database, std::string_view sql, Id project, Id owner,
                       const ColumnRecord& column) {
  return RunOnce(database, sql, project, owner, column.number, column.table, column.name,
                 column.type, column.dimension, column.null_count, column.digest);
}

// Puts the segments of the one chunk that `select` finds together. NOT_FOUND when it finds none.
absl::StatusOr<StoredChunk> ReadSegments(Statement& select) {
  StoredChunk chunk;
  std::int64_t num_bytes = 0;
  std::uint32_t crc = 0;
  bool is_found = false;
  for (;;) {
    ASSAY_ASSIGN_OR_RETURN(const bool has_row, select.Step());
    if (!has_row) {
      break;
    }
    is_found = true;
    Blob segment;
    ASSAY_RETURN_IF_ERROR(select.Read(chunk.id, chunk.hash, chunk.num_rows, chunk.null_count,
                                      num_bytes, crc, segment));
    chunk.bytes.append(segment.bytes);
  }
  if (!is_found) {
    return absl::NotFoundError("no such chunk");
  }
  if (std::ssize(chunk.bytes) != num_bytes || Crc32c(chunk.bytes) != crc) {
    return absl::DataLossError("checksum mismatch");
  }
  return chunk;
}

}  // namespace

absl::Status PutColumnChunks(Database& database, Id project, Id owner,
                             const std::vector<ColumnChunks>& columns) {
  std::int64_t num_segments = 0;
  for (const ColumnChunks& column : columns) {
    for (const EncodedChunk& chunk : column.chunks) {
      num_segments += NumSegments(chunk);
    }
  }
  Id next_id = 0;
  if (num_segments > 0) {
    ASSAY_ASSIGN_OR_RETURN(next_id, AllocateIds(database, num_segments));
  }
  for (const ColumnChunks& column : columns) {
    ASSAY_RETURN_IF_ERROR(PutColumn(database, kInsertColumn, project, owner, column.column));
    std::int64_t chunk_no = column.first_chunk;
    for (const EncodedChunk& chunk : column.chunks) {
      ASSAY_ASSIGN_OR_RETURN(const Id id, PutChunk(database, project, next_id, chunk));
      next_id += NumSegments(chunk);
      ASSAY_RETURN_IF_ERROR(
          PutReference(database, project, owner, column.column.number, chunk_no++, id));
    }
  }
  return absl::OkStatus();
}

absl::Status PutColumns(Database& database, Id project, Id owner,
                        const std::vector<ColumnRecord>& columns) {
  for (const ColumnRecord& column : columns) {
    ASSAY_RETURN_IF_ERROR(PutColumn(database, kUpsertColumn, project, owner, column));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<ColumnRecord>> ListColumns(Database& database, Id project, Id owner) {
  ASSAY_ASSIGN_OR_RETURN(Statement select, Statement::Prepare(database, kSelectColumns));
  select.Bind(project, owner);
  std::vector<ColumnRecord> columns;
  for (;;) {
    ASSAY_ASSIGN_OR_RETURN(const bool found, select.Step());
    if (!found) {
      return columns;
    }
    ColumnRecord column;
    ASSAY_RETURN_IF_ERROR(select.Read(column.number, column.table, column.name, column.type,
                                      column.dimension, column.null_count, column.digest));
    columns.push_back(std::move(column));
  }
}

absl::Status MoveColumns(Database& database, Id project, Id from, Id to) {
  ASSAY_RETURN_IF_ERROR(RunOnce(database, kMoveColumns, project, from, to));
  return RunOnce(database, kMoveColumnChunks, project, from, to);
}

absl::Status DropColumns(Database& database, Id project, Id owner) {
  ASSAY_RETURN_IF_ERROR(RunOnce(database, kLoosenChunks, project, owner));
  ASSAY_RETURN_IF_ERROR(RunOnce(database, kDeleteColumnChunks, project, owner));
  return RunOnce(database, kDeleteColumns, project, owner);
}

absl::StatusOr<std::int64_t> SweepLooseChunks(Database& database, int limit) {
  std::vector<std::pair<Id, Id>> candidates;
  {
    ASSAY_ASSIGN_OR_RETURN(Statement select, Statement::Prepare(database, kSelectLooseChunks));
    select.Bind(limit);
    for (;;) {
      ASSAY_ASSIGN_OR_RETURN(const bool found, select.Step());
      if (!found) {
        break;
      }
      auto& [project, chunk] = candidates.emplace_back();
      ASSAY_RETURN_IF_ERROR(select.Read(project, chunk));
    }
  }
  for (const auto& [project, chunk] : candidates) {
    ASSAY_RETURN_IF_ERROR(DeleteIfUnused(database, project, chunk));
    ASSAY_RETURN_IF_ERROR(RunOnce(database, kDeleteLooseChunk, project, chunk));
  }
  return std::ssize(candidates);
}

absl::StatusOr<StoredChunk> ReadColumnChunk(Database& database, Id project, Id owner,
                                            std::int32_t column, std::int64_t chunk) {
  ASSAY_ASSIGN_OR_RETURN(Statement select, Statement::Prepare(database, kReadColumnChunk));
  select.Bind(project, owner, column, chunk);
  return ReadSegments(select);
}

absl::StatusOr<StoredChunk> ReadStoredChunk(Database& database, Id project, Id id) {
  ASSAY_ASSIGN_OR_RETURN(Statement select, Statement::Prepare(database, kReadStoredChunk));
  select.Bind(project, id);
  return ReadSegments(select);
}

}  // namespace assay::store
