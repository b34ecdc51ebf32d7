#include "server/ingest/upload_lane.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace assay::ingest {

void UploadLane::Park(PendingBatchPtr batch) {
  if (failed_.has_value() && batch->sequence <= *failed_) {
    failed_.reset();
  }
  const std::int64_t sequence = batch->sequence;
  waiting_.emplace(sequence, std::move(batch));
}

UploadLane::Step UploadLane::TakeStep(int max_ahead) {
  if (waiting_.empty()) {
    return {};
  }
  if (!is_loaded_) {
    // What the store still owes would change what is loaded.
    return {.action = num_in_store_ == 0 ? Action::kLoad : Action::kNone, .batch = nullptr};
  }
  const auto take = [this](auto position, Action action) {
    Step step{.action = action, .batch = std::move(position->second)};
    waiting_.erase(position);
    return step;
  };
  const auto first = waiting_.begin();
  if (first->first < num_durable_) {
    return take(first, Action::kRepeat);
  }
  if (is_sealed_) {
    return take(first, Action::kSealed);
  }
  if (const auto next = waiting_.find(next_to_apply_); next != waiting_.end()) {
    return take(next, Action::kApply);
  }
  const auto last = std::prev(waiting_.end());
  if (failed_.has_value() && last->first > *failed_) {
    return take(last, Action::kGiveBack);
  }
  if (last->first > next_to_apply_ + max_ahead) {
    return take(last, Action::kTooFar);
  }
  return {};
}

std::vector<PendingBatchPtr> UploadLane::TakeAll() {
  std::vector<PendingBatchPtr> taken;
  for (auto& [sequence, batch] : waiting_) {
    taken.push_back(std::move(batch));
  }
  waiting_.clear();
  return taken;
}

std::vector<PendingBatchPtr> UploadLane::TakeOlderThan(
    std::chrono::steady_clock::time_point arrived_before) {
  std::vector<PendingBatchPtr> taken;
  for (auto position = waiting_.begin(); position != waiting_.end();) {
    if (position->second->arrived < arrived_before) {
      taken.push_back(std::move(position->second));
      position = waiting_.erase(position);
    } else {
      ++position;
    }
  }
  return taken;
}

void UploadLane::Loaded(std::int64_t num_batches, bool is_sealed) {
  is_loaded_ = true;
  is_sealed_ = is_sealed;
  num_durable_ = num_batches;
  next_to_apply_ = num_batches;
}

void UploadLane::Applied() {
  ++next_to_apply_;
  ++num_in_store_;
}

void UploadLane::Answered(bool is_durable) {
  --num_in_store_;
  if (is_durable) {
    ++num_durable_;
  } else {
    is_loaded_ = false;
  }
}

void UploadLane::Failed(std::int64_t sequence) {
  failed_ = failed_.has_value() ? std::min(*failed_, sequence) : sequence;
}

}  // namespace assay::ingest
