#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "server/ingest/checked_batch.h"
#include "server/ingest/upload_content.h"
#include "server/store/records.h"

namespace assay::ingest {

// A batch between Append and its answer.
struct PendingBatch {
  std::int64_t sequence = 0;
  CheckedBatch checked;
  std::int64_t size_bytes = 0;  // what it counts for while it is in hand
  std::chrono::steady_clock::time_point arrived;
  std::function<void(absl::StatusOr<std::int64_t>)> done;
};
using PendingBatchPtr = std::shared_ptr<PendingBatch>;

// The batches of one upload, in the order in which they may be applied: strictly by sequence, each
// once. UploadLanes guards it with its lock, except `content`, which belongs to the lane's owner.
class UploadLane {
 public:
  // What the owner has to do next.
  enum class Action : std::uint8_t {
    kNone,      // nothing that may be done now
    kLoad,      // bring the lane up to the store's state
    kTooFar,    // answer: the batch is too far ahead
    kSealed,    // answer: the upload is sealed
    kGiveBack,  // answer: a batch before this one failed and was not sent again
    kRepeat,    // compare with the stored batch of that sequence
    kApply,     // the next batch
  };
  struct Step {
    Action action = Action::kNone;
    PendingBatchPtr batch;  // set by those that answer, kRepeat and kApply; no longer in the lane
  };

  UploadLane(store::Id project_id, store::Id upload_id) : project(project_id), upload(upload_id) {}

  void Park(PendingBatchPtr batch);
  bool has_waiting() const { return !waiting_.empty(); }
  // Takes the next step's batch out of the lane. `max_ahead` as Ingestor::Options.
  Step TakeStep(int max_ahead);
  // Takes out all waiting batches, or those that arrived before `arrived_before`.
  std::vector<PendingBatchPtr> TakeAll();
  std::vector<PendingBatchPtr> TakeOlderThan(std::chrono::steady_clock::time_point arrived_before);

  // The upload is as the store has it: `num_batches` are durable.
  void Loaded(std::int64_t num_batches, bool is_sealed);
  // The next batch was handed to the store.
  void Applied();
  // The store has answered for the oldest batch that was handed to it and not answered.
  void Answered(bool is_durable);
  // Batch `sequence` failed. Those after it are given back until it is sent again.
  void Failed(std::int64_t sequence);

  bool is_loaded() const { return is_loaded_; }
  // Nobody owns it and the store owes no answer.
  bool is_idle() const { return !is_owned && num_in_store_ == 0; }
  std::int64_t num_durable() const { return num_durable_; }
  std::int64_t next_to_apply() const { return next_to_apply_; }

  const store::Id project;
  const store::Id upload;
  std::optional<store::UploadKind> kind;  // absent until it was looked up
  bool is_owned = false;
  std::chrono::steady_clock::time_point last_used;
  std::optional<UploadContent> content;  // absent while not loaded, or sealed

 private:
  bool is_loaded_ = false;
  bool is_sealed_ = false;
  std::int64_t num_in_store_ = 0;
  std::int64_t num_durable_ = 0;
  std::int64_t next_to_apply_ = 0;  // >= num_durable_; those between are on their way in the store
  std::optional<std::int64_t> failed_;
  std::multimap<std::int64_t, PendingBatchPtr> waiting_;
};
using UploadLanePtr = std::shared_ptr<UploadLane>;

}  // namespace assay::ingest
