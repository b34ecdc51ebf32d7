#include "server/run/open_spans.h"

#include <utility>

#include "absl/strings/str_format.h"

namespace assay::run {

trace::SpanContext OpenSpans::Open(const store::RunRecord& run) {
  const MutexLock lock(mutex_);
  if (const auto found = spans_.find(run.id); found != spans_.end()) {
    return found->second.context();
  }
  trace::Span span =
      tracer_.StartSpan("run", trace::ContextFromHex(run.trace_id, run.parent_span_id));
  span.SetResource(absl::StrFormat("runs/%d", run.id));
  span.SetAttribute("rows", run.num_rows);
  return spans_.emplace(run.id, std::move(span)).first->second.context();
}

void OpenSpans::Close(store::Id run, const absl::Status& status) {
  trace::Span span;
  {
    const MutexLock lock(mutex_);
    const auto found = spans_.find(run);
    if (found == spans_.end()) {
      return;
    }
    span = std::move(found->second);
    spans_.erase(found);
  }
  span.SetStatus(status);
  span.End();
}

}  // namespace assay::run
