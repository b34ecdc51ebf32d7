#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace assay::api {

// Where a server listens: an IP address and a port, 0 for one that the kernel chooses.
struct ListenAddress {
  std::string host;  // IPv4 or IPv6 address without brackets
  int port = 0;
};

// Reads `HOST:PORT`; HOST is an IPv4 address, an IPv6 address in brackets, or `localhost`, which is
// 127.0.0.1. INVALID_ARGUMENT starts with `field`.
absl::StatusOr<ListenAddress> ParseListenAddress(std::string_view field, std::string_view text);

// `127.0.0.1:7317`, `[::1]:7317`.
std::string FormatAddress(const ListenAddress& address);

// True for 127.0.0.0/8 and ::1: only programs on this machine can connect.
bool IsLoopback(const ListenAddress& address);

// Why the address cannot be bound right now, in words of the operating system; empty when it can.
std::string WhyNotBindable(const ListenAddress& address);

}  // namespace assay::api
