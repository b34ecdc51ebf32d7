#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "server/store/span_records.h"

namespace assay::trace {

// Where the time of a trace went. Children are cut to their parents: clocks of different machines
// disagree, and work may go on after its caller has its answer.
struct SpanTimes {
  // Of the span's duration, the part in which no child was under way.
  std::int64_t self_ns = 0;
  // Of the root's duration, the part for which this span and none of its children was what the
  // end waited for; over a tree these add up to the root's duration. 0 below other roots than the
  // longest.
  std::int64_t critical_ns = 0;
};

// Times of `spans`, in their order. A span whose parent is not there, or that is its own ancestor,
// is a root.
std::vector<SpanTimes> MeasureSpans(const std::vector<store::SpanRecord>& spans);

// All spans of a name and a service within one trace.
struct SpanGroup {
  std::string service;
  std::string name;
  std::int64_t num_spans = 0;
  std::int64_t num_errors = 0;
  std::int64_t total_ns = 0;
  std::int64_t self_ns = 0;
  std::int64_t critical_ns = 0;
  std::int64_t longest_ns = 0;
};

// By self time, largest first. `times` are those of `spans`.
std::vector<SpanGroup> RollUp(const std::vector<store::SpanRecord>& spans,
                              const std::vector<SpanTimes>& times);

}  // namespace assay::trace
