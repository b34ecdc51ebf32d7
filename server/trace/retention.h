#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "server/base/clock.h"
#include "server/store/trace_store.h"

namespace assay::trace {

// Keeps the traces within an age and a size: removes the oldest in small steps, so that spans that
// come in meanwhile hardly wait, and gives the space back to the disk. Holds a reserve of disk
// space in a file, because on a full disk even removing needs room. Works on a thread of its own.
class Retention {
 public:
  struct Options {
    std::int64_t max_age_days = 30;
    std::int64_t max_bytes = std::int64_t{10} << 30;
    std::int64_t histogram_age_days = 400;  // of hours; minutes go with their traces
    std::filesystem::path reserve;          // the file; empty: none
    std::int64_t reserve_bytes = 16 << 20;
    std::int64_t pause_ms = 30'000;  // between looks
  };
  struct Counters {
    std::int64_t num_removed_traces = 0;
    std::int64_t num_removed_spans = 0;
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
