#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "evaluators/columns.h"
#include "server/store/column_store.h"
#include "server/store/records.h"

namespace assay::ingest {

// A stored text column by row. Chunks are read when they are first needed and kept.
// Thread-compatible.
class StoredKeys {
 public:
  // `store` outlives the keys. `column` belongs to `owner` and has `num_rows` rows.
  StoredKeys(const store::ColumnStore& store, store::Id project, store::Id owner,
             store::ColumnRecord column, std::int64_t num_rows);

  std::int64_t num_rows() const { return num_rows_; }
  // Chunk `chunk`, read now if need be. The pointer stays valid.
  absl::StatusOr<const Column*> Chunk(std::int64_t chunk);
  // The text of `row`.
  absl::StatusOr<std::string_view> Get(std::int64_t row);
  // Reads all chunks, as Loaded and LoadedChunk need it.
  absl::Status LoadAll();
  const Column& LoadedChunk(std::int64_t chunk) const {
    return *chunks_[static_cast<std::size_t>(chunk)];
  }
  std::string_view Loaded(std::int64_t row) const {
    return LoadedChunk(row / store::kChunkRows).Text(row % store::kChunkRows);
  }
  // Forgets chunks before `chunk`.
  void Forget(std::int64_t chunk);

 private:
  const store::ColumnStore& store_;
  const store::Id project_;
  const store::Id owner_;
  const store::ColumnRecord column_;
  const std::int64_t num_rows_;
  std::vector<std::optional<Column>> chunks_;
};

// `key` in quotes for a message: at most 64 bytes of it, control characters escaped.
std::string QuoteKey(std::string_view key);

}  // namespace assay::ingest
