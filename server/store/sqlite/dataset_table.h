#pragma once

#include <utility>

#include "absl/status/statusor.h"
#include "server/store/records.h"
#include "server/store/sqlite/database.h"

namespace assay::store {

// Adds a version to the dataset named in `version`, making the dataset where it is new. The second
// value is true when a version with the same digest was there, which is then the first. Inside a
// write transaction.
absl::StatusOr<std::pair<Id, bool>> AddDatasetVersion(Database& database, Id project,
                                                      const DatasetVersionRecord& version,
                                                      std::int64_t now_us);

}  // namespace assay::store
