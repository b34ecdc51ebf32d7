#include "server/http/connect_gateway.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/type_resolver.h>
#include <google/protobuf/util/type_resolver_util.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/client_callback.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "server/base/json_depth.h"
#include "server/base/mutex.h"
#include "server/base/thread_pool.h"
#include "server/http/connect_headers.h"
#include "server/http/connect_protocol.h"
#include "server/http/gate.h"
#include "server/http/gzip.h"

namespace assay::http {
namespace {

using connect::Codec;
using connect::ContentType;
using connect::InvalidArgument;

// A batch of 16 MiB in base64, and what is around it.
constexpr std::uint64_t kMaxBodyBytes = 24 << 20;
// Larger messages are converted on threads that no other connection waits for.
constexpr std::size_t kLargeMessageBytes = 64 << 10;
constexpr int kNumConversionThreads = 2;
constexpr int kMaxJsonDepth = 100;  // what protobuf's binary reader takes
constexpr std::string_view kTypePrefix = "type.googleapis.com";

struct Method {
  std::string path;  // `/SERVICE/METHOD`
  std::string input_type;
  std::string output_type;
  bool is_stream = false;
};

std::string FirstLine(std::string_view text) {
  return std::string(text.substr(0, text.find('\n')));
}

grpc::ByteBuffer ToBuffer(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return {&slice, 1};
}

std::string ToString(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  if (!buffer.Dump(&slices).ok()) {
    return {};
  }
  std::string bytes;
  bytes.reserve(buffer.Length());
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return bytes;
}

void Refuse(Exchange& exchange, ContentType type, const grpc::Status& status,
            Headers headers = {}) {
  headers.emplace_back("Cache-Control", "no-store");
  if (type.is_stream) {
    headers.emplace_back("Content-Type", connect::FormatContentType(type));
    exchange.Reply(
        {200, std::move(headers),
         connect::Envelope(connect::kEndOfStream,
                           absl::StrFormat("{\"error\":%s}", connect::ErrorJson(status)))});
    return;
  }
  headers.emplace_back("Content-Type", "application/json");
  if (status.error_code() == grpc::StatusCode::UNAUTHENTICATED) {
    headers.emplace_back("WWW-Authenticate", "Bearer");
  }
  exchange.Reply(
      {connect::HttpStatus(status.error_code()), std::move(headers), connect::ErrorJson(status)});
}

}  // namespace

class ConnectGateway::Impl {
 public:
  Impl(std::shared_ptr<grpc::Channel> channel, std::span<const std::string_view> services)
      : stub_(std::move(channel)) {
    const auto* pool = google::protobuf::DescriptorPool::generated_pool();
    resolver_.reset(
        google::protobuf::util::NewTypeResolverForDescriptorPool(std::string(kTypePrefix), pool));
    for (const std::string_view name : services) {
      const auto* service = pool->FindServiceByName(std::string(name));
      for (int i = 0; service != nullptr && i < service->method_count(); ++i) {
        AddMethod(*service->method(i));
      }
    }
  }

  ~Impl() {
    MutexLock lock(mutex_);
    while (num_calls_ > 0) {
      lock.Wait(ended_);
    }
  }

  void Stop() { starts_.Close(); }

  void AddRoutes(Router& router) {
    for (const Method& method : methods_) {
      router.Add("POST", method.path,
                 {kMaxBodyBytes,
                  [this, &method](std::shared_ptr<Exchange> exchange) {
                    Handle(method, std::move(exchange));
                  },
                  "POST " + method.path});
    }
  }

 private:
  class UnaryCall;
  class StreamCall;

  // A call that the destructor waits for.
  class Ticket {
   public:
    explicit Ticket(Impl& gateway) : gateway_(gateway) {
      const MutexLock lock(gateway_.mutex_);
      ++gateway_.num_calls_;
    }
    ~Ticket() {
      const MutexLock lock(gateway_.mutex_);
      --gateway_.num_calls_;
      gateway_.ended_.notify_all();
    }
    Ticket(const Ticket&) = delete;
    Ticket& operator=(const Ticket&) = delete;

   private:
    Impl& gateway_;
  };

  void AddMethod(const google::protobuf::MethodDescriptor& method) {
    if (method.client_streaming()) {
      return;  // HTTP/1.1 has no way for it
    }
    const auto type_url = [](const google::protobuf::Descriptor& type) {
      return absl::StrFormat("%s/%s", kTypePrefix, type.full_name());
    };
    methods_.push_back({absl::StrFormat("/%s/%s", method.service()->full_name(), method.name()),
                        type_url(*method.input_type()), type_url(*method.output_type()),
                        method.server_streaming()});
  }

  // Now, or on a thread of its own when there is much to convert.
  void Convert(std::size_t num_bytes, std::function<void()> task) {
    if (num_bytes > kLargeMessageBytes) {
      conversions_.Post(std::move(task));
    } else {
      task();
    }
  }

  void Handle(const Method& method, std::shared_ptr<Exchange> exchange) {
    const Request& request = exchange->request();
    const std::optional<ContentType> type =
        connect::ParseContentType(request.Header("content-type").value_or(""));
    if (!type.has_value() || type->is_stream != method.is_stream) {
      const std::string_view expected = method.is_stream
                                            ? "application/connect+json, application/connect+proto"
                                            : "application/json, application/proto";
      Response refusal = ErrorResponse(415, "invalid_argument",
                                       absl::StrFormat("content-type: expected %s", expected));
      refusal.headers.emplace_back("Accept-Post", expected);
      exchange->Reply(std::move(refusal));
      return;
    }
    auto header = std::make_shared<connect::RequestHeader>();
    if (const grpc::Status status = connect::ReadHeader(request, *type, *header); !status.ok()) {
      Refuse(*exchange, *type, status);
      return;
    }
    Convert(header->is_gzip ? kLargeMessageBytes + 1 : request.body.size(),
            [this, ticket = std::make_shared<Ticket>(*this), &method, header,
             exchange = std::move(exchange)] {
              std::string message;
              const grpc::Status status =
                  ReadMessage(method, *header, exchange->request().body, message);
              if (status.ok()) {
                Call(method, *header, exchange, message);
              } else {
                Refuse(*exchange, header->type, status);
              }
            });
  }

  grpc::Status ReadMessage(const Method& method, const connect::RequestHeader& header,
                           std::string_view body, std::string& message) {
    std::string inflated;
    if (header.is_gzip) {
      absl::StatusOr<std::string> plain = Gunzip(body, kMaxBodyBytes);
      if (!plain.ok()) {
        return {static_cast<grpc::StatusCode>(plain.status().code()),
                std::string(plain.status().message())};
      }
      inflated = *std::move(plain);
      body = inflated;
    }
    if (header.type.is_stream) {
      const absl::StatusOr<std::string_view> opened = connect::OpenEnvelope(body);
      if (!opened.ok()) {
        return InvalidArgument(std::string(opened.status().message()));
      }
      body = *opened;
    }
    if (header.type.codec == Codec::kBinary) {
      message = std::string(body);
      return grpc::Status::OK;
    }
    if (IsNestedDeeper(body, kMaxJsonDepth)) {
      return InvalidArgument(absl::StrFormat("request: more than %d levels deep", kMaxJsonDepth));
    }
    const auto status = google::protobuf::util::JsonToBinaryString(
        resolver_.get(), method.input_type, std::string(body.empty() ? "{}" : body), &message);
    return status.ok()
               ? grpc::Status::OK
               : InvalidArgument(absl::StrFormat(
                     "request: %s", FirstLine({status.message().data(), status.message().size()})));
  }

  // False when the message cannot be written as JSON.
  bool WriteMessage(const Method& method, Codec codec, std::string message, std::string& body) {
    if (codec == Codec::kBinary) {
      body = std::move(message);
      return true;
    }
    return google::protobuf::util::BinaryToJsonString(resolver_.get(), method.output_type, message,
                                                      &body)
        .ok();
  }

  void Call(const Method& method, const connect::RequestHeader& header,
            std::shared_ptr<Exchange> exchange, const std::string& message);

  grpc::GenericStub stub_;
  std::unique_ptr<google::protobuf::util::TypeResolver> resolver_;
  std::deque<Method> methods_;  // constant after construction
  Gate starts_;                 // calls on the channel begin inside

  Mutex mutex_;
  std::condition_variable ended_;
  int num_calls_ ASSAY_GUARDED_BY(mutex_) = 0;

  ThreadPool conversions_{kNumConversionThreads};
};

// A unary call on its way. Owns itself until it is done; until then the connection may cancel it.
class ConnectGateway::Impl::UnaryCall : public grpc::ClientUnaryReactor {
 public:
  UnaryCall(Impl& gateway, const Method& method, ContentType type,
            std::shared_ptr<Exchange> exchange, const std::string& message)
      : gateway_(gateway),
        ticket_(gateway),
        method_(method),
        type_(type),
        exchange_(std::move(exchange)),
        request_(ToBuffer(message)) {}

  grpc::ClientContext& context() { return context_; }

  void Start(std::shared_ptr<UnaryCall> self) {
    exchange_->OnDisconnect([self] { self->context_.TryCancel(); });
    self_ = std::move(self);
    gateway_.stub_.PrepareUnaryCall(&context_, method_.path, {}, &request_, &answer_, this);
    StartCall();
  }

  void OnDone(const grpc::Status& status) override {
    const std::shared_ptr<UnaryCall> self = std::move(self_);
    gateway_.Convert(status.ok() ? answer_.Length() : 0, [self, status] { self->Reply(status); });
  }

 private:
  void Reply(const grpc::Status& status) {
    const std::shared_ptr<Exchange> exchange = std::move(exchange_);
    Headers headers;
    connect::AppendMetadata(context_.GetServerInitialMetadata(), "", headers);
    connect::AppendMetadata(context_.GetServerTrailingMetadata(), "trailer-", headers);
    std::string body;
    if (!status.ok()) {
      Refuse(*exchange, type_, status, std::move(headers));
    } else if (!gateway_.WriteMessage(method_, type_.codec, ToString(answer_), body)) {
      Refuse(*exchange, type_,
             {grpc::StatusCode::INTERNAL, "the answer cannot be written as JSON"});
    } else {
      headers.emplace_back("Content-Type", connect::FormatContentType(type_));
      headers.emplace_back("Cache-Control", "no-store");
      exchange->Reply({200, std::move(headers), std::move(body)});
    }
  }

  Impl& gateway_;
  const Ticket ticket_;
  const Method& method_;
  const ContentType type_;
  std::shared_ptr<Exchange> exchange_;
  grpc::ByteBuffer request_;
  grpc::ByteBuffer answer_;
  grpc::ClientContext context_;
  std::shared_ptr<UnaryCall> self_;
};

// A server stream on its way. Reads the next message only when the one before has left, so a reader
// that stops holds up the sender and fills no memory. Owns itself until it is done.
class ConnectGateway::Impl::StreamCall
    : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  StreamCall(Impl& gateway, const Method& method, ContentType type,
             std::shared_ptr<Exchange> exchange, const std::string& message)
      : gateway_(gateway),
        ticket_(gateway),
        method_(method),
        type_(type),
        exchange_(std::move(exchange)),
        request_(ToBuffer(message)) {}

  grpc::ClientContext& context() { return context_; }

  void Start(std::shared_ptr<StreamCall> self) {
    exchange_->OnDisconnect([self] { self->context_.TryCancel(); });
    exchange_->BeginStream(200, {{"Content-Type", std::string(connect::FormatContentType(type_))},
                                 {"Cache-Control", "no-store"}});
    self_ = std::move(self);
    gateway_.stub_.PrepareBidiStreamingCall(&context_, method_.path, {}, this);
    AddHold();  // reads start outside reactions; removed when one fails
    StartWriteLast(&request_, {});
    StartRead(&message_);
    StartCall();
  }

  void OnReadDone(bool ok) override {
    if (!ok) {
      RemoveHold();
      return;
    }
    gateway_.Convert(message_.Length(), [this] { Pass(); });
  }

  void OnDone(const grpc::Status& status) override {
    const std::shared_ptr<StreamCall> self = std::move(self_);
    const std::shared_ptr<Exchange> exchange = std::move(exchange_);
    std::string end = "{}";
    if (const grpc::Status& outcome = failure_.ok() ? status : failure_; !outcome.ok()) {
      end = absl::StrFormat("{\"error\":%s}", connect::ErrorJson(outcome));
    }
    exchange->Write(connect::Envelope(connect::kEndOfStream, end), [](bool /*ok*/) {});
    exchange->EndStream();
  }

 private:
  void Pass() {
    std::string body;
    if (!gateway_.WriteMessage(method_, type_.codec, ToString(message_), body)) {
      failure_ = {grpc::StatusCode::INTERNAL, "a message cannot be written as JSON"};
      context_.TryCancel();
      RemoveHold();
      return;
    }
    exchange_->Write(connect::Envelope(0, body), [self = self_](bool ok) {
      if (ok) {
        self->StartRead(&self->message_);
      } else {
        self->context_.TryCancel();
        self->RemoveHold();
      }
    });
  }

  Impl& gateway_;
  const Ticket ticket_;
  const Method& method_;
  const ContentType type_;
  std::shared_ptr<Exchange> exchange_;
  grpc::ByteBuffer request_;
  grpc::ByteBuffer message_;
  grpc::Status failure_;
  grpc::ClientContext context_;
  std::shared_ptr<StreamCall> self_;
};

void ConnectGateway::Impl::Call(const Method& method, const connect::RequestHeader& header,
                                std::shared_ptr<Exchange> exchange, const std::string& message) {
  const auto start = [&]<typename CallType>(std::shared_ptr<CallType> call) {
    if (header.deadline.has_value()) {
      call->context().set_deadline(*header.deadline);
    }
    for (const auto& [key, value] : header.metadata) {
      call->context().AddMetadata(key, value);
    }
    CallType& started = *call;
    started.Start(std::move(call));
  };
  const Gate::Pass pass(starts_);
  if (!pass.is_inside()) {
    Refuse(*exchange, header.type, {grpc::StatusCode::UNAVAILABLE, "the server is stopping"});
    return;
  }
  if (method.is_stream) {
    start(std::make_shared<StreamCall>(*this, method, header.type, std::move(exchange), message));
  } else {
    start(std::make_shared<UnaryCall>(*this, method, header.type, std::move(exchange), message));
  }
}

ConnectGateway::ConnectGateway(std::shared_ptr<grpc::Channel> channel,
                               std::span<const std::string_view> services)
    : impl_(std::make_unique<Impl>(std::move(channel), services)) {}

ConnectGateway::~ConnectGateway() = default;

void ConnectGateway::Stop() { impl_->Stop(); }

void ConnectGateway::AddRoutes(Router& router) { impl_->AddRoutes(router); }

}  // namespace assay::http
