#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/base/mutex.h"
#include "server/ingest/upload_lane.h"
#include "server/store/records.h"

namespace assay::ingest {

// The lanes of all uploads that batches are in hand for, and the count of those batches. At most
// one thread owns a lane; it works on the upload's content without a lock. Thread-safe.
class UploadLanes {
 public:
  using SteadyTime = std::chrono::steady_clock::time_point;

  UploadLanes(int max_batches_ahead, std::int64_t max_pending_bytes);

  // Counts a batch in, or says why not. Every batch that was admitted ends in Finish.
  absl::Status Admit(store::Id project, store::Id upload, const PendingBatch& batch)
      ASSAY_EXCLUDES(mutex_);
  // Answers a batch and counts it out.
  void Finish(const PendingBatchPtr& batch, const absl::StatusOr<std::int64_t>& result)
      ASSAY_EXCLUDES(mutex_);
  void FinishAll(const std::vector<PendingBatchPtr>& batches, const absl::Status& status);

  // What the upload makes, if that is known.
  std::optional<store::UploadKind> KindOf(store::Id project, store::Id upload)
      ASSAY_EXCLUDES(mutex_);
  // Lets a batch wait for its turn. When a lane is returned, the caller owns it now.
  UploadLanePtr Park(store::Id project, store::Id upload, store::UploadKind kind,
                     PendingBatchPtr batch) ASSAY_EXCLUDES(mutex_);
  // Waits until nobody works on the upload; the caller owns the lane then.
  UploadLanePtr Acquire(store::Id project, store::Id upload) ASSAY_EXCLUDES(mutex_);

  // For the owner. After kNone the caller owns the lane no more.
  UploadLane::Step NextStep(UploadLane& lane) ASSAY_EXCLUDES(mutex_);
  void Loaded(UploadLane& lane, const store::UploadRecord& upload) ASSAY_EXCLUDES(mutex_);
  bool IsLoaded(const UploadLane& lane) ASSAY_EXCLUDES(mutex_);
  void Applied(UploadLane& lane) ASSAY_EXCLUDES(mutex_);
  void Failed(UploadLane& lane, std::int64_t sequence) ASSAY_EXCLUDES(mutex_);
  std::int64_t NumDurable(const UploadLane& lane) ASSAY_EXCLUDES(mutex_);
  // Forgets the lane and answers what waits in it. The caller owns it no more.
  void Remove(UploadLane& lane, const absl::Status& status) ASSAY_EXCLUDES(mutex_);

  // For the store's thread: the answer for batch `sequence`. True: the caller owns the lane now.
  bool Answered(UploadLane& lane, std::int64_t sequence, bool is_durable) ASSAY_EXCLUDES(mutex_);

  // Takes out batches that wait since before `arrived_before`, and forgets lanes that were left
  // alone since `used_before`.
  std::vector<PendingBatchPtr> TakeOverdue(SteadyTime arrived_before, SteadyTime used_before)
      ASSAY_EXCLUDES(mutex_);
  // Refuses what is new, waits for what has its turn, and gives back the rest.
  void Close() ASSAY_EXCLUDES(mutex_);
  // Sleeps until `time` or Close. False once closed.
  bool SleepUntil(SteadyTime time) ASSAY_EXCLUDES(mutex_);

 private:
  using LaneKey = std::pair<store::Id, store::Id>;  // project, upload

  UploadLane* FindLocked(store::Id project, store::Id upload) ASSAY_REQUIRES(mutex_);
  UploadLanePtr LaneLocked(store::Id project, store::Id upload) ASSAY_REQUIRES(mutex_);

  const int max_batches_ahead_;
  const std::int64_t max_pending_bytes_;

  Mutex mutex_;
  std::condition_variable changed_;  // A lane lost its owner, or a batch was answered.
  std::condition_variable closes_;
  std::map<LaneKey, UploadLanePtr> lanes_ ASSAY_GUARDED_BY(mutex_);
  std::int64_t pending_bytes_ ASSAY_GUARDED_BY(mutex_) = 0;
  std::int64_t num_pending_ ASSAY_GUARDED_BY(mutex_) = 0;
  bool is_closing_ ASSAY_GUARDED_BY(mutex_) = false;
};

}  // namespace assay::ingest
