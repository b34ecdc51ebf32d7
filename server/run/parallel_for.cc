#include "server/run/parallel_for.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <limits>
#include <memory>
#include <utility>

#include "server/base/mutex.h"

namespace assay::run {
namespace {

// One call of a ParallelFor. Helpers that start after its end find nothing left and touch only this
// object, which they share; `body` is used only while the caller waits.
class Loop {
 public:
  Loop(std::int64_t n, const std::function<void(std::int64_t)>& body) : n_(n), body_(body) {}

  void TakePart() {
    std::int64_t num_done = 0;
    for (std::int64_t i = next_.fetch_add(1); i < n_; i = next_.fetch_add(1)) {
      body_(i);
      ++num_done;
    }
    if (num_done == 0) {
      return;
    }
    const MutexLock lock(mutex_);
    num_done_ += num_done;
    if (num_done_ == n_) {
      all_done_.notify_all();
    }
  }

  void Wait() {
    MutexLock lock(mutex_);
    while (num_done_ < n_) {
      lock.Wait(all_done_);
    }
  }

 private:
  const std::int64_t n_;
  const std::function<void(std::int64_t)>& body_;
  std::atomic<std::int64_t> next_{0};
  Mutex mutex_;
  std::condition_variable all_done_;
  std::int64_t num_done_ ASSAY_GUARDED_BY(mutex_) = 0;
};

}  // namespace

ParallelFor MakeParallelFor(ThreadPool& pool, int num_helpers) {
  return [&pool, num_helpers](std::int64_t n, const std::function<void(std::int64_t)>& body) {
    if (n <= 0) {
      return;
    }
    const auto loop = std::make_shared<Loop>(n, body);
    for (std::int64_t i = 0; i < std::min<std::int64_t>(num_helpers, n - 1); ++i) {
      pool.Post([loop] { loop->TakePart(); });
    }
    loop->TakePart();
    loop->Wait();
  };
}

absl::Status ForEach(const ParallelFor& parallel_for, std::int64_t n,
                     const std::function<absl::Status(std::int64_t)>& body) {
  Mutex mutex;
  absl::Status first;
  std::atomic<std::int64_t> first_index{std::numeric_limits<std::int64_t>::max()};
  parallel_for(n, [&](std::int64_t i) {
    if (i > first_index.load()) {
      return;
    }
    absl::Status status = body(i);
    if (!status.ok()) {
      const MutexLock lock(mutex);
      if (i < first_index.load()) {
        first_index.store(i);
        first = std::move(status);
      }
    }
  });
  return first;
}

}  // namespace assay::run
