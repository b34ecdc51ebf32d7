#include "server/ingest/stored_keys.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "server/base/status_macros.h"

namespace assay::ingest {

using store::kChunkRows;

StoredKeys::StoredKeys(const store::ColumnStore& store, store::Id project, store::Id owner,
                       store::ColumnRecord column, std::int64_t num_rows)
    : store_(store),
      project_(project),
      owner_(owner),
      column_(std::move(column)),
      num_rows_(num_rows),
      chunks_(static_cast<std::size_t>((num_rows + kChunkRows - 1) / kChunkRows)) {}

absl::StatusOr<const Column*> StoredKeys::Chunk(std::int64_t chunk) {
  std::optional<Column>& loaded = chunks_[static_cast<std::size_t>(chunk)];
  if (!loaded.has_value()) {
    ASSAY_ASSIGN_OR_RETURN(Column column, store_.ReadChunk(project_, owner_, column_, chunk));
    if (column.num_rows != std::min(num_rows_ - chunk * kChunkRows, kChunkRows) ||
        column.type != ColumnType::kText) {
      return absl::DataLossError(
          absl::StrFormat("column '%s', chunk %d: not what was stored", column_.name, chunk));
    }
    loaded = std::move(column);
  }
  return &*loaded;
}

absl::StatusOr<std::string_view> StoredKeys::Get(std::int64_t row) {
  ASSAY_ASSIGN_OR_RETURN(const Column* const column, Chunk(row / kChunkRows));
  return column->Text(row % kChunkRows);
}

absl::Status StoredKeys::LoadAll() {
  for (std::int64_t chunk = 0; chunk < std::ssize(chunks_); ++chunk) {
    ASSAY_RETURN_IF_ERROR(Chunk(chunk).status());
  }
  return absl::OkStatus();
}

void StoredKeys::Forget(std::int64_t chunk) {
  for (std::int64_t i = chunk - 1; i >= 0 && chunks_[static_cast<std::size_t>(i)].has_value();
       --i) {
    chunks_[static_cast<std::size_t>(i)].reset();
  }
}

std::string QuoteKey(std::string_view key) {
  constexpr std::size_t kMaxBytes = 64;
  std::size_t size = std::min(key.size(), kMaxBytes);
  while (size > 0 && size < key.size() && (static_cast<unsigned char>(key[size]) & 0xC0) == 0x80) {
    --size;
  }
  return absl::StrFormat("'%s%s'", absl::Utf8SafeCEscape(absl::string_view(key.data(), size)),
                         size < key.size() ? "..." : "");
}

}  // namespace assay::ingest
