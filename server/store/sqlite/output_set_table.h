#pragma once

#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "server/store/records.h"
#include "server/store/sqlite/database.h"

namespace assay::store {

// Adds an output set. The second value is true when one with the same digest was there, which is
// then the first. Inside a write transaction.
absl::StatusOr<std::pair<Id, bool>> AddOutputSet(Database& database, Id project,
                                                 const OutputSetRecord& output_set,
                                                 std::int64_t now_us);
// Empty when there is none.
absl::StatusOr<std::vector<OutputSetRecord>> SelectOutputSet(Database& database, Id project, Id id);
// Newest first; 0 for either version means any.
absl::StatusOr<std::vector<OutputSetRecord>> SelectOutputSets(Database& database, Id project,
                                                              Id dataset_version, Id model_version,
                                                              PageRequest page);

}  // namespace assay::store
