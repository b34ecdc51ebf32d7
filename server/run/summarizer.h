#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "evaluators/evaluator.h"
#include "server/run/job_control.h"
#include "server/run/prepared_run.h"
#include "server/store/store.h"

namespace assay::run {

// What ends a run: summaries, counts, notes and digests.
struct RunSummary {
  store::RunResult result;
  std::vector<store::ColumnRecord> columns;  // of the run, with digests
};

// Reads the score columns of a run whose shards are all scored and summarises them: each metric
// over all rows and over every cohort value, with the two-sided 95 % interval of the mean (Wilson
// for 0/1 scores, Student t otherwise, none for corpus metrics), kept within the metric's range. A
// row counts as undefined when it was scored and has no value. Blocks of one chunk are summed apart
// and merged in order, so every bit of the result, its digest included, is the same for any
// `parallel_for`. FAILED_PRECONDITION when the row filter leaves no row.
absl::StatusOr<RunSummary> SummarizeRun(store::Store& store, const PreparedRun& prepared,
                                        const ParallelFor& parallel_for, const JobControl& control);

}  // namespace assay::run
