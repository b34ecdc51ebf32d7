#pragma once

#include <condition_variable>

#include "server/base/mutex.h"

namespace assay::http {

// Lets passes in until it is closed; whoever closes it knows that nobody is inside. Thread-safe.
class Gate {
 public:
  // Inside for as long as it lives, unless the gate was closed before.
  class Pass {
   public:
    explicit Pass(Gate& gate) : gate_(gate), is_inside_(gate.Enter()) {}
    ~Pass() {
      if (is_inside_) {
        gate_.Leave();
      }
    }
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;

    bool is_inside() const { return is_inside_; }

   private:
    Gate& gate_;
    const bool is_inside_;
  };

  // Waits until all have left, so never from inside.
  void Close() {
    MutexLock lock(mutex_);
    is_closed_ = true;
    while (num_inside_ > 0) {
      lock.Wait(left_);
    }
  }

 private:
  bool Enter() {
    const MutexLock lock(mutex_);
    num_inside_ += is_closed_ ? 0 : 1;
    return !is_closed_;
  }
  void Leave() {
    const MutexLock lock(mutex_);
    --num_inside_;
    left_.notify_all();
  }

  Mutex mutex_;
  std::condition_variable left_;
  int num_inside_ ASSAY_GUARDED_BY(mutex_) = 0;
  bool is_closed_ ASSAY_GUARDED_BY(mutex_) = false;
};

}  // namespace assay::http
