#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "server/base/mutex.h"

namespace assay {

// A fixed number of threads that run what is posted, in the order of posting. Thread-safe.
class ThreadPool {
 public:
  // Starts `num_threads` >= 1 threads.
  explicit ThreadPool(int num_threads);
  // Runs everything that was posted, then joins.
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  // Queues `task`; never blocks. Tasks may post too.
  void Post(std::function<void()> task);

 private:
  void Work();

  Mutex mutex_;
  std::condition_variable has_task_;
  std::deque<std::function<void()>> tasks_ ASSAY_GUARDED_BY(mutex_);
  bool is_closing_ ASSAY_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;  // Constant after construction.
};

}  // namespace assay
