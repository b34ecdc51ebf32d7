#pragma once

#include <chrono>
#include <optional>

#include "absl/status/status.h"

namespace assay::client {

// How long to wait before each further attempt: 50 ms, doubling up to 2 s, until `patience` has
// been waited. Owned by one thread.
class Backoff {
 public:
  explicit Backoff(std::chrono::milliseconds patience) : patience_(patience) {}
  // The next delay; absent once the patience is used up.
  std::optional<std::chrono::milliseconds> Next();
  // Starts over, for instance after progress.
  void Reset();

 private:
  const std::chrono::milliseconds patience_;
  std::chrono::milliseconds waited_{0};
  std::chrono::milliseconds delay_{50};
};

// True when the same upload batch may be sent again: the link broke or the server is busy.
bool IsTransient(const absl::Status& status);

}  // namespace assay::client
