#include "server/api/listen_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"

namespace assay::api {
namespace {

// The address as the kernel takes it; length 0 when `host` is no IP address.
socklen_t SocketAddress(const ListenAddress& address, sockaddr_storage& out) {
  std::memset(&out, 0, sizeof out);
  auto* v4 = reinterpret_cast<sockaddr_in*>(&out);
  if (inet_pton(AF_INET, address.host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(static_cast<std::uint16_t>(address.port));
    return sizeof *v4;
  }
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&out);
  if (inet_pton(AF_INET6, address.host.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(static_cast<std::uint16_t>(address.port));
    return sizeof *v6;
  }
  return 0;
}

}  // namespace

absl::StatusOr<ListenAddress> ParseListenAddress(std::string_view field, std::string_view text) {
  const absl::Status fault = absl::InvalidArgumentError(
      absl::StrFormat("%s: expected IP:PORT, [IPV6]:PORT or localhost:PORT: '%s'", field, text));
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || text.size() > 64) {
    return fault;
  }
  ListenAddress address;
  const std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (error != std::errc() || end != port.data() + port.size() || address.port < 0 ||
      address.port > 65'535) {
    return fault;
  }
  const bool has_brackets = host.size() > 2 && host.front() == '[' && host.back() == ']';
  address.host = host == "localhost"
                     ? "127.0.0.1"
                     : std::string(has_brackets ? host.substr(1, host.size() - 2) : host);
  sockaddr_storage storage;
  const socklen_t length = SocketAddress(address, storage);
  if (length == 0 || has_brackets != (storage.ss_family == AF_INET6)) {
    return fault;
  }
  return address;
}

std::string FormatAddress(const ListenAddress& address) {
  const bool is_v6 = address.host.find(':') != std::string::npos;
  return is_v6 ? absl::StrFormat("[%s]:%d", address.host, address.port)
               : absl::StrFormat("%s:%d", address.host, address.port);
}

bool IsLoopback(const ListenAddress& address) {
  sockaddr_storage storage;
  if (SocketAddress(address, storage) == 0) {
    return false;
  }
  if (storage.ss_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&storage);
    return (ntohl(v4->sin_addr.s_addr) >> 24) == 127;
  }
  const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&storage);
  return std::memcmp(&v6->sin6_addr, &in6addr_loopback, sizeof in6addr_loopback) == 0;
}

std::string WhyNotBindable(const ListenAddress& address) {
  sockaddr_storage storage;
  const socklen_t length = SocketAddress(address, storage);
  if (length == 0) {
    return "not an IP address";
  }
  const int socket = ::socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) {
    return std::strerror(errno);
  }
  const int on = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  std::string reason;
  if (::bind(socket, reinterpret_cast<const sockaddr*>(&storage), length) != 0 ||
      ::listen(socket, 1) != 0) {
    reason = std::strerror(errno);
  }
  ::close(socket);
  return reason;
}

}  // namespace assay::api
