#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/store/records.h"
#include "server/store/sqlite/database.h"
#include "server/store/upload_store.h"

namespace assay::store {

// Columns and their chunks in the tables `columns`, `column_chunks`, `chunks`, `chunk_segments` and
// `loose_chunks`. Everything that writes runs inside the caller's write transaction.

// Adds chunks to columns of `owner`, and the columns themselves where they are new. A chunk number
// that is there already is replaced. Content that the project holds already is not stored again.
absl::Status PutColumnChunks(Database& database, Id project, Id owner,
                             const std::vector<ColumnChunks>& columns);
// Inserts the columns or, by number, sets their null counts and digests.
absl::Status PutColumns(Database& database, Id project, Id owner,
                        const std::vector<ColumnRecord>& columns);
absl::StatusOr<std::vector<ColumnRecord>> ListColumns(Database& database, Id project, Id owner);
// Gives all columns of `from` to `to`, which has none.
absl::Status MoveColumns(Database& database, Id project, Id from, Id to);
// Forgets the columns of `owner`. Their chunks wait for the sweep.
absl::Status DropColumns(Database& database, Id project, Id owner);
// Looks at up to `limit` chunks that lost a reference and deletes those without any. Returns how
// many it looked at: 0 when nothing waits.
absl::StatusOr<std::int64_t> SweepLooseChunks(Database& database, int limit);

// A chunk as it is stored, with what it should be.
struct StoredChunk {
  Id id = 0;
  Digest hash{};
  std::int64_t num_rows = 0;
  std::int64_t null_count = 0;
  std::string bytes;
};
// NOT_FOUND when the column has no such chunk; DATA_LOSS without a name when its bytes are damaged.
absl::StatusOr<StoredChunk> ReadColumnChunk(Database& database, Id project, Id owner,
                                            std::int32_t column, std::int64_t chunk);
// By id.
absl::StatusOr<StoredChunk> ReadStoredChunk(Database& database, Id project, Id id);

}  // namespace assay::store
