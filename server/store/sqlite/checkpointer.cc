#include "server/store/sqlite/checkpointer.h"

#include <utility>

#include "absl/status/statusor.h"
#include "server/base/log.h"

namespace assay::store {

Checkpointer::Checkpointer(std::unique_ptr<Database> database, CheckpointLimits limits)
    : database_(std::move(database)), limits_(limits), thread_([this] { Loop(); }) {}

Checkpointer::~Checkpointer() {
  {
    const MutexLock lock(mutex_);
    is_closing_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Checkpointer::AfterCommit(int num_pages) {
  if (num_pages < last_pages_) {
    pages_at_copy_ = 0;  // All was copied, and the log began anew.
  }
  last_pages_ = num_pages;
  const bool must_wait = num_pages >= limits_.max_pages;
  if (!must_wait && num_pages - pages_at_copy_ < limits_.pages_between) {
    return;
  }
  pages_at_copy_ = num_pages;
  {
    const MutexLock lock(mutex_);
    ++num_wanted_;
  }
  changed_.notify_all();
  if (must_wait) {
    Settle();
  }
}

void Checkpointer::Settle() {
  MutexLock lock(mutex_);
  while (num_done_ < num_wanted_) {
    lock.Wait(changed_);
  }
}

void Checkpointer::Loop() {
  for (;;) {
    std::int64_t num_wanted = 0;
    {
      MutexLock lock(mutex_);
      while (num_done_ == num_wanted_ && !is_closing_) {
        lock.Wait(changed_);
      }
      if (is_closing_) {
        return;
      }
      num_wanted = num_wanted_;
    }
    // A log that is in use is copied as far as that allows.
    const absl::StatusOr<std::int64_t> is_busy =
        database_->QueryInt64("PRAGMA wal_checkpoint(PASSIVE)");
    if (!is_busy.ok()) {
      Log(LogLevel::kWarning, "copying the log into its file failed",
          {{"file", database_->path()}, {"error", is_busy.status()}});
    }
    {
      const MutexLock lock(mutex_);
      num_done_ = num_wanted;
    }
    changed_.notify_all();
  }
}

}  // namespace assay::store
