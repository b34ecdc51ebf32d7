#pragma once

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/store/records.h"
#include "server/store/sqlite/database.h"

namespace assay::store {

// Confusion matrices and the like, in the tables `run_tables` and `run_table_chunks`.

// Inside the caller's write transaction.
absl::Status InsertRunTables(Database& database, Id project, Id run,
                             const std::vector<ResultTable>& tables);
// In order.
absl::StatusOr<std::vector<ResultTable>> SelectRunTables(Database& database, Id project, Id run);

}  // namespace assay::store
