#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <thread>

#include "server/base/clock.h"
#include "server/base/mutex.h"
#include "server/run/job_control.h"
#include "server/store/run_store.h"

namespace assay::run {

// Holds the leases of the jobs in hand: one thread renews each at a third of its length, by the
// steady clock, and tells a job to stop when its lease is lost. Thread-safe.
class LeaseKeeper {
 public:
  // `runs` and `clock` outlive the keeper.
  LeaseKeeper(store::RunStore& runs, Clock& clock, std::chrono::milliseconds lease);
  // Joins. Jobs still held are renewed no more.
  ~LeaseKeeper();
  LeaseKeeper(const LeaseKeeper&) = delete;
  LeaseKeeper& operator=(const LeaseKeeper&) = delete;

  // Keeps a lease, claimed just now, until Drop. The control tells the job when to stop: at once if
  // its target, or everything, was stopped between claim and Hold.
  std::shared_ptr<JobControl> Hold(const store::JobLease& lease);
  void Drop(const store::JobLease& lease);

  // Stops the jobs of a run, which is cancelled, or all of them; those in hand and any to come.
  void Cancel(store::Id target);
  void ShutDown();

 private:
  struct Held {
    store::JobLease lease;
    std::shared_ptr<JobControl> control;
    std::chrono::steady_clock::time_point renewed;
  };

  void Work();
  void RenewAll();
  void Renew(const Held& held);

  store::RunStore& runs_;
  Clock& clock_;
  const std::chrono::milliseconds lease_;

  Mutex mutex_;
  std::condition_variable is_closing_changed_;
  std::map<store::Id, Held> held_ ASSAY_GUARDED_BY(mutex_);  // by job
  std::set<store::Id> cancelled_ ASSAY_GUARDED_BY(mutex_);   // the latest
  bool is_shutting_down_ ASSAY_GUARDED_BY(mutex_) = false;
  bool is_closing_ ASSAY_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // Constant after construction.
};

}  // namespace assay::run
