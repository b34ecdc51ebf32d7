#include "server/run/named_spans.h"

#include <algorithm>
#include <functional>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "server/base/status_macros.h"
#include "server/run/span_latency.h"

namespace assay::run {
namespace {

// Bounds of the look at one output set, which a request waits for.
constexpr std::int64_t kMaxChunks = 8;
constexpr std::int64_t kMaxRows = 2'000;

using TraceIds = std::set<std::string, std::less<>>;

// Trace ids at even distances.
absl::Status AddTraceIds(store::Store& store, const RunInputs& inputs, TraceIds& ids) {
  const store::ColumnRecord* const column = FindTraceIds(inputs);
  const std::int64_t num_chunks =
      (inputs.outputs.num_rows + store::kChunkRows - 1) / store::kChunkRows;
  const std::int64_t num_read = std::min(num_chunks, kMaxChunks);
  for (std::int64_t i = 0; i < num_read; ++i) {
    ASSAY_ASSIGN_OR_RETURN(const Column chunk,
                           store.columns().ReadChunk(inputs.project, inputs.outputs.id, *column,
                                                     i * num_chunks / num_read));
    const std::int64_t num_taken = std::min(chunk.num_rows, kMaxRows / num_read);
    for (std::int64_t j = 0; j < num_taken; ++j) {
      const std::int64_t row = j * chunk.num_rows / num_taken;
      if (NamesTrace(chunk, row)) {
        ids.emplace(chunk.Text(row));
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::int64_t> CountNamedSpans(store::Store& store, const RunInputs& baseline,
                                             const RunInputs& candidate) {
  if (FindTraceIds(baseline) == nullptr || FindTraceIds(candidate) == nullptr) {
    return 0;
  }
  TraceIds ids;
  ASSAY_RETURN_IF_ERROR(AddTraceIds(store, baseline, ids));
  ASSAY_RETURN_IF_ERROR(AddTraceIds(store, candidate, ids));
  std::int64_t num_spans = 0;
  for (const std::string& id : ids) {
    const absl::StatusOr<store::TraceRecord> trace = store.traces().FindTrace(baseline.project, id);
    if (absl::IsNotFound(trace.status()) || absl::IsInvalidArgument(trace.status())) {
      continue;
    }
    ASSAY_RETURN_IF_ERROR(trace.status());
    num_spans += trace->num_spans;
  }
  return num_spans;
}

}  // namespace assay::run
