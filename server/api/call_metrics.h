#pragma once

#include <array>
#include <chrono>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "server/base/metrics.h"
#include "server/base/mutex.h"

namespace assay::api {

// Counts calls by method and outcome, and their times by method. Thread-safe.
class CallMetrics {
 public:
  // `method` lives as long as the program.
  void Record(std::string_view method, absl::StatusCode code, std::chrono::nanoseconds time);

 private:
  static constexpr std::size_t kNumCodes = 17;
  struct OfMethod {
    std::array<Counter*, kNumCodes> calls{};  // by code; nullptr: none so far
    TimeHistogram* times = nullptr;
  };

  Mutex mutex_;
  absl::flat_hash_map<std::string_view, OfMethod> methods_ ASSAY_GUARDED_BY(mutex_);
};

}  // namespace assay::api
