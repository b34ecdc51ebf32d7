#pragma once

#include "absl/status/statusor.h"
#include "evaluators/evaluator.h"
#include "server/run/job_control.h"
#include "server/store/store.h"
#include "server/trace/tracer.h"

namespace assay::run {

// Sets two succeeded runs side by side. Runs that differ in what must match are refused, unless the
// comparison allows it; examples of two dataset versions then pair by key, and cohorts are those of
// the candidate's. Metrics of equal id and definition are compared, in the candidate's order; 0/1
// scores that were averaged over several outputs compare as means. Holds the scores of one metric
// at a time, and those that gates name. Bit-identical for any `parallel_for`. Spans are children of
// `parent`.
absl::StatusOr<store::ComparisonResult> CompareRuns(store::Store& store, store::Id project,
                                                    const store::ComparisonRecord& comparison,
                                                    const ParallelFor& parallel_for,
                                                    const JobControl& control,
                                                    trace::Tracer& tracer,
                                                    const trace::SpanContext& parent);

}  // namespace assay::run
