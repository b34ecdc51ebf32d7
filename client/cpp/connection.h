#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace grpc {
class Channel;
class ClientContext;
class Status;
}  // namespace grpc

namespace assay::client {

class CommandTrace;

struct ConnectionOptions {
  std::string endpoint = "127.0.0.1:7317";  // HOST:PORT of the gRPC listener
  std::string ca_file;                      // PEM file of trusted certificates; empty: no TLS
  std::string token;                        // sent with every call; empty: none
  // How long UNAVAILABLE is retried before the first answer and after it: a server that is not
  // there is reported at once, one that restarts is waited for.
  std::chrono::milliseconds first_patience{1'000};
  std::chrono::milliseconds patience{20'000};
  CommandTrace* trace = nullptr;  // records every call and outlives them; nullptr: none is recorded
};

// A channel to one server. Thread-safe.
class Connection {
 public:
  // Does not wait for the server. INVALID_ARGUMENT when the certificate file cannot be read.
  static absl::StatusOr<std::unique_ptr<Connection>> Open(const ConnectionOptions& options);

  const std::string& endpoint() const { return options_.endpoint; }
  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }

  // Sets the deadline (zero: none) and the token of one call.
  void Prepare(grpc::ClientContext& context, std::chrono::milliseconds deadline) const;

  // Makes attempts, each with a context of its own, until one ends otherwise than UNAVAILABLE or
  // the patience is used up. For calls that may be repeated.
  absl::Status Call(std::chrono::milliseconds deadline,
                    const std::function<grpc::Status(grpc::ClientContext&)>& attempt);

  // Waits before the next attempt, less when the server is back. The library connects only while
  // somebody waits for it, so a plain sleep would not do.
  void Pause(std::chrono::milliseconds delay);

  // The status as absl has it. UNAVAILABLE names the endpoint.
  absl::Status ToAbsl(const grpc::Status& status) const;

 private:
  Connection(ConnectionOptions options, std::shared_ptr<grpc::Channel> channel);

  const ConnectionOptions options_;
  const std::shared_ptr<grpc::Channel> channel_;
  std::atomic<bool> has_answered_ = false;  // The server answered a call, with whatever status.
};

}  // namespace assay::client
