#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <thread>

#include "server/base/mutex.h"
#include "server/store/sqlite/database.h"

namespace assay::store {

struct CheckpointLimits {
  // Growth of the log, in pages, after which it is copied into the file.
  int pages_between = 0;
  // Pages in the log with which the writer waits until it is copied. More than `pages_between`.
  int max_pages = 0;
};

// Copies the log of a file into it on a thread and a connection of its own, so that commits need
// not wait for it: the log grows meanwhile, up to a limit. What a copy cannot do now (disk full,
// a reader that needs the log) the next one tries again. All but construction and destruction is
// called by the one thread that writes the file.
class Checkpointer {
 public:
  Checkpointer(std::unique_ptr<Database> database, CheckpointLimits limits);
  ~Checkpointer();
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;

  // After a commit that left `num_pages` in the log. Returns at once below the limit, else after a
  // copy that began now.
  void AfterCommit(int num_pages);
  // Waits until no copy runs; none begins before the next AfterCommit.
  void Settle();

 private:
  void Loop();

  const std::unique_ptr<Database> database_;  // Used by thread_ alone.
  const CheckpointLimits limits_;
  int last_pages_ = 0;     // at the last commit
  int pages_at_copy_ = 0;  // when a copy was asked for last, since the log began anew
  Mutex mutex_;
  std::condition_variable changed_;
  std::int64_t num_wanted_ ASSAY_GUARDED_BY(mutex_) = 0;  // copies asked for
  std::int64_t num_done_ ASSAY_GUARDED_BY(mutex_) = 0;    // of them, answered by a copy
  bool is_closing_ ASSAY_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace assay::store
