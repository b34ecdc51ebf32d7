#pragma once

#include <cstdint>
#include <map>
#include <tuple>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/store/sqlite/database.h"
#include "server/store/trace_query.h"

namespace assay::store {

// Durations of new spans on their way into table `latency`. Owned by one thread.
class LatencyDelta {
 public:
  // `service` 0: none.
  void Add(Id name, Id service, const SpanRecord& span);
  // Adds everything to the table and forgets it.
  absl::Status Store(Database& database, Id project);

 private:
  struct Durations {
    std::int64_t num_errors = 0;
    LatencyHistogram histogram;
  };
  std::map<std::tuple<std::int64_t, Id, Id>, Durations> by_minute_;  // minute, name, service
};

// By service, name and time.
absl::StatusOr<std::vector<LatencyStep>> ReadLatency(Database& database, Id project,
                                                     const LatencyQuery& query);

// Removes rows of every project whose time ended before these minutes, at most `max_rows`; the
// number removed.
absl::StatusOr<std::int64_t> RemoveLatency(Database& database, std::int64_t minutes_before,
                                           std::int64_t hours_before, std::int64_t max_rows);

}  // namespace assay::store
