#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "opentelemetry/proto/resource/v1/resource.pb.h"
#include "opentelemetry/proto/trace/v1/trace.pb.h"
#include "schemas/otlp/otlp_target.h"

namespace assay::otlp {

// Sends spans to an OpenTelemetry collector over gRPC, in batches, from a thread of its own. What
// cannot be sent now is tried again when the collector says (RetryInfo), else with growing pauses;
// what it refuses for good is dropped and counted, as are new spans when the queue is full.
// Thread-safe.
class SpanSender {
 public:
  struct Options {
    std::size_t queue_capacity = 16'384;  // spans
    std::size_t batch_spans = 512;
    std::chrono::milliseconds delay{5'000};  // of a batch that is not full
    std::chrono::milliseconds timeout{30'000};
    std::chrono::milliseconds farewell{5'000};  // for what is left at the end
    // Is told when sending starts to fail, with the error, and when it works again; on the thread
    // that sends. Empty: nobody is.
    std::function<void(const absl::Status&)> on_change;
  };
  struct Counters {
    std::int64_t num_sent = 0;
    std::int64_t num_dropped = 0;
    absl::Status last_error;  // of what was dropped or is tried again
  };

  // `resource` is where all spans come from.
  SpanSender(const OtlpTarget& target, opentelemetry::proto::resource::v1::Resource resource,
             Options options);
  // As Close.
  ~SpanSender();
  SpanSender(const SpanSender&) = delete;
  SpanSender& operator=(const SpanSender&) = delete;

  // Queues the spans, or drops and counts them when there is no room. Never blocks.
  void Offer(std::vector<opentelemetry::proto::trace::v1::Span> spans);
  // Sends what is left within the farewell time; later spans are dropped. One caller at a time.
  void Close();
  Counters counters() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace assay::otlp
