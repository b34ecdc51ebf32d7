#pragma once

#include <map>
#include <string_view>

#include "absl/status/status.h"
#include "server/base/mutex.h"
#include "server/store/records.h"
#include "server/trace/tracer.h"

namespace assay::run {

// The `run` spans of runs in progress: opened with the first job that this process takes, closed
// when the run ends or this object does. Its jobs' spans are its children, whichever worker runs
// them. After a restart a run has one such span for each process that worked on it. Thread-safe.
class OpenSpans {
 public:
  // `tracer` outlives this object.
  explicit OpenSpans(trace::Tracer& tracer) : tracer_(tracer) {}

  // Context of the span of `run`, opening it as a child of the call that made the run.
  trace::SpanContext Open(const store::RunRecord& run);
  // Ends the span with `status`; does nothing when none is open.
  void Close(store::Id run, const absl::Status& status);

 private:
  trace::Tracer& tracer_;
  Mutex mutex_;
  std::map<store::Id, trace::Span> spans_ ASSAY_GUARDED_BY(mutex_);
};

}  // namespace assay::run
