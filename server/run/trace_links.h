#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/store/store.h"

namespace assay::run {

// A row of an output set that names a trace.
struct TracedRow {
  store::Id output_set = 0;
  std::int64_t row = 0;
  std::string key;
  std::string span_id;  // as the row has it; empty: none
};

// What mentions a trace. Everything newest first.
struct TraceLinks {
  std::vector<TracedRow> rows;
  std::vector<store::Id> runs;         // of these output sets, and those made in the trace itself
  std::vector<store::Id> comparisons;  // of these runs
};

// The trace, 32 hex digits, in which this server ran the model for an output set: that of the first
// run on the set. Empty for outputs that were pushed, and when the trace is gone.
absl::StatusOr<std::string> TraceOfOutputs(store::Store& store, store::Id project,
                                           const store::OutputSetRecord& outputs);

// Looks through the output sets that have a column `trace_id`, the newest 200, and at most 100 rows
// of each; runs and comparisons are the newest 1,000. `trace_id` is 32 hex digits in lower case.
absl::StatusOr<TraceLinks> FindTraceLinks(store::Store& store, store::Id project,
                                          std::string_view trace_id);

}  // namespace assay::run
