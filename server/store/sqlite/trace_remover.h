#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "server/store/sqlite/database.h"
#include "server/store/trace_query.h"

namespace assay::store {

// Removes spans of the oldest traces of all projects, by arrival, up to about `max_spans`; of a
// larger trace a part at a time. Only of traces that arrived before `before_us`.
absl::StatusOr<RemovedTraces> RemoveOldestTraces(Database& database, std::int64_t before_us,
                                                 std::int64_t max_spans);

}  // namespace assay::store
