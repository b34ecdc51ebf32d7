#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "server/http/router.h"

namespace grpc {
class Channel;
}

namespace assay::http {

// Every unary and server-streaming method of some gRPC services as `POST /SERVICE/METHOD` in the
// Connect protocol, JSON and binary. Knows no method by itself: requests go as they are through a
// channel into the server of this process, so whoever checks and limits calls there sees these too.
// Forwards `authorization`, `traceparent` and `tracestate`, and nothing else. Thread-safe.
class ConnectGateway {
 public:
  // `services` by full name; they are in the generated descriptor pool.
  ConnectGateway(std::shared_ptr<grpc::Channel> channel,
                 std::span<const std::string_view> services);
  // Waits for calls under way, so end them first. The server whose routes lead here must call them
  // no more.
  ~ConnectGateway();
  ConnectGateway(const ConnectGateway&) = delete;
  ConnectGateway& operator=(const ConnectGateway&) = delete;

  void AddRoutes(Router& router);

  // From here on calls are refused; those under way go on. Comes before the end of the server
  // behind the channel: a call that begins on the channel after that would end the process
  // (gRPC 1.51).
  void Stop();

 private:
  class Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace assay::http
