#pragma once

#include <functional>
#include <string_view>

#include "absl/status/statusor.h"
#include "evaluators/evaluator.h"
#include "server/ingest/ingestor.h"
#include "server/store/store.h"
#include "server/trace/tracer.h"

namespace assay::run {

// Name of the span around the work of ProduceOutputs.
inline constexpr std::string_view kOutputsSpan = "model.outputs";

// What producing outputs works with. All outlive the call.
struct OutputProduction {
  store::Store& store;
  ingest::Ingestor& ingestor;
  trace::Tracer& tracer;
  trace::SpanContext parent;
  std::function<absl::Status()> check_alive;  // an error stops the work
  const ParallelFor& parallel_for;            // shares out the rows of a block
};

// Runs a model version with artifacts on the `features` of a dataset version and stores what it
// answers: `key`, `logits`, `probabilities`, `label` and `embedding`, as far as the architecture
// names them, and `ranking` of the dataset's documents by embedding, where it has any. Returns the
// output set; the same outputs are stored once. A row without features, or with one that is not
// finite, becomes an error row. FAILED_PRECONDITION when the features have another length than the
// model takes, or there are none; nothing is stored then.
absl::StatusOr<store::Id> ProduceOutputs(const OutputProduction& production, store::Id project,
                                         const store::DatasetVersionRecord& dataset,
                                         const store::ModelVersionRecord& version);

// The `features` column of the rows of a dataset version, for a model that takes `num_features`.
// FAILED_PRECONDITION as above.
absl::StatusOr<store::ColumnRecord> FindFeatures(store::Store& store, store::Id project,
                                                 const store::DatasetVersionRecord& dataset,
                                                 std::int64_t num_features, store::Table table);

}  // namespace assay::run
