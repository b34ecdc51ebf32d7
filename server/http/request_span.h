#pragma once

#include <cstddef>
#include <string_view>

#include "server/http/exchange.h"
#include "server/trace/tracer.h"

namespace assay::http {

// The span of one request, above that of the call it makes. Owned by one thread at a time.
class RequestSpan {
 public:
  RequestSpan() = default;  // of no request
  // Begins, below the span that the request's `traceparent` names. Whoever handles the request
  // finds the new span in that header instead, unless it is malformed: then the handler shall judge
  // it.
  RequestSpan(trace::Tracer& tracer, std::string_view name, Request& request);

  // Status code of the answer; 500 and above are errors.
  void SetStatus(int status);
  // Of the whole answer; not said of streams.
  void SetBodySize(std::size_t num_bytes);
  void End() { span_.End(); }

 private:
  trace::Span span_;
};

}  // namespace assay::http
