#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "server/trace/span_exporter.h"

namespace opentelemetry::proto::trace::v1 {
class Span;
}

namespace assay::api {

// Where spans go and how.
struct OtlpTarget {
  std::string address;  // HOST:PORT
  bool uses_tls = false;
  std::vector<std::pair<std::string, std::string>> headers;
};

// Reads OTEL_EXPORTER_OTLP_TRACES_ENDPOINT or OTEL_EXPORTER_OTLP_ENDPOINT (http://HOST:PORT or
// https://HOST:PORT, 4317 when there is no port) and ..._HEADERS (`KEY=VALUE,...`). Absent when
// there is no endpoint. INVALID_ARGUMENT names the variable that is wrong, also when
// OTEL_EXPORTER_OTLP_PROTOCOL asks for something else than `grpc`.
absl::StatusOr<std::optional<OtlpTarget>> OtlpTargetFromEnvironment();

// Sends spans to an OpenTelemetry collector over gRPC, in batches, from a thread of its own. What
// cannot be sent now is tried again with growing pauses; when the queue is full, new spans are
// dropped and counted. Thread-safe.
class OtlpExporter : public trace::SpanExporter {
 public:
  struct Options {
    std::size_t queue_capacity = 16'384;  // spans
    std::size_t batch_spans = 512;
    std::chrono::milliseconds delay{5'000};  // of a batch that is not full
    std::chrono::milliseconds timeout{30'000};
    std::chrono::milliseconds farewell{5'000};  // for what is left at the end
  };
  struct Counters {
    std::int64_t num_sent = 0;
    std::int64_t num_dropped = 0;
  };

  OtlpExporter(const OtlpTarget& target, Options options);
  // Sends what is left within the farewell time.
  ~OtlpExporter() override;

  void Offer(const std::vector<store::SpanRecord>& spans) override;
  Counters counters() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// A stored span as OTLP has it. False when its details are damaged; what could be read is there.
bool ToOtlp(const store::SpanRecord& from, opentelemetry::proto::trace::v1::Span& to);

}  // namespace assay::api
