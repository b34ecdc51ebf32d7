#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/api/listen_address.h"
#include "server/api/server.h"
#include "server/http/limits.h"
#include "server/http/router.h"
#include "server/trace/tracer.h"

namespace assay::http {

// The HTTP/1.1 side of a server. Requests whose Host is a name that does not belong to this server
// are answered 421, so that no web page can reach it by pointing a name of its own at it; requests
// of pages of other origins 403. One io_context on a few threads, a strand for each connection.
// Owned by one thread.
class Server {
 public:
  struct Options {
    api::ListenAddress listen;
    api::TlsFiles tls;  // with a certificate: https only
    // Names under which browsers reach the server, besides IP addresses and `localhost`.
    std::vector<std::string> host_names;
    Limits limits;
    int num_threads = 2;
    trace::Tracer* tracer = nullptr;  // of requests, outlives the server; nullptr: no spans
  };

  // Takes the address. UNAVAILABLE says why it could not be had; INVALID_ARGUMENT that certificate
  // and key are no good.
  static absl::StatusOr<std::unique_ptr<Server>> Listen(const Options& options);
  // Stops. Exchanges must all have been released.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // With the port that is really used.
  const api::ListenAddress& address() const;

  // Answers requests from now on. Called once.
  void Serve(Router router);
  // Calls no handler any more, and waits for those that run, so it is not called from one.
  // Exchanges that are still held may be used and lead nowhere.
  void Stop();

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

// `/healthz` (200 while the process lives) and `/readyz` (200 while it takes calls, else 503).
void AddHealthRoutes(Router& router, std::function<bool()> is_ready);

}  // namespace assay::http
