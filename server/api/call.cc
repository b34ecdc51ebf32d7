#include "server/api/call.h"

#include <google/protobuf/message_lite.h>
#include <grpcpp/server_context.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "absl/strings/str_format.h"
#include "google/rpc/status.pb.h"
#include "server/api/resource_names.h"
#include "server/api/retry_status.h"
#include "server/base/log.h"
#include "server/base/status_macros.h"

namespace assay::api {
namespace {

constexpr std::chrono::seconds kRetryWhenBusy{1};
// Has no span of its own: exporters that watch each other would never come to an end.
constexpr std::string_view kExportMethod =
    "opentelemetry.proto.collector.trace.v1.TraceService/Export";

// First value of a key in the metadata that came with the call.
std::optional<std::string_view> Metadata(const grpc::CallbackServerContext& context,
                                         std::string_view key) {
  const auto found = context.client_metadata().find(grpc::string_ref(key.data(), key.size()));
  if (found == context.client_metadata().end()) {
    return std::nullopt;
  }
  return std::string_view(found->second.data(), found->second.size());
}

std::int64_t SizeOf(const google::protobuf::MessageLite& message) {
  return static_cast<std::int64_t>(message.ByteSizeLong());
}

// A unary call from its arrival until its answer has left; then deletes itself.
class UnaryCall : public grpc::ServerUnaryReactor {
 public:
  UnaryCall(Dispatcher& dispatcher, std::string_view method, Lane lane,
            Dispatcher::Messages messages, Call call, Dispatcher::AsyncHandler handler)
      : dispatcher_(dispatcher),
        method_(method),
        lane_(lane),
        messages_(messages),
        call_(std::move(call)),
        handler_(std::move(handler)),
        answer_([this](const absl::Status& status) { End(status); }) {}

  void Start() {
    dispatcher_.pool(lane_).Post([this] {
      const Answer answer = answer_;  // the call may be gone once it is sent
      if (const absl::Status alive = call_.CheckAlive(); !alive.ok()) {
        answer.Send(alive);
        return;
      }
      const Dispatcher::AsyncHandler handler = std::move(handler_);
      handler(call_, answer);
      answer.AllowCancel();
    });
  }

  void OnCancel() override { answer_.Cancel(); }

  void OnDone() override {
    dispatcher_.Leave(lane_);
    delete this;
  }

 private:
  // Nothing may follow: the call may be gone on return.
  void End(const absl::Status& status) {
    if (messages_.request != nullptr) {
      call_.span().SetAttribute("rpc.request.size", SizeOf(*messages_.request));
    }
    if (messages_.response != nullptr && status.ok()) {
      call_.span().SetAttribute("rpc.response.size", SizeOf(*messages_.response));
    }
    // Both names as OpenTelemetry has them; a search for a code needs no text of a message.
    call_.span().SetAttribute("rpc.status_code", absl::StatusCodeToString(status.code()));
    if (!status.ok()) {
      call_.span().SetAttribute("error.type", absl::StatusCodeToString(status.code()));
    }
    call_.span().SetStatus(status);
    call_.span().End();
    dispatcher_.metrics().Record(method_, status.code(), std::chrono::steady_clock::now() - start_);
    Finish(ToGrpc(status, method_));
  }

  Dispatcher& dispatcher_;
  const std::string_view method_;
  const Lane lane_;
  const Dispatcher::Messages messages_;
  Call call_;
  Dispatcher::AsyncHandler handler_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  const Answer answer_;
};

// Ends a call that was not let in.
class RefusedCall : public grpc::ServerUnaryReactor {
 public:
  explicit RefusedCall(const grpc::Status& status) { Finish(status); }
  void OnDone() override { delete this; }
};

}  // namespace

struct Answer::State {
  Mutex mutex;
  std::function<void(const absl::Status&)> end ASSAY_GUARDED_BY(mutex);  // empty: it has ended
  bool may_cancel ASSAY_GUARDED_BY(mutex) = false;
  bool is_cancelled ASSAY_GUARDED_BY(mutex) = false;
};

Answer::Answer(std::function<void(const absl::Status&)> end) : state_(std::make_shared<State>()) {
  const MutexLock lock(state_->mutex);
  state_->end = std::move(end);
}

void Answer::Send(const absl::Status& status, const std::function<void()>& fill) const {
  std::function<void(const absl::Status&)> end;
  {
    const MutexLock lock(state_->mutex);
    end.swap(state_->end);
  }
  if (end == nullptr) {
    return;
  }
  if (status.ok() && fill != nullptr) {
    fill();
  }
  end(status);
}

void Answer::AllowCancel() const {
  bool is_cancelled = false;
  {
    const MutexLock lock(state_->mutex);
    state_->may_cancel = true;
    is_cancelled = state_->is_cancelled;
  }
  if (is_cancelled) {
    Send(absl::CancelledError("the caller waits no more"));
  }
}

void Answer::Cancel() const {
  bool may_cancel = false;
  {
    const MutexLock lock(state_->mutex);
    state_->is_cancelled = true;
    may_cancel = state_->may_cancel;
  }
  if (may_cancel) {
    Send(absl::CancelledError("the caller waits no more"));
  }
}

Call::Call(VersionCache& projects, grpc::CallbackServerContext& context, Caller caller,
           trace::Span span)
    : projects_(projects), context_(context), caller_(std::move(caller)), span_(std::move(span)) {}

absl::Status Call::CheckAlive() const {
  if (context_.deadline() <= std::chrono::system_clock::now()) {
    return absl::DeadlineExceededError("the deadline of the call has passed");
  }
  if (context_.IsCancelled()) {
    return absl::CancelledError("the caller cancelled the call");
  }
  return absl::OkStatus();
}

absl::StatusOr<store::Id> Call::ProjectId(std::string_view project) const {
  const bool may_see = caller_.project == kAllProjects || caller_.project == project;
  absl::StatusOr<store::Id> id = may_see ? projects_.ProjectId(project) : absl::NotFoundError("");
  if (absl::IsNotFound(id.status())) {
    return absl::NotFoundError(absl::StrFormat("no such project: 'projects/%s'", Quoted(project)));
  }
  return id;
}

Dispatcher::Dispatcher(VersionCache& projects, trace::Tracer& tracer,
                       const Authenticator& authenticator, Options options)
    : projects_(projects),
      tracer_(tracer),
      authenticator_(authenticator),
      options_(options),
      quick_(options.num_quick_threads > 0
                 ? options.num_quick_threads
                 : std::max(2, static_cast<int>(std::thread::hardware_concurrency()))),
      slow_(options.num_slow_threads) {}

Dispatcher::~Dispatcher() = default;

grpc::ServerUnaryReactor* Dispatcher::Run(grpc::CallbackServerContext* context,
                                          std::string_view method, Lane lane, Messages messages,
                                          Handler handler) {
  return RunAsync(context, method, lane, messages,
                  [handler = std::move(handler)](Call& call, const Answer& answer) {
                    answer.Send(handler(call));
                  });
}

grpc::ServerUnaryReactor* Dispatcher::RunAsync(grpc::CallbackServerContext* context,
                                               std::string_view method, Lane lane,
                                               Messages messages, AsyncHandler handler) {
  absl::StatusOr<Caller> caller = Enter(*context, method, lane);
  if (!caller.ok()) {
    metrics_.Record(method, caller.status().code(), std::chrono::nanoseconds(0));
    return new RefusedCall(ToGrpc(caller.status(), method));
  }
  auto* call = new UnaryCall(*this, method, lane, messages,
                             Open(*context, method, *std::move(caller)), std::move(handler));
  call->Start();
  return call;
}

void Dispatcher::RefuseCalls() {
  const MutexLock lock(mutex_);
  is_refusing_ = true;
  for (Stream* stream : streams_) {
    stream->EndSoon();
  }
}

bool Dispatcher::WaitUntilIdle(std::chrono::steady_clock::time_point deadline) {
  MutexLock lock(mutex_);
  while (num_quick_ + num_slow_ > 0 || !streams_.empty()) {
    if (!lock.WaitUntil(left_, deadline)) {
      return false;
    }
  }
  return true;
}

absl::StatusOr<Caller> Dispatcher::Admit(const grpc::CallbackServerContext& context,
                                         std::string_view method) const {
  ASSAY_ASSIGN_OR_RETURN(Caller caller,
                         authenticator_.Authenticate(Metadata(context, "authorization")));
  ASSAY_RETURN_IF_ERROR(Authorize(caller, method));
  return caller;
}

absl::StatusOr<Caller> Dispatcher::Enter(const grpc::CallbackServerContext& context,
                                         std::string_view method, Lane lane) {
  ASSAY_ASSIGN_OR_RETURN(Caller caller, Admit(context, method));
  const MutexLock lock(mutex_);
  if (is_refusing_) {
    return absl::UnavailableError("the server is stopping");
  }
  int& num_calls = lane == Lane::kQuick ? num_quick_ : num_slow_;
  const int max_calls = lane == Lane::kQuick ? options_.max_quick_calls : options_.max_slow_calls;
  if (num_calls >= max_calls) {
    return WithRetry(absl::ResourceExhaustedError(
                         absl::StrFormat("%d such calls are under way; try again", max_calls)),
                     kRetryWhenBusy);
  }
  ++num_calls;
  return caller;
}

void Dispatcher::Leave(Lane lane) {
  const MutexLock lock(mutex_);
  --(lane == Lane::kQuick ? num_quick_ : num_slow_);
  left_.notify_all();
}

absl::StatusOr<Caller> Dispatcher::EnterStream(const grpc::CallbackServerContext& context,
                                               std::string_view method, Stream& stream) {
  ASSAY_ASSIGN_OR_RETURN(Caller caller, Admit(context, method));
  const MutexLock lock(mutex_);
  if (is_refusing_) {
    return absl::UnavailableError("the server is stopping");
  }
  if (static_cast<int>(streams_.size()) >= options_.max_streams) {
    return WithRetry(absl::ResourceExhaustedError(
                         absl::StrFormat("%d streams are open; try again", options_.max_streams)),
                     kRetryWhenBusy);
  }
  streams_.insert(&stream);
  return caller;
}

void Dispatcher::LeaveStream(Stream& stream) {
  const MutexLock lock(mutex_);
  streams_.erase(&stream);
  left_.notify_all();
}

Call Dispatcher::Open(grpc::CallbackServerContext& context, std::string_view method,
                      Caller caller) {
  if (method == kExportMethod) {
    return Call(projects_, context, std::move(caller), trace::Span());
  }
  const std::optional<std::string_view> traceparent = Metadata(context, "traceparent");
  trace::Span span = tracer_.StartSpan(
      method, traceparent.has_value() ? trace::ParseTraceparent(*traceparent) : std::nullopt);
  span.SetKind(store::SpanKind::kServer);
  context.AddTrailingMetadata("assay-trace-id", span.context().TraceIdHex());
  return Call(projects_, context, std::move(caller), std::move(span));
}

grpc::Status ToGrpc(const absl::Status& status, std::string_view method) {
  if (status.ok()) {
    return grpc::Status::OK;
  }
  const std::string message(status.message());
  if (absl::IsInternal(status) || absl::IsDataLoss(status)) {
    Log(LogLevel::kError, "a call failed", {{"method", method}, {"status", status}});
  }
  const google::rpc::Status details = ToRpcStatus(status);
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), message,
                      details.details_size() > 0 ? details.SerializeAsString() : std::string());
}

}  // namespace assay::api
