#pragma once

#include "absl/status/statusor.h"
#include "server/run/scheduler.h"
#include "server/store/store.h"

namespace assay::run {

// A run to be stored: the request checked against the data and made canonical. Ids, times, trace
// and layout of shards are left open. Errors as Scheduler::Submit.
absl::StatusOr<store::RunRecord> MakeRun(store::Store& store, store::Id project,
                                         const RunRequest& request);

// A comparison to be stored, likewise. Errors as Scheduler::Compare.
absl::StatusOr<store::ComparisonRecord> MakeComparison(store::Store& store, store::Id project,
                                                       const ComparisonRequest& request);

}  // namespace assay::run
