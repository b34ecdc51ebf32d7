#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/http/gate.h"
#include "server/http/limits.h"
#include "server/http/router.h"
#include "server/http/transport.h"
#include "server/trace/tracer.h"

namespace assay::http {

// What every connection of a server shares. Constant once connections come in.
struct Site {
  std::vector<std::string> host_names;
  Limits limits;
  Router router;
  trace::Tracer* tracer = nullptr;  // of requests; nullptr: they leave no spans
  Gate handlers;                    // what `router` leads to runs inside
};

// Where a connection comes from, counted for as long as this lives.
struct Visitor {
  Visitor(Census& its_census, std::string ip, std::string whole)
      : census(its_census), ip_address(std::move(ip)), peer(std::move(whole)) {}
  ~Visitor() { census.Leave(ip_address); }
  Visitor(const Visitor&) = delete;
  Visitor& operator=(const Visitor&) = delete;

  Census& census;
  const std::string ip_address;
  const std::string peer;  // `IP:PORT`
};

// A connection as the server knows it. Keeps itself alive by the operation that is pending or by
// the exchange under way.
class OpenConnection {
 public:
  virtual ~OpenConnection() = default;
  // From any thread.
  virtual void Start() = 0;
  virtual void CloseSoon() = 0;
};

// `site` outlives the connection.
std::shared_ptr<OpenConnection> MakeConnection(std::unique_ptr<Transport> transport, Site& site,
                                               std::unique_ptr<Visitor> visitor);

}  // namespace assay::http
