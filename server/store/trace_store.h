#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/store/records.h"
#include "server/store/span_records.h"
#include "server/store/trace_query.h"

namespace assay::store {

// Bytes of the file of traces without its log: those in use, and those of pages that wait to be
// used again or given back.
struct TraceFileSize {
  std::int64_t used_bytes = 0;
  std::int64_t free_bytes = 0;
};

// Spans, by trace. Thread-safe.
class TraceStore {
 public:
  using Done = std::function<void(absl::Status)>;

  virtual ~TraceStore() = default;
  // Stores spans and calls `done` on a thread of the store's once they are durable; `done` must be
  // quick. A span that is already stored is left as it is.
  virtual void AppendSpans(Id project, std::vector<SpanRecord> spans, Done done) = 0;
  // The same, durable on return.
  absl::Status Append(Id project, std::vector<SpanRecord> spans);

  virtual absl::StatusOr<TracePage> FindTraces(Id project, const TraceQuery& query) const = 0;
  // The trace whose id starts with `hex_prefix` (4 to 32 hex digits). NOT_FOUND, or
  // INVALID_ARGUMENT when several do.
  virtual absl::StatusOr<TraceRecord> FindTrace(Id project, std::string_view hex_prefix) const = 0;
  // Spans of a trace by start.
  virtual absl::StatusOr<std::vector<SpanRecord>> ListSpans(Id project, Id trace,
                                                            const SpanWindow& window) const = 0;
  // Durations from histograms, by service, name and time.
  virtual absl::StatusOr<std::vector<LatencyStep>> ReadLatency(Id project,
                                                               const LatencyQuery& query) const = 0;

  // Removes the oldest traces of all projects that arrived before `before_us`, until about
  // `max_spans` spans are gone.
  virtual absl::StatusOr<RemovedTraces> RemoveOldest(std::int64_t before_us,
                                                     std::int64_t max_spans) = 0;
  // Removes histograms of minutes and of hours that ended before these (since the Unix epoch), at
  // most `max_rows`; the number removed.
  virtual absl::StatusOr<std::int64_t> RemoveLatency(std::int64_t minutes_before,
                                                     std::int64_t hours_before,
                                                     std::int64_t max_rows) = 0;
  virtual absl::StatusOr<TraceFileSize> FileSize() const = 0;
  // Gives up to so many free pages back to the file system.
  virtual absl::Status ReleasePages(std::int64_t max_pages) = 0;
  // Copies the log into the file and gives the log's space, and that of released pages, back to the
  // file system. RESOURCE_EXHAUSTED when the file has no room to grow for it, UNAVAILABLE when
  // somebody reads for long.
  virtual absl::Status Checkpoint() = 0;
  // From now on refuses spans with UNAVAILABLE, also those that wait to be written, or takes them
  // again: whoever makes room must not lose it to them meanwhile.
  virtual void RefuseSpans(bool is_refusing) = 0;
};

}  // namespace assay::store
