#pragma once

#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/store/records.h"
#include "server/store/sqlite/database.h"

namespace assay::store {

// The tables `embedding_changes` and `embedding_change_cells`: at most one change a comparison.

// Inside the caller's write transaction.
absl::Status InsertEmbeddingChange(Database& database, Id project, Id comparison,
                                   const EmbeddingChangeRecord& change);
// Absent when the comparison has none.
absl::StatusOr<std::optional<EmbeddingChangeRecord>> SelectEmbeddingChange(Database& database,
                                                                           Id project,
                                                                           Id comparison);

}  // namespace assay::store
