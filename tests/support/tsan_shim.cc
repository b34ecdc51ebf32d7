// Teaches ThreadSanitizer about the locks and hand-overs of the packaged gRPC and Abseil, which are
// not instrumented: without it a correct program gives about a thousand false reports, and blunt
// suppressions hide real races in our handlers. Linked into every program of the tsan preset, never
// into one that users run.
//
// gRPC takes all its locks through exported absl::Mutex functions, which a program can interpose;
// the other hand-overs are the tag of a batch, from grpc_call_start_batch to the completion queue,
// and the count of a server call's callbacks, of which the library drops the last when the caller
// is gone.

#include <absl/synchronization/mutex.h>
#include <absl/time/time.h>
#include <dlfcn.h>
#include <grpc/grpc.h>
#include <sanitizer/tsan_interface.h>

#include <cstdio>
#include <cstdlib>

#define NO_TSAN __attribute__((no_sanitize("thread")))
#define MUTEX "_ZN4absl7debian35Mutex"
#define CONDVAR "_ZN4absl7debian37CondVar"
#define SCHEDULE_ON_DONE "_ZN4grpc8internal18ServerCallbackCall14ScheduleOnDoneEb"

namespace {

using absl::Condition;
using absl::CondVar;
using absl::Duration;
using absl::Mutex;
using absl::Time;

template <typename Function>
NO_TSAN Function* Real(const char* name) {
  void* const found = dlsym(RTLD_NEXT, name);
  if (found == nullptr) {
    std::fprintf(stderr, "tsan_shim: no symbol %s: the packaged Abseil has changed\n", name);
    std::abort();
  }
  return reinterpret_cast<Function*>(found);
}

NO_TSAN void Released(void* mutex) {
  __tsan_mutex_pre_unlock(mutex, 0);
  __tsan_mutex_post_unlock(mutex, 0);
}

NO_TSAN void Acquired(void* mutex) {
  __tsan_mutex_pre_lock(mutex, 0);
  __tsan_mutex_post_lock(mutex, 0, 0);
}

}  // namespace

extern "C" {

NO_TSAN void ShimLock(Mutex* mutex) asm(MUTEX "4LockEv");
NO_TSAN void ShimLock(Mutex* mutex) {
  static auto* const real = Real<void(Mutex*)>(MUTEX "4LockEv");
  __tsan_mutex_pre_lock(mutex, 0);
  real(mutex);
  __tsan_mutex_post_lock(mutex, 0, 0);
}

NO_TSAN void ShimUnlock(Mutex* mutex) asm(MUTEX "6UnlockEv");
NO_TSAN void ShimUnlock(Mutex* mutex) {
  static auto* const real = Real<void(Mutex*)>(MUTEX "6UnlockEv");
  __tsan_mutex_pre_unlock(mutex, 0);
  real(mutex);
  __tsan_mutex_post_unlock(mutex, 0);
}

NO_TSAN bool ShimTryLock(Mutex* mutex) asm(MUTEX "7TryLockEv");
NO_TSAN bool ShimTryLock(Mutex* mutex) {
  static auto* const real = Real<bool(Mutex*)>(MUTEX "7TryLockEv");
  __tsan_mutex_pre_lock(mutex, __tsan_mutex_try_lock);
  const bool locked = real(mutex);
  __tsan_mutex_post_lock(mutex, __tsan_mutex_try_lock | (locked ? 0 : __tsan_mutex_try_lock_failed),
                         0);
  return locked;
}

NO_TSAN void ShimReaderLock(Mutex* mutex) asm(MUTEX "10ReaderLockEv");
NO_TSAN void ShimReaderLock(Mutex* mutex) {
  static auto* const real = Real<void(Mutex*)>(MUTEX "10ReaderLockEv");
  __tsan_mutex_pre_lock(mutex, __tsan_mutex_read_lock);
  real(mutex);
  __tsan_mutex_post_lock(mutex, __tsan_mutex_read_lock, 0);
}

NO_TSAN void ShimReaderUnlock(Mutex* mutex) asm(MUTEX "12ReaderUnlockEv");
NO_TSAN void ShimReaderUnlock(Mutex* mutex) {
  static auto* const real = Real<void(Mutex*)>(MUTEX "12ReaderUnlockEv");
  __tsan_mutex_pre_unlock(mutex, __tsan_mutex_read_lock);
  real(mutex);
  __tsan_mutex_post_unlock(mutex, __tsan_mutex_read_lock);
}

NO_TSAN void ShimLockWhen(Mutex* mutex,
                          const Condition& condition) asm(MUTEX "8LockWhenERKNS0_9ConditionE");
NO_TSAN void ShimLockWhen(Mutex* mutex, const Condition& condition) {
  static auto* const real =
      Real<void(Mutex*, const Condition&)>(MUTEX "8LockWhenERKNS0_9ConditionE");
  __tsan_mutex_pre_lock(mutex, 0);
  real(mutex, condition);
  __tsan_mutex_post_lock(mutex, 0, 0);
}

NO_TSAN void ShimAwait(Mutex* mutex,
                       const Condition& condition) asm(MUTEX "5AwaitERKNS0_9ConditionE");
NO_TSAN void ShimAwait(Mutex* mutex, const Condition& condition) {
  static auto* const real = Real<void(Mutex*, const Condition&)>(MUTEX "5AwaitERKNS0_9ConditionE");
  Released(mutex);
  real(mutex, condition);
  Acquired(mutex);
}

NO_TSAN bool ShimAwaitWithTimeout(Mutex* mutex, const Condition& condition, Duration timeout) asm(
    MUTEX "16AwaitWithTimeoutERKNS0_9ConditionENS0_8DurationE");
NO_TSAN bool ShimAwaitWithTimeout(Mutex* mutex, const Condition& condition, Duration timeout) {
  static auto* const real = Real<bool(Mutex*, const Condition&, Duration)>(
      MUTEX "16AwaitWithTimeoutERKNS0_9ConditionENS0_8DurationE");
  Released(mutex);
  const bool met = real(mutex, condition, timeout);
  Acquired(mutex);
  return met;
}

NO_TSAN void ShimWait(CondVar* condition, Mutex* mutex) asm(CONDVAR "4WaitEPNS0_5MutexE");
NO_TSAN void ShimWait(CondVar* condition, Mutex* mutex) {
  static auto* const real = Real<void(CondVar*, Mutex*)>(CONDVAR "4WaitEPNS0_5MutexE");
  Released(mutex);
  real(condition, mutex);
  Acquired(mutex);
}

NO_TSAN bool ShimWaitWithTimeout(CondVar* condition, Mutex* mutex, Duration timeout) asm(
    CONDVAR "15WaitWithTimeoutEPNS0_5MutexENS0_8DurationE");
NO_TSAN bool ShimWaitWithTimeout(CondVar* condition, Mutex* mutex, Duration timeout) {
  static auto* const real = Real<bool(CondVar*, Mutex*, Duration)>(
      CONDVAR "15WaitWithTimeoutEPNS0_5MutexENS0_8DurationE");
  Released(mutex);
  const bool expired = real(condition, mutex, timeout);
  Acquired(mutex);
  return expired;
}

NO_TSAN bool ShimWaitWithDeadline(CondVar* condition, Mutex* mutex,
                                  Time deadline) asm(CONDVAR
                                                     "16WaitWithDeadlineEPNS0_5MutexENS0_4TimeE");
NO_TSAN bool ShimWaitWithDeadline(CondVar* condition, Mutex* mutex, Time deadline) {
  static auto* const real =
      Real<bool(CondVar*, Mutex*, Time)>(CONDVAR "16WaitWithDeadlineEPNS0_5MutexENS0_4TimeE");
  Released(mutex);
  const bool expired = real(condition, mutex, deadline);
  Acquired(mutex);
  return expired;
}

NO_TSAN void ShimDestroy(Mutex* mutex) asm(MUTEX "D1Ev");
NO_TSAN void ShimDestroy(Mutex* mutex) {
  static auto* const real = Real<void(Mutex*)>(MUTEX "D1Ev");
  real(mutex);
  __tsan_mutex_destroy(mutex, 0);
}

NO_TSAN grpc_call_error grpc_call_start_batch(grpc_call* call, const grpc_op* ops, size_t num_ops,
                                              void* tag, void* reserved) {
  static auto* const real = Real<grpc_call_error(grpc_call*, const grpc_op*, size_t, void*, void*)>(
      "grpc_call_start_batch");
  if (tag != nullptr) {
    __tsan_release(tag);
  }
  return real(call, ops, num_ops, tag, reserved);
}

NO_TSAN grpc_event grpc_completion_queue_next(grpc_completion_queue* queue, gpr_timespec deadline,
                                              void* reserved) {
  static auto* const real =
      Real<grpc_event(grpc_completion_queue*, gpr_timespec, void*)>("grpc_completion_queue_next");
  const grpc_event event = real(queue, deadline, reserved);
  if (event.type == GRPC_OP_COMPLETE) {  // a shutdown event's tag is no hand-over
    __tsan_acquire(event.tag);
  }
  return event;
}

NO_TSAN grpc_event grpc_completion_queue_pluck(grpc_completion_queue* queue, void* tag,
                                               gpr_timespec deadline, void* reserved) {
  static auto* const real = Real<grpc_event(grpc_completion_queue*, void*, gpr_timespec, void*)>(
      "grpc_completion_queue_pluck");
  const grpc_event event = real(queue, tag, deadline, reserved);
  if (event.type == GRPC_OP_COMPLETE) {
    __tsan_acquire(event.tag);
  }
  return event;
}

// Whoever drops the last callback schedules OnDone; all others have dropped theirs before. The
// count lies behind the pointer to the virtual functions and the count of reasons to cancel
// (grpcpp/support/server_callback.h).
NO_TSAN void ShimScheduleOnDone(void* call, bool is_inline) asm(SCHEDULE_ON_DONE);
NO_TSAN void ShimScheduleOnDone(void* call, bool is_inline) {
  static auto* const real = Real<void(void*, bool)>(SCHEDULE_ON_DONE);
  __tsan_acquire(static_cast<char*>(call) + sizeof(void*) + sizeof(int));
  real(call, is_inline);
}

}  // extern "C"
