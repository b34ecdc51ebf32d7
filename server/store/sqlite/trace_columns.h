#pragma once

#include "absl/status/status.h"
#include "server/store/span_records.h"
#include "server/store/sqlite/statement.h"

// How traces are selected: the columns that ReadTrace reads, from `traces t`, and the tables that
// their names come from.
#define ASSAY_TRACE_COLUMNS                                                            \
  "SELECT t.id, t.trace_id, n.name, coalesce(v.name, ''), t.start_ns, t.duration_ns, " \
  "t.num_spans, t.num_errors, coalesce(r.name, '') "
#define ASSAY_TRACE_NAMES                          \
  "LEFT JOIN names n ON n.id = t.root_name_id "    \
  "LEFT JOIN names v ON v.id = t.root_service_id " \
  "LEFT JOIN names r ON r.id = t.resource_id "

namespace assay::store {

inline absl::Status ReadTrace(Statement& select, TraceRecord& trace) {
  return select.Read(trace.id, trace.trace_id, trace.root_name, trace.root_service, trace.start_ns,
                     trace.duration_ns, trace.num_spans, trace.num_errors, trace.resource);
}

}  // namespace assay::store
