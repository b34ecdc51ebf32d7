#include "server/api/otlp_receiver.h"

#include <google/protobuf/util/json_util.h>

#include <chrono>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "opentelemetry/proto/collector/trace/v1/trace_service.pb.h"
#include "server/api/otlp_decoder.h"
#include "server/api/otlp_json.h"
#include "server/api/retry_status.h"

namespace assay::api {
namespace {

// What is decoded before it goes to the store.
constexpr std::size_t kPartSpans = 8192;
constexpr std::size_t kPartBytes = 4 << 20;
constexpr std::chrono::seconds kRetryWhenBusy{1};
constexpr std::chrono::seconds kRetryWhenFull{30};

OtlpResult ResultOf(const OtlpTally& tally) {
  OtlpResult result;
  result.num_rejected = tally.num_rejected;
  if (tally.num_rejected > 0) {
    result.message = absl::StrFormat("%d of %d spans were refused: %s", tally.num_rejected,
                                     tally.num_rejected + tally.num_taken, tally.first_rejection);
  }
  return result;
}

}  // namespace

std::string ExportResponse(const OtlpResult& result, OtlpEncoding encoding) {
  opentelemetry::proto::collector::trace::v1::ExportTraceServiceResponse response;
  if (result.num_rejected > 0 || !result.message.empty()) {
    response.mutable_partial_success()->set_rejected_spans(result.num_rejected);
    response.mutable_partial_success()->set_error_message(result.message);
  }
  if (encoding == OtlpEncoding::kProtobuf) {
    return response.SerializeAsString();
  }
  std::string json;
  // Writing a message of generated code to a string cannot fail.
  (void)google::protobuf::util::MessageToJsonString(response, &json);
  return json;
}

// Room for the bytes of one request, given back at the end.
class OtlpReceiver::Reservation {
 public:
  Reservation(std::atomic<std::int64_t>& pending, std::int64_t size)
      : pending_(pending), size_(size), total_(pending.fetch_add(size) + size) {}
  ~Reservation() { pending_.fetch_sub(size_); }
  Reservation(const Reservation&) = delete;
  Reservation& operator=(const Reservation&) = delete;
  bool IsWithin(std::size_t limit) const { return total_ <= static_cast<std::int64_t>(limit); }

 private:
  std::atomic<std::int64_t>& pending_;
  const std::int64_t size_;
  const std::int64_t total_;
};

absl::Status OtlpReceiver::ForExporter(absl::Status status) const {
  if (absl::IsResourceExhausted(status)) {
    options_.on_full();
    return WithRetry(std::move(status), kRetryWhenFull);
  }
  if (absl::IsUnavailable(status)) {
    return WithRetry(std::move(status), kRetryWhenBusy);
  }
  return status;
}

void OtlpReceiver::CountRefused() {
  ++counters_.num_requests;
  ++counters_.num_refused_requests;
}

void OtlpReceiver::Receive(store::Id project, std::string_view request, OtlpEncoding encoding,
                           const Done& done) {
  ++counters_.num_requests;
  if (request.size() > kMaxRequestBytes) {
    ++counters_.num_refused_requests;
    done(absl::ResourceExhaustedError(absl::StrFormat(
        "the request has %d bytes, at most %d are taken", request.size(), kMaxRequestBytes)));
    return;
  }
  if (encoding == OtlpEncoding::kProtobuf) {
    ReceiveBinary(project, request, encoding, done);
    return;
  }
  absl::StatusOr<std::string> binary = OtlpJsonToBinary(request);
  if (!binary.ok()) {
    ++counters_.num_refused_requests;
    done(binary.status());
    return;
  }
  ReceiveBinary(project, *binary, encoding, done);
}

void OtlpReceiver::ReceiveBinary(store::Id project, std::string_view request, OtlpEncoding encoding,
                                 const Done& done) {
  const auto reservation = std::make_shared<Reservation>(counters_.num_pending_bytes,
                                                         static_cast<std::int64_t>(request.size()));
  if (!reservation->IsWithin(options_.max_pending_bytes)) {
    ++counters_.num_refused_requests;
    done(WithRetry(absl::UnavailableError("too many spans are on their way; try again"),
                   kRetryWhenBusy));
    return;
  }
  OtlpDecoder decoder(request, encoding == OtlpEncoding::kJson ? OtlpDecoder::Ids::kHexText
                                                               : OtlpDecoder::Ids::kBytes);
  std::vector<store::SpanRecord> part;
  for (;;) {
    absl::StatusOr<std::vector<store::SpanRecord>> next = decoder.Next(kPartSpans, kPartBytes);
    if (!next.ok()) {
      ++counters_.num_refused_requests;
      done(next.status());
      return;
    }
    if (next->empty()) {
      break;
    }
    if (!part.empty()) {
      if (absl::Status status = store_.Append(project, std::move(part)); !status.ok()) {
        done(ForExporter(std::move(status)));
        return;
      }
    }
    part = *std::move(next);
  }
  const OtlpTally& tally = decoder.tally();
  counters_.num_rejected_spans += tally.num_rejected;
  counters_.num_backward_spans += tally.num_backward;
  counters_.num_cut_values += tally.num_cut;
  if (part.empty()) {
    done(ResultOf(tally));
    return;
  }
  store_.AppendSpans(project, std::move(part),
                     [this, result = ResultOf(tally), num_taken = tally.num_taken, reservation,
                      done](absl::Status status) {
                       if (!status.ok()) {
                         done(ForExporter(std::move(status)));
                         return;
                       }
                       counters_.num_taken_spans += num_taken;
                       done(result);
                     });
}

}  // namespace assay::api
