#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "server/store/span_records.h"
#include "server/store/trace_query.h"

namespace assay::v1 {
class QueryLatencyResponse;
class Span;
class Trace;
}  // namespace assay::v1

namespace assay::api {

// Records of traces as messages of the API; `project` is a name.
void ToProto(const std::string& project, const store::TraceRecord& from, v1::Trace& to);
// Without depth and times. DATA_LOSS when the details of the span are damaged.
absl::Status ToProto(const store::SpanRecord& from, v1::Span& to);
// Spans, sources, times and groups of a trace.
absl::Status AddSpans(const std::vector<store::SpanRecord>& spans, v1::Trace& to);
// `steps` by service and name, and by time within these.
void AddSeries(const std::vector<store::LatencyStep>& steps, v1::QueryLatencyResponse& to);

}  // namespace assay::api
