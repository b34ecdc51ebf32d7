#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "server/store/records.h"
#include "server/store/sqlite/database.h"

namespace assay::store {

// Takes a block of `count` ids from the file's one sequence and returns the first. Part of the
// running write transaction: undone ids are handed out again.
absl::StatusOr<Id> AllocateIds(Database& database, std::int64_t count);

}  // namespace assay::store
