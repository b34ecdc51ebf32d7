#pragma once

#include <vector>

#include "opentelemetry/proto/trace/v1/trace.pb.h"
#include "schemas/otlp/otlp_target.h"
#include "schemas/otlp/span_sender.h"
#include "server/trace/span_exporter.h"

namespace assay::api {

// Sends the server's own spans to an OpenTelemetry collector; see otlp::SpanSender. Thread-safe.
class OtlpExporter : public trace::SpanExporter {
 public:
  // `source` is that of all spans.
  OtlpExporter(const otlp::OtlpTarget& target, const store::SpanSource& source);
  // Sends what is left within five seconds.
  ~OtlpExporter() override;

  void Offer(const std::vector<store::SpanRecord>& spans) override;
  otlp::SpanSender::Counters counters() const;

 private:
  otlp::SpanSender sender_;
};

// A stored span as OTLP has it. False when its details are damaged; what could be read is there.
bool ToOtlp(const store::SpanRecord& from, opentelemetry::proto::trace::v1::Span& to);

}  // namespace assay::api
