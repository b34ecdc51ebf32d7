#include "server/run/lease_keeper.h"

#include <cstddef>
#include <vector>

#include "absl/status/status.h"
#include "server/base/log.h"

namespace assay::run {
namespace {

// A cancelled run whose job is claimed later than this many cancellations has long lost its jobs.
constexpr std::size_t kRememberedTargets = 1000;

}  // namespace

LeaseKeeper::LeaseKeeper(store::RunStore& runs, Clock& clock, std::chrono::milliseconds lease)
    : runs_(runs), clock_(clock), lease_(lease), thread_([this] { Work(); }) {}

LeaseKeeper::~LeaseKeeper() {
  {
    const MutexLock lock(mutex_);
    is_closing_ = true;
  }
  is_closing_changed_.notify_all();
  thread_.join();
}

std::shared_ptr<JobControl> LeaseKeeper::Hold(const store::JobLease& lease) {
  auto control = std::make_shared<JobControl>();
  const MutexLock lock(mutex_);
  held_[lease.job_id] = {lease, control, clock_.Steady()};
  if (cancelled_.contains(lease.target_id)) {
    control->Stop(StopReason::kCancelled);
  } else if (is_shutting_down_) {
    control->Stop(StopReason::kShutdown);
  }
  return control;
}

void LeaseKeeper::Drop(const store::JobLease& lease) {
  const MutexLock lock(mutex_);
  const auto held = held_.find(lease.job_id);
  // The job may be in hand again, under a later fence.
  if (held != held_.end() && held->second.lease.fence == lease.fence) {
    held_.erase(held);
  }
}

void LeaseKeeper::Cancel(store::Id target) {
  const MutexLock lock(mutex_);
  cancelled_.insert(target);
  if (cancelled_.size() > kRememberedTargets) {
    cancelled_.erase(cancelled_.begin());  // Ids grow: the oldest.
  }
  for (const auto& [job, held] : held_) {
    if (held.lease.target_id == target) {
      held.control->Stop(StopReason::kCancelled);
    }
  }
}

void LeaseKeeper::ShutDown() {
  const MutexLock lock(mutex_);
  is_shutting_down_ = true;
  for (const auto& [job, held] : held_) {
    held.control->Stop(StopReason::kShutdown);
  }
}

void LeaseKeeper::Work() {
  // A job claimed just after a round is first renewed one to two rounds later: a third of the lease
  // between rounds leaves a third of it for a slow store.
  const auto pause = lease_ / 3;
  for (;;) {
    {
      MutexLock lock(mutex_);
      const auto next_round = std::chrono::steady_clock::now() + pause;
      while (!is_closing_ && lock.WaitUntil(is_closing_changed_, next_round)) {
      }
      if (is_closing_) {
        return;
      }
    }
    RenewAll();
  }
}

void LeaseKeeper::RenewAll() {
  std::vector<Held> held;
  {
    const MutexLock lock(mutex_);
    for (const auto& [job, one] : held_) {
      held.push_back(one);
    }
  }
  for (const Held& one : held) {
    Renew(one);
  }
}

void LeaseKeeper::Renew(const Held& held) {
  const auto asked = clock_.Steady();
  const absl::Status renewed = runs_.Renew(
      held.lease, std::chrono::duration_cast<std::chrono::microseconds>(lease_).count());
  if (renewed.ok()) {
    const MutexLock lock(mutex_);
    const auto found = held_.find(held.lease.job_id);
    if (found != held_.end() && found->second.lease.fence == held.lease.fence) {
      found->second.renewed = asked;
    }
    return;
  }
  // A lease that could not be renewed in time may be another worker's by now.
  const bool has_run_out = clock_.Steady() - held.renewed >= lease_;
  if (absl::IsAborted(renewed) || has_run_out) {
    held.control->Stop(StopReason::kLeaseLost);
  } else {
    Log(LogLevel::kWarning, "could not renew a lease",
        {{"job", held.lease.job_id}, {"error", renewed}});
  }
}

}  // namespace assay::run
