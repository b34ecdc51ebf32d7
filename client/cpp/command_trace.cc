#include "client/cpp/command_trace.h"

#include <grpcpp/grpcpp.h>
#include <grpcpp/support/client_interceptor.h>
#include <unistd.h>

#include <chrono>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "schemas/otlp/span_sender.h"

namespace assay::client {
namespace {

namespace proto = opentelemetry::proto;
using OtlpSpan = proto::trace::v1::Span;
using grpc::experimental::InterceptionHookPoints;
using std::chrono::nanoseconds;
using std::chrono::steady_clock;

constexpr std::size_t kTraceIdBytes = 16;
constexpr std::size_t kSpanIdBytes = 8;
constexpr char kTraceparent[] = "traceparent";

std::string RandomId(std::size_t num_bytes) {
  std::random_device random;
  std::string id;
  while (id.size() < num_bytes) {
    const unsigned int bits = random();
    id.append({static_cast<char>(bits), static_cast<char>(bits >> 8U),
               static_cast<char>(bits >> 16U), static_cast<char>(bits >> 24U)});
  }
  id.back() = static_cast<char>(id.back() | 1);  // Zeros alone are no id.
  return id;
}

template <typename Message>
proto::common::v1::AnyValue& AddAttribute(Message& message, const char* key) {
  proto::common::v1::KeyValue& attribute = *message.add_attributes();
  attribute.set_key(key);
  return *attribute.mutable_value();
}

void SetStatus(OtlpSpan& span, const absl::Status& status) {
  if (status.ok()) {
    span.mutable_status()->set_code(proto::trace::v1::Status::STATUS_CODE_OK);
    return;
  }
  span.mutable_status()->set_code(proto::trace::v1::Status::STATUS_CODE_ERROR);
  span.mutable_status()->set_message(std::string(status.message()));
  AddAttribute(span, "error.type").set_string_value(absl::StatusCodeToString(status.code()));
}

// A span that has begun. The steady clock measures it.
class OpenSpan {
 public:
  OpenSpan(std::string_view name, OtlpSpan::SpanKind kind, const std::string& trace_id) {
    span_.set_name(std::string(name));
    span_.set_kind(kind);
    span_.set_trace_id(trace_id);
    span_.set_span_id(RandomId(kSpanIdBytes));
    span_.set_start_time_unix_nano(static_cast<std::uint64_t>(
        nanoseconds(std::chrono::system_clock::now().time_since_epoch()).count()));
  }

  OtlpSpan& message() { return span_; }
  const OtlpSpan& message() const { return span_; }

  OtlpSpan End(const absl::Status& status) && {
    const nanoseconds elapsed = steady_clock::now() - start_;
    span_.set_end_time_unix_nano(span_.start_time_unix_nano() +
                                 static_cast<std::uint64_t>(elapsed.count()));
    SetStatus(span_, status);
    return std::move(span_);
  }

 private:
  OtlpSpan span_;
  steady_clock::time_point start_ = steady_clock::now();
};

proto::resource::v1::Resource OwnResource() {
  proto::resource::v1::Resource resource;
  AddAttribute(resource, "service.name").set_string_value(otlp::ServiceName("assay"));
  AddAttribute(resource, "service.version").set_string_value(ASSAY_VERSION);
  AddAttribute(resource, "process.pid").set_int_value(getpid());
  return resource;
}

otlp::SpanSender::Options SendingOptions() {
  otlp::SpanSender::Options options;
  options.queue_capacity = 2'048;
  options.farewell = std::chrono::milliseconds(1'000);
  return options;
}

// Where the spans of a command end up: those of its calls below its root. Thread-safe.
class Recorder {
 public:
  Recorder(const otlp::OtlpTarget& target, const OtlpSpan& root)
      : trace_id_(root.trace_id()),
        root_id_(root.span_id()),
        sender_(target, OwnResource(), SendingOptions()) {}

  OpenSpan StartCall(std::string_view method) const {
    OpenSpan span(method, OtlpSpan::SPAN_KIND_CLIENT, trace_id_);
    span.message().set_parent_span_id(root_id_);
    AddAttribute(span.message(), "rpc.system").set_string_value("grpc");
    return span;
  }

  void Take(OtlpSpan span) {
    std::vector<OtlpSpan> spans;
    spans.push_back(std::move(span));
    sender_.Offer(std::move(spans));
  }

  otlp::SpanSender::Counters Close() {
    sender_.Close();
    return sender_.counters();
  }

 private:
  const std::string trace_id_;
  const std::string root_id_;
  otlp::SpanSender sender_;
};

std::string Traceparent(const OtlpSpan& span) {
  return absl::StrFormat("00-%s-%s-01", absl::BytesToHexString(span.trace_id()),
                         absl::BytesToHexString(span.span_id()));
}

// gRPC's name of a method has a slash in front, which span names have not.
std::string_view SpanName(std::string_view method) {
  return method.starts_with('/') ? method.substr(1) : method;
}

// The span of one attempt at a call, from its metadata to its status.
class CallInterceptor : public grpc::experimental::Interceptor {
 public:
  CallInterceptor(Recorder& recorder, std::string_view method)
      : recorder_(recorder), method_(method) {}

  ~CallInterceptor() override {
    if (span_.has_value()) {  // Nobody waited for the status.
      End(absl::CancelledError("left before its end"));
    }
  }

  void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_INITIAL_METADATA)) {
      span_.emplace(recorder_.StartCall(SpanName(method_)));
      methods->GetSendInitialMetadata()->emplace(kTraceparent, Traceparent(span_->message()));
    }
    if (span_.has_value() &&
        methods->QueryInterceptionHookPoint(InterceptionHookPoints::POST_RECV_STATUS)) {
      const grpc::Status& status = *methods->GetRecvStatus();
      End({static_cast<absl::StatusCode>(status.error_code()), status.error_message()});
    }
    methods->Proceed();
  }

 private:
  void End(const absl::Status& status) {
    recorder_.Take(std::move(*span_).End(status));
    span_.reset();
  }

  Recorder& recorder_;
  const std::string method_;
  std::optional<OpenSpan> span_;
};

class CallInterceptors : public grpc::experimental::ClientInterceptorFactoryInterface {
 public:
  explicit CallInterceptors(Recorder& recorder) : recorder_(recorder) {}
  grpc::experimental::Interceptor* CreateClientInterceptor(
      grpc::experimental::ClientRpcInfo* info) override {
    return new CallInterceptor(recorder_, info->method());
  }

 private:
  Recorder& recorder_;
};

}  // namespace

class CommandTrace::Impl {
 public:
  Impl(const otlp::OtlpTarget& target, std::string_view name)
      : address_(target.address),
        root_(name, OtlpSpan::SPAN_KIND_INTERNAL, RandomId(kTraceIdBytes)),
        recorder_(target, root_.message()) {}

  Recorder& recorder() { return recorder_; }

  absl::Status Finish(int exit_code, const absl::Status& status) {
    AddAttribute(root_.message(), "process.exit.code").set_int_value(exit_code);
    recorder_.Take(std::move(root_).End(status));
    const otlp::SpanSender::Counters counters = recorder_.Close();
    if (counters.num_dropped == 0) {
      return absl::OkStatus();
    }
    return absl::UnavailableError(absl::StrFormat(
        "%d of %d spans did not reach %s: %s", counters.num_dropped,
        counters.num_dropped + counters.num_sent, address_, counters.last_error.message()));
  }

 private:
  const std::string address_;
  OpenSpan root_;
  Recorder recorder_;
};

CommandTrace::CommandTrace(const otlp::OtlpTarget& target, std::string_view name)
    : impl_(std::make_unique<Impl>(target, name)) {}

CommandTrace::~CommandTrace() = default;

std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>
CommandTrace::MakeInterceptors() {
  return std::make_unique<CallInterceptors>(impl_->recorder());
}

absl::Status CommandTrace::Finish(int exit_code, const absl::Status& status) {
  return impl_->Finish(exit_code, status);
}

}  // namespace assay::client
