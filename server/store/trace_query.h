#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/store/latency_histogram.h"
#include "server/store/span_records.h"

namespace assay::store {

// Which traces, in which order.
struct TraceQuery {
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

  // Where a list went on: behind this trace.
  struct Position {
    Id id = 0;                     // 0: from the beginning
    std::int64_t duration_ns = 0;  // of that trace; for slowest first
  };

  std::string resource;  // "runs/12"; empty: any
  // Of one span of the trace, all of them.
  std::string service;                                          // empty: any
  std::string name;                                             // empty: any
  bool has_error = false;                                       // only failed ones
  std::vector<std::pair<std::string, std::string>> attributes;  // of the span or its source
  // Of the trace.
  std::int64_t min_duration_ns = 0;
  std::int64_t max_duration_ns = kNever;
  std::int64_t start_from_ns = 0;         // inclusive
  std::int64_t start_before_ns = kNever;  // exclusive
  bool is_slowest_first = false;          // else newest first, by arrival
  Position after;
  std::int32_t size = 50;
};

struct TracePage {
  std::vector<TraceRecord> traces;
  // Where to go on. A page that is not full may have one: looking took too long.
  std::optional<TraceQuery::Position> next;
};

// A part of a trace: spans that touch [from_ns, to_ns], the earliest ones.
struct SpanWindow {
  std::int64_t from_ns = 0;
  std::int64_t to_ns = std::numeric_limits<std::int64_t>::max();
  std::int32_t max_spans = std::numeric_limits<std::int32_t>::max();
};

struct LatencyQuery {
  std::string service;             // empty: any
  std::string name;                // empty: any
  std::int64_t from_minute = 0;    // since the Unix epoch, inclusive
  std::int64_t before_minute = 0;  // exclusive
  std::int64_t step_minutes = 1;   // cut into steps from from_minute on
};

// Durations of the spans of one name and service that began within one step.
struct LatencyStep {
  std::string service;
  std::string name;
  std::int64_t minute = 0;  // where the step begins
  std::int64_t num_errors = 0;
  LatencyHistogram durations;
};

struct RemovedTraces {
  std::int64_t num_traces = 0;
  std::int64_t num_spans = 0;
};

}  // namespace assay::store
