#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "server/base/mutex.h"

namespace assay::http {

// What one connection and all of them together may take.
struct Limits {
  std::uint32_t max_header_bytes = 16 << 10;
  int max_connections = 1024;
  // Of one address. Loopback is exempt: all callers behind a proxy on this machine share it.
  int max_connections_per_address = 100;
  // Bodies of more than `small_body_bytes` that are being read or answered, together.
  std::uint64_t small_body_bytes = 64 << 10;
  std::uint64_t max_body_bytes_in_hand = 256 << 20;

  std::chrono::seconds header_timeout{10};  // also of a TLS handshake
  std::chrono::seconds body_timeout{60};
  std::chrono::seconds write_timeout{60};  // of an answer, or of one piece of a stream
  std::chrono::seconds idle_timeout{60};   // between requests
  std::chrono::seconds linger_timeout{
      2};  // for a body that nobody wants, so that the answer gets out
};

// Counts what connections take. Thread-safe.
class Census {
 public:
  explicit Census(const Limits& limits) : limits_(limits) {}

  // False, without counting it, when there are enough connections.
  bool Enter(const std::string& ip_address, bool is_loopback);
  void Leave(const std::string& ip_address);

  // False, without counting them, when that would be too much memory.
  bool TakeBytes(std::uint64_t num_bytes);
  void ReturnBytes(std::uint64_t num_bytes);

 private:
  const Limits limits_;
  Mutex mutex_;
  int num_connections_ ASSAY_GUARDED_BY(mutex_) = 0;
  std::map<std::string, int> by_address_ ASSAY_GUARDED_BY(mutex_);
  std::uint64_t num_bytes_ ASSAY_GUARDED_BY(mutex_) = 0;
};

}  // namespace assay::http
