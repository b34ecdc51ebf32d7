#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "server/base/clock.h"
#include "server/store/trace_store.h"

namespace assay::trace {

// Keeps the traces within an age and a size: removes the oldest in small steps, so that spans that
// come in meanwhile hardly wait, and gives the space back to the disk. Holds a reserve of disk
// space in a file, because on a full disk even removing needs room: the log of the traces must be
// copied into their file before its space is free. When the disk is full it removes the oldest
// traces, however young, until the reserve is there again and as much is free beside it; spans are
// refused for that moment. Works on a thread of its own. Thread-safe.
class Retention {
 public:
  struct Options {
    std::int64_t max_age_days = 30;
    std::int64_t max_bytes = std::int64_t{10} << 30;
    std::int64_t histogram_age_days = 400;  // of hours; minutes go with their traces
    // The file, on the disk of the traces; empty: none, and a full disk stays full.
    std::filesystem::path reserve;
    // More than the log of the traces: 16 MiB and the largest transaction.
    std::int64_t reserve_bytes = 64 << 20;
    std::int64_t pause_ms = 30'000;  // between looks
    std::int64_t retry_ms = 30'000;  // after room was sought in vain
  };
  struct Counters {
    std::int64_t num_removed_traces = 0;
    std::int64_t num_removed_spans = 0;
    std::int64_t num_given_up_traces = 0;  // of those removed: for room on a full disk
  };

  // `store` and `clock` outlive this object.
  Retention(store::TraceStore& store, Clock& clock, Options options);
  ~Retention();
  Retention(const Retention&) = delete;
  Retention& operator=(const Retention&) = delete;

  // Looks once, now, on this thread, and removes what is too much.
  absl::Status Enforce();
  // Looks soon, because the store said that it is full.
  void Hurry();
  Counters counters() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace assay::trace
