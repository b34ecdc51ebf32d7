#include "server/store/sqlite/column_store.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "server/base/status_macros.h"
#include "server/store/chunk_codec.h"
#include "server/store/sqlite/column_table.h"

namespace assay::store {
namespace {

absl::Status WithPlace(const absl::Status& status, const ColumnRecord& column, std::int64_t chunk) {
  return absl::Status(status.code(), absl::StrFormat("column '%s', chunk %d: %s", column.name,
                                                     chunk, status.message()));
}

}  // namespace

absl::StatusOr<std::vector<ColumnRecord>> SqliteColumnStore::ListColumns(Id project,
                                                                         Id owner) const {
  ASSAY_ASSIGN_OR_RETURN(ReadPool::Reader reader, readers_.Acquire());
  return store::ListColumns(reader.database(), project, owner);
}

absl::StatusOr<Column> SqliteColumnStore::ReadChunk(Id project, Id owner,
                                                    const ColumnRecord& column,
                                                    std::int64_t chunk) const {
  absl::StatusOr<StoredChunk> stored = absl::UnknownError("");
  {
    ASSAY_ASSIGN_OR_RETURN(ReadPool::Reader reader, readers_.Acquire());
    stored = ReadColumnChunk(reader.database(), project, owner, column.number, chunk);
  }
  if (!stored.ok()) {
    return WithPlace(stored.status(), column, chunk);
  }
  absl::StatusOr<Column> decoded = DecodeChunk(stored->bytes);
  if (!decoded.ok()) {
    return WithPlace(decoded.status(), column, chunk);
  }
  if (decoded->type != column.type || decoded->dimension != column.dimension ||
      decoded->num_rows != stored->num_rows) {
    return WithPlace(absl::DataLossError("the stored rows do not fit the column"), column, chunk);
  }
  decoded->name = column.name;
  return decoded;
}

}  // namespace assay::store
