#include "server/ingest/upload_lanes.h"

#include <iterator>
#include <memory>

#include "absl/strings/str_format.h"

namespace assay::ingest {
namespace {

absl::Status Stopping() { return absl::UnavailableError("the server is stopping"); }

}  // namespace

UploadLanes::UploadLanes(int max_batches_ahead, std::int64_t max_pending_bytes)
    : max_batches_ahead_(max_batches_ahead), max_pending_bytes_(max_pending_bytes) {}

UploadLane* UploadLanes::FindLocked(store::Id project, store::Id upload) {
  const auto found = lanes_.find(LaneKey(project, upload));
  return found == lanes_.end() ? nullptr : found->second.get();
}

UploadLanePtr UploadLanes::LaneLocked(store::Id project, store::Id upload) {
  UploadLanePtr& lane = lanes_[LaneKey(project, upload)];
  if (lane == nullptr) {
    lane = std::make_shared<UploadLane>(project, upload);
  }
  lane->last_used = std::chrono::steady_clock::now();
  return lane;
}

absl::Status UploadLanes::Admit(store::Id project, store::Id upload, const PendingBatch& batch) {
  if (batch.sequence < 0) {
    return absl::InvalidArgumentError(
        absl::StrFormat("sequence: %d, must be 0 or more", batch.sequence));
  }
  const MutexLock lock(mutex_);
  if (is_closing_) {
    return Stopping();
  }
  const UploadLane* const lane = FindLocked(project, upload);
  const bool may_be_next =
      lane == nullptr ||
      (lane->is_loaded() ? batch.sequence <= lane->next_to_apply() : !lane->has_waiting());
  const std::int64_t limit = max_pending_bytes_ * (may_be_next ? 2 : 1);
  if (pending_bytes_ + batch.size_bytes > limit) {
    return absl::ResourceExhaustedError(
        absl::StrFormat("%d bytes of batches would be in hand, at most %d are allowed",
                        pending_bytes_ + batch.size_bytes, limit));
  }
  pending_bytes_ += batch.size_bytes;
  ++num_pending_;
  return absl::OkStatus();
}

void UploadLanes::Finish(const PendingBatchPtr& batch, const absl::StatusOr<std::int64_t>& result) {
  batch->done(result);
  const MutexLock lock(mutex_);
  pending_bytes_ -= batch->size_bytes;
  --num_pending_;
  changed_.notify_all();
}

void UploadLanes::FinishAll(const std::vector<PendingBatchPtr>& batches,
                            const absl::Status& status) {
  for (const PendingBatchPtr& batch : batches) {
    Finish(batch, status);
  }
}

std::optional<store::UploadKind> UploadLanes::KindOf(store::Id project, store::Id upload) {
  const MutexLock lock(mutex_);
  const UploadLane* const lane = FindLocked(project, upload);
  return lane == nullptr ? std::nullopt : lane->kind;
}

UploadLanePtr UploadLanes::Park(store::Id project, store::Id upload, store::UploadKind kind,
                                PendingBatchPtr batch) {
  const MutexLock lock(mutex_);
  UploadLanePtr lane = LaneLocked(project, upload);
  lane->kind = kind;
  lane->Park(std::move(batch));
  if (lane->is_owned) {
    return nullptr;
  }
  lane->is_owned = true;
  return lane;
}

UploadLanePtr UploadLanes::Acquire(store::Id project, store::Id upload) {
  MutexLock lock(mutex_);
  for (;;) {
    UploadLanePtr lane = LaneLocked(project, upload);
    if (lane->is_idle()) {
      lane->is_owned = true;
      return lane;
    }
    lock.Wait(changed_);
  }
}

UploadLane::Step UploadLanes::NextStep(UploadLane& lane) {
  const MutexLock lock(mutex_);
  UploadLane::Step step = lane.TakeStep(max_batches_ahead_);
  if (step.action == UploadLane::Action::kNone) {
    lane.is_owned = false;
    changed_.notify_all();
  }
  return step;
}

void UploadLanes::Loaded(UploadLane& lane, const store::UploadRecord& upload) {
  const MutexLock lock(mutex_);
  lane.kind = upload.kind;
  lane.Loaded(upload.next_sequence, upload.state != store::UploadState::kOpen);
}

bool UploadLanes::IsLoaded(const UploadLane& lane) {
  const MutexLock lock(mutex_);
  return lane.is_loaded();
}

void UploadLanes::Applied(UploadLane& lane) {
  const MutexLock lock(mutex_);
  lane.Applied();
}

void UploadLanes::Failed(UploadLane& lane, std::int64_t sequence) {
  const MutexLock lock(mutex_);
  lane.Failed(sequence);
}

std::int64_t UploadLanes::NumDurable(const UploadLane& lane) {
  const MutexLock lock(mutex_);
  return lane.num_durable();
}

void UploadLanes::Remove(UploadLane& lane, const absl::Status& status) {
  std::vector<PendingBatchPtr> waiting;
  {
    const MutexLock lock(mutex_);
    waiting = lane.TakeAll();
    lane.is_owned = false;
    lanes_.erase(LaneKey(lane.project, lane.upload));
    changed_.notify_all();
  }
  FinishAll(waiting, status);
}

bool UploadLanes::Answered(UploadLane& lane, std::int64_t sequence, bool is_durable) {
  const MutexLock lock(mutex_);
  lane.Answered(is_durable);
  lane.last_used = std::chrono::steady_clock::now();
  if (!is_durable) {
    lane.Failed(sequence);
  }
  if (lane.is_owned || !lane.has_waiting()) {
    return false;
  }
  lane.is_owned = true;
  return true;
}

std::vector<PendingBatchPtr> UploadLanes::TakeOverdue(SteadyTime arrived_before,
                                                      SteadyTime used_before) {
  std::vector<PendingBatchPtr> overdue;
  const MutexLock lock(mutex_);
  for (auto position = lanes_.begin(); position != lanes_.end();) {
    UploadLane& lane = *position->second;
    if (!lane.is_idle()) {
      ++position;
      continue;
    }
    for (PendingBatchPtr& batch : lane.TakeOlderThan(arrived_before)) {
      overdue.push_back(std::move(batch));
    }
    const bool rests = !lane.has_waiting() && lane.last_used < used_before;
    position = rests ? lanes_.erase(position) : std::next(position);
  }
  return overdue;
}

void UploadLanes::Close() {
  for (;;) {
    std::vector<PendingBatchPtr> stuck;
    {
      MutexLock lock(mutex_);
      is_closing_ = true;
      closes_.notify_all();
      for (const auto& [key, lane] : lanes_) {
        if (lane->is_idle()) {
          std::vector<PendingBatchPtr> waiting = lane->TakeAll();
          std::move(waiting.begin(), waiting.end(), std::back_inserter(stuck));
        }
      }
      if (stuck.empty() && num_pending_ == 0) {
        return;
      }
      if (stuck.empty()) {
        lock.Wait(changed_);
      }
    }
    FinishAll(stuck, Stopping());
  }
}

bool UploadLanes::SleepUntil(SteadyTime time) {
  MutexLock lock(mutex_);
  while (!is_closing_ && lock.WaitUntil(closes_, time)) {
  }
  return !is_closing_;
}

}  // namespace assay::ingest
