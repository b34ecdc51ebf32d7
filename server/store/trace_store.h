#pragma once

#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/store/records.h"

namespace assay::store {

// Spans, by trace. Thread-safe.
class TraceStore {
 public:
  virtual ~TraceStore() = default;
  // Stores spans, durable on return. A span that is already stored is left as it is.
  virtual absl::Status Append(Id project, const std::vector<SpanRecord>& spans) = 0;
  // Newest first; an empty resource means any.
  virtual absl::StatusOr<std::vector<TraceRecord>> ListTraces(Id project, std::string_view resource,
                                                              PageRequest page) const = 0;
  // The trace whose id starts with `hex_prefix` (4 to 32 hex digits). NOT_FOUND, or
  // INVALID_ARGUMENT when several do.
  virtual absl::StatusOr<TraceRecord> FindTrace(Id project, std::string_view hex_prefix) const = 0;
  // All spans of a trace by start.
  virtual absl::StatusOr<std::vector<SpanRecord>> ListSpans(Id project, Id trace) const = 0;
};

}  // namespace assay::store
