#pragma once

#include "absl/status/statusor.h"
#include "server/store/sqlite/database.h"
#include "server/store/trace_query.h"

namespace assay::store {

// Traces that match, in the order asked for. Looks for about half a second at most.
absl::StatusOr<TracePage> FindTraces(Database& database, Id project, const TraceQuery& query);

}  // namespace assay::store
