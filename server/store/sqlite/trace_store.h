#pragma once

#include <atomic>
#include <string_view>
#include <vector>

#include "server/base/clock.h"
#include "server/store/sqlite/read_pool.h"
#include "server/store/sqlite/span_appender.h"
#include "server/store/sqlite/writer.h"
#include "server/store/trace_store.h"

namespace assay::store {

class SqliteTraceStore : public TraceStore {
 public:
  SqliteTraceStore(ReadPool& readers, Writer& writer, Clock& clock)
      : readers_(readers), writer_(writer), clock_(clock) {}

  void AppendSpans(Id project, std::vector<SpanRecord> spans, Done done) override;
  absl::StatusOr<TracePage> FindTraces(Id project, const TraceQuery& query) const override;
  absl::StatusOr<TraceRecord> FindTrace(Id project, std::string_view hex_prefix) const override;
  absl::StatusOr<std::vector<SpanRecord>> ListSpans(Id project, Id trace,
                                                    const SpanWindow& window) const override;
  absl::StatusOr<std::vector<LatencyStep>> ReadLatency(Id project,
                                                       const LatencyQuery& query) const override;
  absl::StatusOr<RemovedTraces> RemoveOldest(std::int64_t before_us,
                                             std::int64_t max_spans) override;
  absl::StatusOr<std::int64_t> RemoveLatency(std::int64_t minutes_before, std::int64_t hours_before,
                                             std::int64_t max_rows) override;
  absl::StatusOr<TraceFileSize> FileSize() const override;
  absl::Status ReleasePages(std::int64_t max_pages) override;
  absl::Status Checkpoint() override;
  void RefuseSpans(bool is_refusing) override;

 private:
  ReadPool& readers_;
  Writer& writer_;
  Clock& clock_;
  SpanAppender appender_;  // of the writer's thread
  std::atomic<bool> is_refusing_ = false;
};

}  // namespace assay::store
