#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

// Clang's thread-safety attributes; nothing under other compilers.
#if defined(__clang__)
#define ASSAY_THREAD_ATTRIBUTE(x) __attribute__((x))
#else
#define ASSAY_THREAD_ATTRIBUTE(x)
#endif
#define ASSAY_GUARDED_BY(mutex) ASSAY_THREAD_ATTRIBUTE(guarded_by(mutex))
#define ASSAY_REQUIRES(mutex) ASSAY_THREAD_ATTRIBUTE(requires_capability(mutex))
#define ASSAY_EXCLUDES(mutex) ASSAY_THREAD_ATTRIBUTE(locks_excluded(mutex))

namespace assay {

// std::mutex, which every sanitizer understands, with annotations that clang checks.
class ASSAY_THREAD_ATTRIBUTE(capability("mutex")) Mutex {
 public:
  void Lock() ASSAY_THREAD_ATTRIBUTE(acquire_capability()) { mutex_.lock(); }
  void Unlock() ASSAY_THREAD_ATTRIBUTE(release_capability()) { mutex_.unlock(); }

 private:
  friend class MutexLock;
  std::mutex mutex_;
};

// Holds a Mutex for a scope, and waits on condition variables with it.
class ASSAY_THREAD_ATTRIBUTE(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) ASSAY_THREAD_ATTRIBUTE(acquire_capability(mutex))
      : lock_(mutex.mutex_) {}
  ~MutexLock() ASSAY_THREAD_ATTRIBUTE(release_capability()) = default;
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

  // Sleeps until notified; may wake without cause, so wait in a loop.
  void Wait(std::condition_variable& condition) { condition.wait(lock_); }
  // As Wait; false when `deadline` passed.
  bool WaitUntil(std::condition_variable& condition,
                 std::chrono::steady_clock::time_point deadline) {
    return condition.wait_until(lock_, deadline) == std::cv_status::no_timeout;
  }

 private:
  std::unique_lock<std::mutex> lock_;
};

}  // namespace assay
