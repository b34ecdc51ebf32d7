#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "evaluators/compare/comparison.h"
#include "evaluators/compare/gate.h"
#include "evaluators/evaluator.h"
#include "server/run/fairness.h"
#include "server/run/job_control.h"
#include "server/run/pairing.h"
#include "server/run/run_inputs.h"
#include "server/store/store.h"

namespace assay::run {

// Bounds of the work: paired rows whose `trace_id` is looked at, rows whose traces are read, spans
// of a trace, and names that are reported.
inline constexpr std::int64_t kMaxIdRows = 20'000;
inline constexpr std::size_t kMaxTracedRows = 2'000;
inline constexpr std::int32_t kMaxSpansOfTrace = 1'000;
inline constexpr std::size_t kMaxSpanNames = 5;

// The column of trace ids; nullptr when the outputs do not name traces. Refers to the inputs.
const store::ColumnRecord* FindTraceIds(const RunInputs& inputs);
// True when a row of that column has the form of an id.
bool NamesTrace(const Column& ids, std::int64_t at);

// True for metrics of the times of spans.
inline bool IsSpanMetric(std::string_view id) { return id.starts_with("span:"); }
// What is wrong with a gate on one, whatever the traces say: only quantiles gate, over all rows.
// INVALID_ARGUMENT, naming `gates[index]`.
absl::Status CheckSpanGate(const Gate& gate, std::size_t index);

// What is compared. `is_paired` and `options.cluster_of` go by the candidate's rows.
struct SpanRequest {
  const ComparedRun& baseline;
  const ComparedRun& candidate;
  const Pairing& pairing;
  std::span<const std::uint8_t> is_paired;
  const Policy& policy;
  TestOptions options;
};

struct SpanLatencies {
  // By name, that with the most time first: `span:NAME.ratio`, `span:NAME.p50`, `.p95`, `.p99`. The
  // value of a row is the time of its trace's spans of that name, added up, microseconds.
  std::vector<MetricComparison> metrics;
  std::vector<CorpusDraws> draws;  // of the quantiles that gates name
  std::vector<std::string> notes;  // what was left out, a sentence each
};

// Latency by span name of the paired rows whose outputs name a trace on both sides, with the names
// that gates ask for; without gates empty when no output names a trace that is there. A gate has no
// draws, and its metric a note, where there is nothing to judge, or where the policy's coverage is
// missed: fewer pairs of traces are there than that share, so that a side could have lost its slow
// ones. A trace that several rows name counts for the first of them, because its spans do not say
// which row they served; traces that are not there count as missing rows. Of too many rows a sample
// at even distances. CANCELLED when `control` asks to stop.
absl::StatusOr<SpanLatencies> CompareSpans(store::Store& store, store::Id project,
                                           const SpanRequest& request,
                                           const ParallelFor& parallel_for,
                                           const JobControl& control);

}  // namespace assay::run
