#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluators/model/architecture.h"
#include "server/run/run_inputs.h"
#include "server/store/store.h"

namespace assay::run {

// What some runtime answered, beside the features that it answered for.
struct RecordedOutputs {
  std::vector<float> features;   // num_features a row, finite
  std::vector<double> values;    // of the logits or the embedding, as many a row as the block gives
  std::int64_t num_rows = 0;     // that have both
  std::int64_t num_skipped = 0;  // without features, or with one that is not finite; without answer
};

// Up to `max_rows` rows of an output set: its `logits`, or its `embedding` where the model has no
// logits. Of several outputs for an example the first that is no error counts. FAILED_PRECONDITION
// when the set has no such column, or one of another width, and as FindFeatures.
absl::StatusOr<RecordedOutputs> ReadRecordedOutputs(store::Store& store, const RunInputs& inputs,
                                                    const Architecture& architecture,
                                                    std::int64_t max_rows);

}  // namespace assay::run
