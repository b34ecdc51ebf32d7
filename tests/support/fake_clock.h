#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "server/base/clock.h"

namespace assay::test {

// A clock that stands still until it is told to move. Thread-safe.
class FakeClock : public Clock {
 public:
  // 2024-01-01T00:00:00Z.
  static constexpr std::int64_t kStartUs = 1'704'067'200'000'000;

  std::int64_t NowUs() override { return now_us_; }
  std::chrono::steady_clock::time_point Steady() override {
    return std::chrono::steady_clock::time_point(std::chrono::nanoseconds(steady_ns_));
  }

  // Moves both clocks forward.
  void Advance(std::chrono::nanoseconds duration) {
    steady_ns_ += duration.count();
    now_us_ += std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
  }
  // Sets the wall clock alone, as an operator does.
  void JumpTo(std::int64_t now_us) { now_us_ = now_us; }

 private:
  std::atomic<std::int64_t> now_us_{kStartUs};
  std::atomic<std::int64_t> steady_ns_{1'000'000'000};
};

}  // namespace assay::test
