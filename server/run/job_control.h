#pragma once

#include <atomic>
#include <cstdint>

#include "absl/status/status.h"

namespace assay::run {

// Why a job in hand must stop.
enum class StopReason : std::uint8_t {
  kNone = 0,
  kCancelled = 1,  // its run was cancelled
  kLeaseLost = 2,  // another worker may hold it
  kShutdown = 3,   // the server stops; the job is given back
};

// Tells a job in hand to stop: set from any thread, asked by the worker between chunks.
// Thread-safe.
class JobControl {
 public:
  // The first reason stays.
  void Stop(StopReason reason) {
    StopReason expected = StopReason::kNone;
    reason_.compare_exchange_strong(expected, reason);
  }
  StopReason reason() const { return reason_.load(); }
  // OK while the job may go on, else CANCELLED.
  absl::Status Check() const {
    return reason() == StopReason::kNone ? absl::OkStatus()
                                         : absl::CancelledError("the job was stopped");
  }

 private:
  std::atomic<StopReason> reason_{StopReason::kNone};
};

}  // namespace assay::run
