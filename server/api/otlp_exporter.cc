#include "server/api/otlp_exporter.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <iterator>
#include <map>
#include <random>
#include <span>
#include <thread>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "opentelemetry/proto/collector/trace/v1/trace_service.grpc.pb.h"
#include "server/base/log.h"
#include "server/base/mutex.h"
#include "server/store/span_details.h"

namespace assay::api {
namespace {

namespace otlp = opentelemetry::proto;
using otlp::collector::trace::v1::ExportTraceServiceRequest;
using otlp::collector::trace::v1::ExportTraceServiceResponse;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kFirstPause{500};
constexpr milliseconds kLongestPause{30'000};
constexpr std::string_view kDefaultPort = ":4317";

std::string Variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// The first variable that is set, with its value.
std::pair<std::string, std::string> FirstVariable(const char* special, const char* general) {
  std::string value = Variable(special);
  if (!value.empty()) {
    return {special, std::move(value)};
  }
  return {general, Variable(general)};
}

bool IsRetryable(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::CANCELLED:
    case grpc::StatusCode::DEADLINE_EXCEEDED:
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
    case grpc::StatusCode::ABORTED:
    case grpc::StatusCode::OUT_OF_RANGE:
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::DATA_LOSS:
      return true;
    default:
      return false;
  }
}

void SetValue(const store::SpanAttribute& from, otlp::common::v1::AnyValue& to) {
  switch (from.type) {
    case store::ValueType::kBool:
      to.set_bool_value(from.value == "true");
      return;
    case store::ValueType::kInt64: {
      std::int64_t number = 0;
      if (absl::SimpleAtoi(from.value, &number)) {
        to.set_int_value(number);
        return;
      }
      break;
    }
    case store::ValueType::kDouble: {
      double number = 0;
      if (absl::SimpleAtod(from.value, &number)) {
        to.set_double_value(number);
        return;
      }
      break;
    }
    case store::ValueType::kBytes:
      to.set_bytes_value(from.value);
      return;
    case store::ValueType::kText:
    case store::ValueType::kJson:
      break;
  }
  to.set_string_value(from.value);
}

template <typename Message>
void SetAttributes(const std::vector<store::SpanAttribute>& from, Message& to) {
  for (const store::SpanAttribute& attribute : from) {
    otlp::common::v1::KeyValue& key_value = *to.add_attributes();
    key_value.set_key(attribute.key);
    SetValue(attribute, *key_value.mutable_value());
  }
}

std::string Bytes(std::span<const std::uint8_t> id) { return {id.begin(), id.end()}; }

void SetResource(const store::SpanSource& source, otlp::trace::v1::ResourceSpans& to) {
  otlp::common::v1::KeyValue& service = *to.mutable_resource()->add_attributes();
  service.set_key("service.name");
  service.mutable_value()->set_string_value(source.service);
  const std::optional<store::SpanDetails> details = store::DecodeSpanDetails(source.details);
  if (details.has_value()) {
    SetAttributes(details->attributes, *to.mutable_resource());
  }
}

}  // namespace

bool ToOtlp(const store::SpanRecord& from, otlp::trace::v1::Span& to) {
  to.set_trace_id(Bytes(from.trace_id));
  to.set_span_id(Bytes(from.span_id));
  if (from.parent_span_id != store::SpanId{}) {
    to.set_parent_span_id(Bytes(from.parent_span_id));
  }
  to.set_name(from.name);
  to.set_kind(static_cast<otlp::trace::v1::Span::SpanKind>(from.kind));
  to.set_start_time_unix_nano(static_cast<std::uint64_t>(from.start_ns));
  to.set_end_time_unix_nano(static_cast<std::uint64_t>(from.start_ns + from.duration_ns));
  to.mutable_status()->set_code(static_cast<otlp::trace::v1::Status::StatusCode>(from.status));
  to.mutable_status()->set_message(from.status_message);
  const std::optional<store::SpanDetails> details = store::DecodeSpanDetails(from.details);
  if (!details.has_value()) {
    return false;
  }
  SetAttributes(details->attributes, to);
  if (!from.resource.empty()) {
    otlp::common::v1::KeyValue& resource = *to.add_attributes();
    resource.set_key("assay.resource");
    resource.mutable_value()->set_string_value(from.resource);
  }
  to.set_trace_state(details->trace_state);
  to.set_dropped_attributes_count(details->num_dropped_attributes);
  to.set_dropped_events_count(details->num_dropped_events);
  to.set_dropped_links_count(details->num_dropped_links);
  for (const store::SpanEvent& event : details->events) {
    otlp::trace::v1::Span::Event& message = *to.add_events();
    message.set_time_unix_nano(static_cast<std::uint64_t>(event.time_ns));
    message.set_name(event.name);
    message.set_dropped_attributes_count(event.num_dropped_attributes);
    SetAttributes(event.attributes, message);
  }
  for (const store::SpanLink& link : details->links) {
    otlp::trace::v1::Span::Link& message = *to.add_links();
    message.set_trace_id(Bytes(link.trace_id));
    message.set_span_id(Bytes(link.span_id));
    message.set_trace_state(link.trace_state);
    message.set_dropped_attributes_count(link.num_dropped_attributes);
    SetAttributes(link.attributes, message);
  }
  return true;
}

absl::StatusOr<std::optional<OtlpTarget>> OtlpTargetFromEnvironment() {
  const auto [name, url] =
      FirstVariable("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT");
  if (url.empty()) {
    return std::nullopt;
  }
  const auto [protocol_name, protocol] =
      FirstVariable("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL");
  if (!protocol.empty() && protocol != "grpc") {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s: only grpc is spoken: '%s'", protocol_name, protocol));
  }
  OtlpTarget target;
  std::string_view rest = url;
  for (const auto& [scheme, uses_tls] : {std::pair{std::string_view("http://"), false},
                                         std::pair{std::string_view("https://"), true}}) {
    if (rest.starts_with(scheme)) {
      target.uses_tls = uses_tls;
      target.address = std::string(rest.substr(scheme.size()));
    }
  }
  while (target.address.ends_with('/')) {
    target.address.pop_back();
  }
  if (target.address.empty() || target.address.find('/') != std::string::npos) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s: expected http://HOST:PORT or https://HOST:PORT: '%s'", name, url));
  }
  const std::size_t bracket = target.address.rfind(']');
  if (target.address.find(':', bracket == std::string::npos ? 0 : bracket) == std::string::npos) {
    target.address += kDefaultPort;
  }
  const auto [headers_name, headers] =
      FirstVariable("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS");
  for (const absl::string_view part : absl::StrSplit(headers, ',', absl::SkipWhitespace())) {
    const std::pair<std::string, std::string> header =
        absl::StrSplit(absl::StripAsciiWhitespace(part), absl::MaxSplits('=', 1));
    const bool is_name =
        !header.first.empty() && std::all_of(header.first.begin(), header.first.end(), [](char c) {
          return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' ||
                 c == '.';
        });
    const bool is_value = std::all_of(header.second.begin(), header.second.end(),
                                      [](char c) { return c >= 0x20 && c < 0x7F; });
    if (!is_name || !is_value) {
      return absl::InvalidArgumentError(
          absl::StrFormat("%s: expected KEY=VALUE,... in printable ASCII", headers_name));
    }
    target.headers.emplace_back(absl::AsciiStrToLower(header.first), header.second);
  }
  return target;
}

class OtlpExporter::Impl {
 public:
  Impl(const OtlpTarget& target, Options options)
      : options_(options),
        headers_(target.headers),
        address_(target.address),
        stub_(otlp::collector::trace::v1::TraceService::NewStub(grpc::CreateChannel(
            target.address, target.uses_tls ? grpc::SslCredentials(grpc::SslCredentialsOptions())
                                            : grpc::InsecureChannelCredentials()))),
        thread_([this] { Loop(); }) {}

  ~Impl() {
    {
      const MutexLock lock(mutex_);
      is_closing_ = true;
      give_up_at_ = steady_clock::now() + options_.farewell;
    }
    wakes_.notify_all();
    thread_.join();
  }

  void Offer(const std::vector<store::SpanRecord>& spans) {
    bool wakes = false;
    {
      const MutexLock lock(mutex_);
      const std::size_t room =
          options_.queue_capacity - std::min(queue_.size(), options_.queue_capacity);
      const std::size_t num_taken = std::min(room, spans.size());
      queue_.insert(queue_.end(), spans.begin(),
                    spans.begin() + static_cast<std::ptrdiff_t>(num_taken));
      counters_.num_dropped += std::ssize(spans) - static_cast<std::int64_t>(num_taken);
      wakes = num_taken > 0;
    }
    if (wakes) {
      wakes_.notify_all();
    }
  }

  Counters counters() {
    const MutexLock lock(mutex_);
    return counters_;
  }

 private:
  void Loop() {
    for (;;) {
      std::vector<store::SpanRecord> batch = WaitForBatch();
      if (batch.empty()) {
        return;
      }
      const bool is_sent = Send(batch);
      const MutexLock lock(mutex_);
      (is_sent ? counters_.num_sent : counters_.num_dropped) += std::ssize(batch);
    }
  }

  // Empty once closed with nothing left.
  std::vector<store::SpanRecord> WaitForBatch() {
    MutexLock lock(mutex_);
    while (!is_closing_ && queue_.empty()) {
      lock.Wait(wakes_);
    }
    const auto deadline = steady_clock::now() + options_.delay;
    while (!is_closing_ && queue_.size() < options_.batch_spans &&
           lock.WaitUntil(wakes_, deadline)) {
    }
    const auto end =
        queue_.begin() + static_cast<std::ptrdiff_t>(std::min(queue_.size(), options_.batch_spans));
    std::vector<store::SpanRecord> batch(std::make_move_iterator(queue_.begin()),
                                         std::make_move_iterator(end));
    queue_.erase(queue_.begin(), end);
    return batch;
  }

  // False when the collector refuses the spans, or time is over.
  bool Send(const std::vector<store::SpanRecord>& batch) {
    ExportTraceServiceRequest request;
    std::map<const store::SpanSource*, otlp::trace::v1::ScopeSpans*> by_source;
    for (const store::SpanRecord& span : batch) {
      otlp::trace::v1::ScopeSpans*& scope = by_source[span.source.get()];
      if (scope == nullptr) {
        otlp::trace::v1::ResourceSpans& resource_spans = *request.add_resource_spans();
        if (span.source != nullptr) {
          SetResource(*span.source, resource_spans);
        }
        scope = resource_spans.add_scope_spans();
        scope->mutable_scope()->set_name("assay");
      }
      (void)ToOtlp(span, *scope->add_spans());  // Our own details are whole.
    }
    milliseconds pause = kFirstPause;
    for (;;) {
      grpc::ClientContext context;
      context.set_deadline(std::chrono::system_clock::now() + CallTime());
      for (const auto& [key, value] : headers_) {
        context.AddMetadata(key, value);
      }
      ExportTraceServiceResponse response;
      const grpc::Status status = stub_->Export(&context, request, &response);
      LogChange(status);
      if (status.ok()) {
        return true;
      }
      if (!IsRetryable(status.error_code()) || !Sleep(pause)) {
        return false;
      }
      pause = std::min(pause * 2, kLongestPause);
    }
  }

  milliseconds CallTime() {
    const MutexLock lock(mutex_);
    return is_closing_
               ? std::clamp(
                     std::chrono::duration_cast<milliseconds>(give_up_at_ - steady_clock::now()),
                     milliseconds(1), options_.timeout)
               : options_.timeout;
  }

  // Somewhat more or less than `pause`. False when it is time to give up.
  bool Sleep(milliseconds pause) {
    const auto jittered = std::chrono::duration_cast<milliseconds>(
        pause * std::uniform_real_distribution<double>(0.8, 1.2)(random_));
    MutexLock lock(mutex_);
    const auto deadline = steady_clock::now() + jittered;
    while (!is_closing_ && lock.WaitUntil(wakes_, deadline)) {
    }
    return !is_closing_ || steady_clock::now() + kFirstPause < give_up_at_;
  }

  // One line when sending starts to fail and one when it works again.
  void LogChange(const grpc::Status& status) {
    if (!status.ok() && !is_failing_) {
      Log(LogLevel::kWarning, "spans cannot be exported",
          {{"address", address_}, {"error", status.error_message()}});
    } else if (status.ok() && is_failing_) {
      Log(LogLevel::kInfo, "spans are exported again", {{"address", address_}});
    }
    is_failing_ = !status.ok();
  }

  const Options options_;
  const std::vector<std::pair<std::string, std::string>> headers_;
  const std::string address_;
  const std::unique_ptr<otlp::collector::trace::v1::TraceService::Stub> stub_;
  std::mt19937 random_{std::random_device{}()};  // of the thread
  bool is_failing_ = false;                      // of the thread

  Mutex mutex_;
  std::condition_variable wakes_;
  std::deque<store::SpanRecord> queue_ ASSAY_GUARDED_BY(mutex_);
  bool is_closing_ ASSAY_GUARDED_BY(mutex_) = false;
  steady_clock::time_point give_up_at_ ASSAY_GUARDED_BY(mutex_) = steady_clock::time_point::max();
  Counters counters_ ASSAY_GUARDED_BY(mutex_);
  std::thread thread_;
};

OtlpExporter::OtlpExporter(const OtlpTarget& target, Options options)
    : impl_(std::make_unique<Impl>(target, options)) {}

OtlpExporter::~OtlpExporter() = default;

void OtlpExporter::Offer(const std::vector<store::SpanRecord>& spans) { impl_->Offer(spans); }

OtlpExporter::Counters OtlpExporter::counters() const { return impl_->counters(); }

}  // namespace assay::api
