#include "client/cpp/connection.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "client/cpp/command_trace.h"
#include "client/cpp/retry.h"

namespace assay::client {
namespace {

constexpr int kMaxMessageBytes = 64 << 20;

bool IsLoopback(std::string_view endpoint) {
  return endpoint.starts_with("127.") || endpoint.starts_with("localhost:") ||
         endpoint.starts_with("[::1]:");
}

grpc::ChannelArguments ChannelArguments(const std::string& endpoint) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  arguments.SetMaxSendMessageSize(kMaxMessageBytes);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 50);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 400);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 500);
  // Retries are ours: they know how patient to be.
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  if (IsLoopback(endpoint)) {
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  }
  return arguments;
}

// The cause behind gRPC's "failed to connect to all addresses; last error: UNKNOWN: ...: cause".
std::string_view Cause(std::string_view message) {
  if (!message.starts_with("failed to connect to all addresses")) {
    return message;
  }
  const std::size_t colon = message.rfind(": ");
  return colon == std::string_view::npos ? message : message.substr(colon + 2);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Connection>> Connection::Open(const ConnectionOptions& options) {
  std::shared_ptr<grpc::ChannelCredentials> credentials = grpc::InsecureChannelCredentials();
  if (!options.ca_file.empty()) {
    std::ifstream file(options.ca_file, std::ios::binary);
    std::ostringstream certificates;
    certificates << file.rdbuf();
    if (!file || certificates.str().empty()) {
      return absl::InvalidArgumentError(
          absl::StrFormat("cannot read the certificates in '%s'", options.ca_file));
    }
    grpc::SslCredentialsOptions ssl;
    ssl.pem_root_certs = certificates.str();
    credentials = grpc::SslCredentials(ssl);
  }
  std::vector<std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>> interceptors;
  if (options.trace != nullptr) {
    interceptors.push_back(options.trace->MakeInterceptors());
  }
  auto channel = grpc::experimental::CreateCustomChannelWithInterceptors(
      options.endpoint, credentials, ChannelArguments(options.endpoint), std::move(interceptors));
  return std::unique_ptr<Connection>(new Connection(options, std::move(channel)));
}

Connection::Connection(ConnectionOptions options, std::shared_ptr<grpc::Channel> channel)
    : options_(std::move(options)), channel_(std::move(channel)) {}

void Connection::Prepare(grpc::ClientContext& context, std::chrono::milliseconds deadline) const {
  if (deadline.count() > 0) {
    context.set_deadline(std::chrono::system_clock::now() + deadline);
  }
  if (!options_.token.empty()) {
    context.AddMetadata("authorization", "Bearer " + options_.token);
  }
}

absl::Status Connection::Call(std::chrono::milliseconds deadline,
                              const std::function<grpc::Status(grpc::ClientContext&)>& attempt) {
  Backoff backoff(has_answered_ ? options_.patience : options_.first_patience);
  while (true) {
    grpc::ClientContext context;
    Prepare(context, deadline);
    const grpc::Status status = attempt(context);
    if (status.error_code() != grpc::StatusCode::UNAVAILABLE) {
      has_answered_ = true;
      return ToAbsl(status);
    }
    const std::optional<std::chrono::milliseconds> delay = backoff.Next();
    if (!delay.has_value()) {
      return ToAbsl(status);
    }
    Pause(*delay);
  }
}

void Connection::Pause(std::chrono::milliseconds delay) {
  // A server that is there and yet unavailable is not asked again at once.
  constexpr std::chrono::milliseconds kShortest{50};
  if (channel_->WaitForConnected(std::chrono::system_clock::now() + delay)) {
    std::this_thread::sleep_for(std::min(delay, kShortest));
  }
}

absl::Status Connection::ToAbsl(const grpc::Status& status) const {
  if (status.ok()) {
    return absl::OkStatus();
  }
  const auto code = static_cast<absl::StatusCode>(status.error_code());
  const std::string& message = status.error_message();
  switch (status.error_code()) {
    case grpc::StatusCode::UNAVAILABLE:
      return absl::Status(code, absl::StrFormat("no answer from the server at %s: %s",
                                                options_.endpoint, Cause(message)));
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return absl::Status(
          code, absl::StrFormat("the server at %s did not answer in time", options_.endpoint));
    default:
      return absl::Status(code, message);
  }
}

}  // namespace assay::client
