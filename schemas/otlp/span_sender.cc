#include "schemas/otlp/span_sender.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <iterator>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "opentelemetry/proto/collector/trace/v1/trace_service.grpc.pb.h"

namespace assay::otlp {
namespace {

namespace proto = opentelemetry::proto;
using proto::collector::trace::v1::ExportTraceServiceRequest;
using proto::collector::trace::v1::ExportTraceServiceResponse;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using Batch = std::vector<proto::trace::v1::Span>;

constexpr milliseconds kFirstPause{500};
constexpr milliseconds kLongestPause{30'000};

// A collector that asks for more has lost count; the spans in the queue are stale by then.
constexpr milliseconds kLongestDelay = std::chrono::hours(1);

// When the collector wants to be asked again: google.rpc.RetryInfo of the status. Absent when it
// does not say; 0 when it leaves the time to us.
std::optional<milliseconds> RetryDelay(const grpc::Status& status) {
  google::rpc::Status details;
  if (!details.ParseFromString(status.error_details())) {
    return std::nullopt;
  }
  for (const google::protobuf::Any& detail : details.details()) {
    google::rpc::RetryInfo info;
    if (!detail.type_url().ends_with("/google.rpc.RetryInfo") ||
        !info.ParseFromString(detail.value())) {
      continue;
    }
    const std::int64_t seconds = std::clamp<std::int64_t>(
        info.retry_delay().seconds(), 0,
        std::chrono::duration_cast<std::chrono::seconds>(kLongestDelay).count());
    const std::chrono::nanoseconds nanos(std::max(info.retry_delay().nanos(), 0));
    return std::min(kLongestDelay,
                    std::chrono::ceil<milliseconds>(std::chrono::seconds(seconds) + nanos));
  }
  return std::nullopt;
}

// As OTLP says: a collector that is full is asked again only when it says when.
bool IsRetryable(grpc::StatusCode code, bool has_delay) {
  switch (code) {
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
      return has_delay;
    case grpc::StatusCode::CANCELLED:
    case grpc::StatusCode::DEADLINE_EXCEEDED:
    case grpc::StatusCode::ABORTED:
    case grpc::StatusCode::OUT_OF_RANGE:
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::DATA_LOSS:
      return true;
    default:
      return false;
  }
}

absl::Status ToAbsl(const grpc::Status& status) {
  return {static_cast<absl::StatusCode>(status.error_code()), status.error_message()};
}

}  // namespace

class SpanSender::Impl {
 public:
  Impl(const OtlpTarget& target, proto::resource::v1::Resource resource, Options options)
      : options_(std::move(options)),
        headers_(target.headers),
        resource_(std::move(resource)),
        stub_(proto::collector::trace::v1::TraceService::NewStub(grpc::CreateChannel(
            target.address, target.uses_tls ? grpc::SslCredentials(grpc::SslCredentialsOptions())
                                            : grpc::InsecureChannelCredentials()))),
        thread_([this] { Loop(); }) {}

  ~Impl() { Close(); }

  void Close() {
    if (!thread_.joinable()) {
      return;
    }
    {
      std::unique_lock<std::mutex> lock(mutex_);
      is_closing_ = true;
      give_up_at_ = steady_clock::now() + options_.farewell;
      wakes_.notify_all();
      // A call that began before has a longer deadline.
      if (!ended_.wait_until(lock, give_up_at_, [this] { return has_ended_; }) &&
          call_ != nullptr) {
        call_->TryCancel();
      }
    }
    thread_.join();
  }

  void Offer(Batch spans) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const std::size_t room =
        is_closing_ ? 0
                    : options_.queue_capacity - std::min(queue_.size(), options_.queue_capacity);
    const auto num_taken = static_cast<std::ptrdiff_t>(std::min(room, spans.size()));
    queue_.insert(queue_.end(), std::make_move_iterator(spans.begin()),
                  std::make_move_iterator(spans.begin() + num_taken));
    counters_.num_dropped += std::ssize(spans) - num_taken;
    wakes_.notify_all();
  }

  Counters counters() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return counters_;
  }

 private:
  void Loop() {
    for (;;) {
      Batch batch = WaitForBatch();
      if (batch.empty()) {
        break;
      }
      const std::int64_t num_spans = std::ssize(batch);
      const bool is_sent = Send(std::move(batch));
      const std::lock_guard<std::mutex> lock(mutex_);
      (is_sent ? counters_.num_sent : counters_.num_dropped) += num_spans;
    }
    const std::lock_guard<std::mutex> lock(mutex_);
    has_ended_ = true;
    ended_.notify_all();
  }

  // Empty once closed with nothing left.
  Batch WaitForBatch() {
    std::unique_lock<std::mutex> lock(mutex_);
    wakes_.wait(lock, [this] { return is_closing_ || !queue_.empty(); });
    wakes_.wait_for(lock, options_.delay,
                    [this] { return is_closing_ || queue_.size() >= options_.batch_spans; });
    const auto end =
        queue_.begin() + static_cast<std::ptrdiff_t>(std::min(queue_.size(), options_.batch_spans));
    Batch batch(std::make_move_iterator(queue_.begin()), std::make_move_iterator(end));
    queue_.erase(queue_.begin(), end);
    return batch;
  }

  // False when the collector refuses the spans, or time is over.
  bool Send(Batch batch) {
    ExportTraceServiceRequest request;
    proto::trace::v1::ResourceSpans& resource_spans = *request.add_resource_spans();
    *resource_spans.mutable_resource() = resource_;
    proto::trace::v1::ScopeSpans& scope = *resource_spans.add_scope_spans();
    scope.mutable_scope()->set_name("assay");
    for (proto::trace::v1::Span& span : batch) {
      *scope.add_spans() = std::move(span);
    }
    for (milliseconds pause = kFirstPause;; pause = std::min(pause * 2, kLongestPause)) {
      const grpc::Status status = Call(request);
      NoteChange(status);
      if (status.ok()) {
        return true;
      }
      const std::optional<milliseconds> delay = RetryDelay(status);
      if (!IsRetryable(status.error_code(), delay.has_value())) {
        return false;
      }
      // What the collector says is the least time; else around our own.
      const bool is_told = delay.value_or(milliseconds(0)) > milliseconds(0);
      if (!(is_told ? Sleep(*delay, 1.0) : Sleep(pause, 0.8))) {
        return false;
      }
    }
  }

  grpc::Status Call(const ExportTraceServiceRequest& request) {
    grpc::ClientContext context;
    for (const auto& [key, value] : headers_) {
      context.AddMetadata(key, value);
    }
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      call_ = &context;
      context.set_deadline(std::chrono::system_clock::now() + CallTimeLocked());
    }
    ExportTraceServiceResponse response;
    grpc::Status status = stub_->Export(&context, request, &response);
    const std::lock_guard<std::mutex> lock(mutex_);
    call_ = nullptr;
    return status;
  }

  milliseconds CallTimeLocked() const {
    const auto left = std::chrono::duration_cast<milliseconds>(give_up_at_ - steady_clock::now());
    return is_closing_ ? std::clamp(left, milliseconds(1), options_.timeout) : options_.timeout;
  }

  // Between `least` and 1.2 times `pause`. False when it is time to give up: at the end there must
  // be time for another attempt after it.
  bool Sleep(milliseconds pause, double least) {
    const auto until = steady_clock::now() +
                       std::chrono::duration_cast<milliseconds>(
                           pause * std::uniform_real_distribution<double>(least, 1.2)(random_));
    const auto is_too_late = [&] { return is_closing_ && until + kFirstPause >= give_up_at_; };
    std::unique_lock<std::mutex> lock(mutex_);
    wakes_.wait_until(lock, until, is_too_late);
    return !is_too_late();
  }

  void NoteChange(const grpc::Status& status) {
    if (!status.ok()) {
      const std::lock_guard<std::mutex> lock(mutex_);
      counters_.last_error = ToAbsl(status);
    }
    if (status.ok() == is_failing_ && options_.on_change) {
      options_.on_change(ToAbsl(status));
    }
    is_failing_ = !status.ok();
  }

  const Options options_;
  const std::vector<std::pair<std::string, std::string>> headers_;
  const proto::resource::v1::Resource resource_;
  const std::unique_ptr<proto::collector::trace::v1::TraceService::Stub> stub_;
  // Of the sending thread.
  bool is_failing_ = false;
  std::minstd_rand random_{std::random_device{}()};

  std::mutex mutex_;  // guards what follows
  std::condition_variable wakes_;
  std::condition_variable ended_;
  std::deque<proto::trace::v1::Span> queue_;
  Counters counters_;
  grpc::ClientContext* call_ = nullptr;  // under way
  bool is_closing_ = false;
  bool has_ended_ = false;
  steady_clock::time_point give_up_at_;
  std::thread thread_;  // of the caller of Close
};

SpanSender::SpanSender(const OtlpTarget& target, proto::resource::v1::Resource resource,
                       Options options)
    : impl_(std::make_unique<Impl>(target, std::move(resource), std::move(options))) {}

SpanSender::~SpanSender() = default;

void SpanSender::Offer(Batch spans) { impl_->Offer(std::move(spans)); }

void SpanSender::Close() { impl_->Close(); }

SpanSender::Counters SpanSender::counters() const { return impl_->counters(); }

}  // namespace assay::otlp
