#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "server/run/job_control.h"
#include "server/run/prepared_run.h"
#include "server/store/store.h"
#include "server/trace/tracer.h"

namespace assay::run {

// Scores of some consecutive chunks, ready to be stored.
struct ShardScores {
  std::vector<store::ColumnChunks> columns;
  std::int64_t num_rows = 0;
};

// Scores shard `shard` of a run. The chunks' scores depend on nothing but their rows: neither on
// the size of shards nor on what else runs. Scores of an example with several outputs are averaged.
// Spans are children of `parent`. CANCELLED when `control` says stop; an evaluator's error comes
// back as FAILED_PRECONDITION naming it.
absl::StatusOr<ShardScores> ScoreShard(store::Store& store, const PreparedRun& prepared,
                                       std::int32_t shard, const JobControl& control,
                                       trace::Tracer& tracer, const trace::SpanContext& parent);

}  // namespace assay::run
