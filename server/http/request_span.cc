#include "server/http/request_span.h"

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"

namespace assay::http {

RequestSpan::RequestSpan(trace::Tracer& tracer, std::string_view name, Request& request) {
  const std::optional<std::string_view> header = request.Header("traceparent");
  const std::optional<trace::SpanContext> parent =
      header.has_value() ? trace::ParseTraceparent(*header) : std::nullopt;
  span_ = tracer.StartSpan(name, parent);
  span_.SetKind(store::SpanKind::kServer);
  span_.SetAttribute("http.request.method", request.method);
  span_.SetAttribute("http.request.body.size", static_cast<std::int64_t>(request.body.size()));
  if (!header.has_value()) {
    request.headers.emplace_back("traceparent", "");
  } else if (!parent.has_value()) {
    return;
  }
  for (auto& [key, value] : request.headers) {
    if (key == "traceparent") {
      value =
          absl::StrFormat("00-%s-%s-01", span_.context().TraceIdHex(), span_.context().SpanIdHex());
    }
  }
}

void RequestSpan::SetStatus(int status) {
  constexpr int kFirstServerError = 500;
  span_.SetAttribute("http.response.status_code", std::int64_t{status});
  if (status >= kFirstServerError) {
    span_.SetStatus(absl::InternalError(absl::StrFormat("HTTP status %d", status)));
  }
}

void RequestSpan::SetBodySize(std::size_t num_bytes) {
  span_.SetAttribute("http.response.body.size", static_cast<std::int64_t>(num_bytes));
}

}  // namespace assay::http
