#include "server/http/site_guard.h"

#include <arpa/inet.h>

#include <algorithm>

#include "absl/strings/match.h"

namespace assay::http {
namespace {

// The packaged Abseil has a string_view of its own.
bool IsEqual(std::string_view a, std::string_view b) {
  return absl::EqualsIgnoreCase({a.data(), a.size()}, {b.data(), b.size()});
}

bool IsIpAddress(int family, const std::string& text) {
  unsigned char address[sizeof(in6_addr)];
  return inet_pton(family, text.c_str(), address) == 1;
}

bool IsOneOf(std::string_view name, const std::vector<std::string>& names) {
  return std::any_of(names.begin(), names.end(),
                     [name](const std::string& own) { return IsEqual(name, own); });
}

}  // namespace

bool IsOwnHost(std::string_view host, const std::vector<std::string>& names) {
  if (!host.empty() && host.front() == '[') {
    const std::size_t end = host.find(']');
    return end != std::string_view::npos &&
           IsIpAddress(AF_INET6, std::string(host.substr(1, end - 1))) &&
           (end + 1 == host.size() || host[end + 1] == ':');
  }
  const std::string name(host.substr(0, host.find(':')));
  return IsIpAddress(AF_INET, name) || IsEqual(name, "localhost") || IsOneOf(name, names);
}

bool IsOwnOrigin(std::string_view origin, std::string_view host,
                 const std::vector<std::string>& names) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (IsEqual(origin.substr(0, scheme.size()), scheme)) {
      const std::string_view authority = origin.substr(scheme.size());
      return IsEqual(authority, host) || IsOneOf(authority.substr(0, authority.find(':')), names);
    }
  }
  return false;
}

std::optional<Response> CheckSite(const Request& request, const std::vector<std::string>& names) {
  if (request.CountHeader("host") != 1) {
    return ErrorResponse(400, "invalid_argument", "expected one Host header");
  }
  const std::string_view host = *request.Header("host");
  if (!IsOwnHost(host, names)) {
    return ErrorResponse(421, "permission_denied", "the Host header names another server");
  }
  for (const auto& [name, value] : request.headers) {
    if (name == "origin" && !IsOwnOrigin(value, host, names)) {
      return ErrorResponse(403, "permission_denied",
                           "the request comes from a page of another site");
    }
  }
  return std::nullopt;
}

}  // namespace assay::http
