#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "server/store/trace_store.h"

namespace assay::api {

enum class OtlpEncoding : std::uint8_t { kProtobuf, kJson };

// What an exporter is told.
struct OtlpResult {
  std::int64_t num_rejected = 0;
  std::string message;  // empty: every span was taken
};

// The result as a message ExportTraceServiceResponse in the given encoding.
std::string ExportResponse(const OtlpResult& result, OtlpEncoding encoding);

// Takes spans from OpenTelemetry exporters, whichever door they came by, and answers once they are
// durable. Thread-safe.
class OtlpReceiver {
 public:
  // The largest request, after decompression.
  static constexpr std::size_t kMaxRequestBytes = 64 << 20;

  struct Options {
    // Bytes of requests under way at most.
    std::size_t max_pending_bytes = 2 * kMaxRequestBytes;
    // Called, from any thread, when the store has no room for the spans of a request; must be
    // quick.
    std::function<void()> on_full = [] {};
  };
  // Since the start.
  struct Counters {
    std::atomic<std::int64_t> num_requests = 0;
    std::atomic<std::int64_t> num_refused_requests = 0;  // malformed, too large or for lack of room
    std::atomic<std::int64_t> num_taken_spans = 0;
    std::atomic<std::int64_t> num_rejected_spans = 0;
    std::atomic<std::int64_t> num_backward_spans = 0;
    std::atomic<std::int64_t> num_cut_values = 0;
    std::atomic<std::int64_t> num_pending_bytes = 0;
  };
  using Done = std::function<void(const absl::StatusOr<OtlpResult>&)>;

  // `store` outlives the receiver, and the receiver its requests.
  OtlpReceiver(store::TraceStore& store, Options options)
      : store_(store), options_(std::move(options)) {}

  // Decodes `request` on this thread, which takes milliseconds, and calls `done`, which must be
  // quick, on this or another thread once the spans are durable. INVALID_ARGUMENT when the request
  // is malformed; RESOURCE_EXHAUSTED when it is larger than kMaxRequestBytes; UNAVAILABLE and
  // RESOURCE_EXHAUSTED with RetryInfo when it may be sent again later. A large request is stored in
  // parts, so some of it may be there after a failure; sent again, nothing is stored twice.
  void Receive(store::Id project, std::string_view request, OtlpEncoding encoding,
               const Done& done);

  // Counts a request that was refused before its spans could be looked at.
  void CountRefused();

  const Counters& counters() const { return counters_; }

 private:
  class Reservation;
  // A status of the store as an exporter should see it.
  absl::Status ForExporter(absl::Status status) const;
  void ReceiveBinary(store::Id project, std::string_view request, OtlpEncoding encoding,
                     const Done& done);

  store::TraceStore& store_;
  const Options options_;
  Counters counters_;
};

}  // namespace assay::api
