#include "server/http/router.h"

#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace assay::http {

void Router::Add(std::string_view method, std::string_view path, Route route) {
  routes_[std::string(path)].emplace_back(method, std::move(route));
}

void Router::AddFallback(Route route) { fallback_ = std::move(route); }

Router::Match Router::Find(std::string_view method, std::string_view path) const {
  if (method == "HEAD") {
    method = "GET";
  }
  const auto found = routes_.find(path);
  if (found == routes_.end()) {
    if (method == "GET" && fallback_.handler != nullptr) {
      return {&fallback_, {}};
    }
    return {nullptr, ErrorResponse(404, "not_found", "there is no such page")};
  }
  std::vector<std::string> allowed;
  for (const auto& [own_method, route] : found->second) {
    if (own_method == method) {
      return {&route, {}};
    }
    allowed.push_back(own_method == "GET" ? "GET, HEAD" : own_method);
  }
  const std::string list = absl::StrJoin(allowed, ", ");
  Match refused{nullptr,
                ErrorResponse(405, "unimplemented", absl::StrFormat("here works only: %s", list))};
  refused.refusal.headers.emplace_back("Allow", list);
  return refused;
}

}  // namespace assay::http
