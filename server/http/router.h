#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/http/exchange.h"

namespace assay::http {

// Which handler a request goes to. Filled once, then constant and thread-safe.
class Router {
 public:
  // Why a body is not taken: it is too large, or too many large ones are under way.
  enum class BodyRefusal : std::uint8_t { kTooLarge, kBusy };
  struct Route {
    std::uint64_t max_body_bytes = 0;
    Handler handler;
    // Of the span that each request leaves, `POST /assay.v1.RunService/GetRun`; empty: none.
    std::string span_name = {};
    // The answer in the protocol of the path; absent: an ErrorResponse.
    std::function<Response(BodyRefusal why, const Request& request)> refuse_body = {};
  };
  // What a request line leads to: a route, or the answer that refuses it.
  struct Match {
    const Route* route = nullptr;
    Response refusal;
  };

  // `POST`, `/v1/traces`. GET includes HEAD. The path must match whole.
  void Add(std::string_view method, std::string_view path, Route route);
  // Everything with GET that has no route.
  void AddFallback(Route route);

  // 404 when no route has the path; 405 with `Allow` when none of those has the method.
  Match Find(std::string_view method, std::string_view path) const;

 private:
  std::map<std::string, std::vector<std::pair<std::string, Route>>, std::less<>> routes_;
  Route fallback_;
};

}  // namespace assay::http
