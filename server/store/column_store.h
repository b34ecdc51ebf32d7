#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/store/records.h"

namespace assay::store {

// Columns of any owner: dataset version, output set, run. Thread-safe.
class ColumnStore {
 public:
  virtual ~ColumnStore() = default;
  // Columns of `owner` in the order of their numbers; hidden ones (`$...`) included.
  virtual absl::StatusOr<std::vector<ColumnRecord>> ListColumns(Id project, Id owner) const = 0;
  // One chunk of a column, checked against its CRC32C. DATA_LOSS names column and chunk when the
  // stored bytes are damaged; NOT_FOUND when there is no such chunk.
  virtual absl::StatusOr<Column> ReadChunk(Id project, Id owner, const ColumnRecord& column,
                                           std::int64_t chunk) const = 0;
};

}  // namespace assay::store
