#pragma once

#include <chrono>
#include <cstdint>

namespace assay {

// Where time comes from. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  // Microseconds since the Unix epoch, UTC. May jump.
  virtual std::int64_t NowUs() = 0;
  // Grows steadily, never jumps; for durations and leases.
  virtual std::chrono::steady_clock::time_point Steady() = 0;
};

// The system's clock; lives as long as the program.
Clock& SystemClock();

}  // namespace assay
