#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "server/run/run_inputs.h"
#include "server/store/store.h"

namespace assay::run {

// Spans that the store has now of the traces that two output sets name: what the span latencies of
// a comparison rest on, to tell whether spans came or went since. Cheap: 0 without a look at the
// rows when a set names no traces; of large sets, a sample that is the same every time.
absl::StatusOr<std::int64_t> CountNamedSpans(store::Store& store, const RunInputs& baseline,
                                             const RunInputs& candidate);

}  // namespace assay::run
