#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/api/listen_address.h"
#include "server/api/server.h"

namespace assay::http {

// The HTTP side of a server: `/healthz` (200 while the process lives) and `/readyz` (200 while it
// takes calls, else 503), both JSON; anything else is 404. Requests whose Host is a name that does
// not belong to this server are answered 421, so that no web page can reach it by pointing a name
// of its own at it. Limits: 16 KiB of header, 64 KiB of body, 15 s for a request, 1,024
// connections. Owned by one thread; serves from a thread of its own.
class Server {
 public:
  struct Options {
    api::ListenAddress listen;
    api::TlsFiles tls;  // with a certificate: https only
    // Names under which browsers reach the server, besides IP addresses and `localhost`.
    std::vector<std::string> host_names;
  };

  // Listens and serves. `is_ready` is asked on the server's thread and must not block. UNAVAILABLE
  // says why the address could not be had; INVALID_ARGUMENT that certificate and key are no good.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const Options& options,
                                                       std::function<bool()> is_ready);
  // Closes every connection and joins.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // With the port that is really used.
  const api::ListenAddress& address() const;

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

// True when a request with this `Host` header is meant for a server with these names: an IP
// address, `localhost` or one of the names, with or without a port. Case does not matter.
bool IsOwnHost(std::string_view host, const std::vector<std::string>& names);

}  // namespace assay::http
