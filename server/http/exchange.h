#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assay::http {

using Headers = std::vector<std::pair<std::string, std::string>>;

// A request, whole, its Host and Origin already checked.
struct Request {
  std::string method;  // upper case
  std::string path;    // without the query, as sent
  std::string query;   // after the `?`; empty when there is none
  Headers headers;     // names in lower case, in the order sent
  std::string body;

  // The value of the header, whose name is given in lower case. Absent when it was not sent. Of
  // several, the first.
  std::optional<std::string_view> Header(std::string_view name) const;
  // How often it was sent.
  int CountHeader(std::string_view name) const;
};

// An answer. The server adds the length, what the connection needs, and headers that forbid pages
// of other sites to use it.
struct Response {
  int status = 200;
  Headers headers;
  std::string body;
};

Response JsonResponse(int status, std::string body);
// `{"code":"CODE","message":"MESSAGE"}`, the form of every refusal; `code` is one of Connect's.
Response ErrorResponse(int status, std::string_view code, std::string_view message);

// One request and the way back to who sent it. Every method may be called from any thread and
// returns at once; what comes after the connection has broken is dropped. An exchange that is
// released without an answer is answered with 500.
class Exchange {
 public:
  virtual ~Exchange() = default;
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  // Constant.
  virtual const Request& request() const = 0;

  // `IP:PORT` of the other side.
  virtual const std::string& peer() const = 0;

  // Runs `callback` once, as soon as the other side is gone before the answer is complete. Holds
  // it no longer than until then. Call before the answer.
  virtual void OnDisconnect(std::function<void()> callback) = 0;

  // The whole answer.
  virtual void Reply(Response response) = 0;

  // Or: the beginning of an answer without end, then pieces, each after the one before was `sent`
  // (with false when it cannot be), then the end.
  virtual void BeginStream(int status, Headers headers) = 0;
  virtual void Write(std::string bytes, std::function<void(bool ok)> sent) = 0;
  virtual void EndStream() = 0;

 protected:
  Exchange() = default;
};

// Answers exchanges. Runs on a thread that serves other connections too, so it must not block.
using Handler = std::function<void(std::shared_ptr<Exchange>)>;

}  // namespace assay::http
