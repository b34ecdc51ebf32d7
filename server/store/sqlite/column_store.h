#pragma once

#include <vector>

#include "server/store/column_store.h"
#include "server/store/sqlite/read_pool.h"

namespace assay::store {

class SqliteColumnStore : public ColumnStore {
 public:
  explicit SqliteColumnStore(ReadPool& readers) : readers_(readers) {}

  absl::StatusOr<std::vector<ColumnRecord>> ListColumns(Id project, Id owner) const override;
  absl::StatusOr<Column> ReadChunk(Id project, Id owner, const ColumnRecord& column,
                                   std::int64_t chunk) const override;

 private:
  ReadPool& readers_;
};

}  // namespace assay::store
