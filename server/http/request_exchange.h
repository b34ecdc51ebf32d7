#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "server/http/exchange.h"

namespace assay::http {

// What the exchange of a request needs of its connection. Exchanges are numbered; one that is no
// longer the last has been answered. Run, RunLater, peer and ReturnBytes may be called from any
// thread, the others on the strand of the connection.
class ExchangeHost {
 public:
  virtual ~ExchangeHost() = default;

  // Runs `step` on the strand, at once when this is it already. The host lives until then.
  virtual void Run(std::function<void()> step) = 0;
  // Runs `step` behind all that was passed to Run before, even when this is the strand.
  virtual void RunLater(std::function<void()> step) = 0;
  virtual const std::string& peer() const = 0;
  // Gives memory back that was set aside for the body of a request.
  virtual void ReturnBytes(std::uint64_t num_bytes) = 0;

  virtual void OnReleased(std::uint64_t exchange) = 0;
  virtual void WatchFor(std::uint64_t exchange, const std::function<void()>& callback) = 0;
  virtual void Answer(Response response) = 0;
  virtual void BeginStream(int status, const Headers& headers) = 0;
  virtual void WritePiece(const std::string& bytes, const std::function<void(bool ok)>& sent) = 0;
  virtual void EndStream() = 0;
};

// The exchange of one request, which handlers hold. Keeps its host alive, and `num_bytes` of memory
// set aside.
std::shared_ptr<Exchange> MakeExchange(std::shared_ptr<ExchangeHost> host, std::uint64_t number,
                                       Request request, std::uint64_t num_bytes);

}  // namespace assay::http
