#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/api/auth.h"
#include "server/api/listen_address.h"
#include "server/api/otlp_receiver.h"
#include "server/api/server_facts.h"
#include "server/ingest/ingestor.h"
#include "server/run/scheduler.h"
#include "server/store/store.h"
#include "server/trace/tracer.h"

namespace grpc {
class Channel;
}

namespace assay::api {

// PEM texts of a certificate chain and its private key. Both empty: no TLS.
struct TlsFiles {
  std::string certificate_chain;
  std::string private_key;
};

// The gRPC side of a server: the services of assay.v1, health and, when asked for, reflection.
// Owned by one thread.
class Server {
 public:
  struct Options {
    ListenAddress listen;
    TlsFiles tls;
    bool has_reflection = true;
    int max_concurrent_streams = 128;  // of one connection
  };
  // What the services work on; all outlive the server.
  struct Backends {
    store::Store& store;
    ingest::Ingestor& ingestor;
    run::Scheduler& scheduler;
    trace::Tracer& tracer;
    OtlpReceiver& otlp_receiver;
    const Authenticator& authenticator;
    const ServerFacts& facts;
  };

  // Listens and serves. UNAVAILABLE says why the address could not be had; INVALID_ARGUMENT that
  // certificate and key are no good.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const Options& options,
                                                       const Backends& backends);
  // Stops at once if Stop was not called.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // With the port that is really used.
  const ListenAddress& address() const { return address_; }

  // A way to the same services that takes no port. Calls over it meet the same checks and limits.
  std::shared_ptr<grpc::Channel> InProcessChannel();
  // Full names of the services of assay.v1.
  static std::span<const std::string_view> ServiceNames();

  // Health becomes NOT_SERVING, new calls are refused, streams end. Returns at once.
  void BeginStop();
  // BeginStop, then waits for calls under way until `deadline`, cancels the rest, and closes the
  // port.
  void Stop(std::chrono::steady_clock::time_point deadline);

 private:
  class Impl;
  Server();

  ListenAddress address_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace assay::api
