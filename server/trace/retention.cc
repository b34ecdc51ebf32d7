#include "server/trace/retention.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <limits>
#include <thread>
#include <utility>

#include "server/base/log.h"
#include "server/base/mutex.h"
#include "server/base/status_macros.h"
#include "server/trace/reserve_file.h"

namespace assay::trace {
namespace {

constexpr std::int64_t kStepSpans = 2'000;
constexpr std::int64_t kStepPages = 256;
constexpr std::int64_t kStepRows = 2'000;
// Pauses between two steps, which take the writer for about 15 ms: long enough to leave four fifths
// of it to spans that come in; short when the file grows all the same.
constexpr std::chrono::milliseconds kBreath{50};
constexpr std::chrono::milliseconds kShortBreath{5};
constexpr std::int64_t kUsPerDay = 86'400'000'000;
constexpr std::int64_t kMinutesPerDay = 1'440;
constexpr std::int64_t kHoursPerDay = 24;
// Over its size a file is brought down to this share of it, so that there is not a step for every
// batch of spans.
constexpr double kLowWater = 0.95;
// From this share on it grows faster than it is brought down.
constexpr double kHighWater = 1.05;
// On a full disk spans may be of any size, so steps begin small and grow until one wins this share
// of the reserve.
constexpr std::int64_t kFirstStepSpans = 32;
constexpr std::int64_t kStepsOfReserve = 16;

}  // namespace

class Retention::Impl {
 public:
  Impl(store::TraceStore& store, Clock& clock, Options options)
      : store_(store),
        clock_(clock),
        options_(std::move(options)),
        reserve_(options_.reserve, options_.reserve_bytes),
        thread_([this] { Loop(); }) {}

  ~Impl() {
    {
      const MutexLock lock(mutex_);
      is_closing_ = true;
    }
    wakes_.notify_all();
    thread_.join();
  }

  void Hurry() {
    {
      const MutexLock lock(mutex_);
      must_hurry_ = true;
    }
    wakes_.notify_all();
  }

  Counters counters() {
    const MutexLock lock(mutex_);
    return counters_;
  }

  absl::Status Enforce() {
    const MutexLock lock(looking_);
    bool is_full = TakeHurry();
    absl::Status status = absl::OkStatus();
    if (!is_full) {
      status = RemoveAll();
      is_full = absl::IsResourceExhausted(status) && MayMakeRoom();
    }
    if (is_full && !options_.reserve.empty()) {
      status = MakeRoom();
    }
    if (is_full && status.ok()) {
      status = RemoveAll();
    }
    if (status.ok()) {
      reserve_.Take();
    }
    return status;
  }

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;

  // While it lives, the store takes no spans.
  class Refusal {
   public:
    explicit Refusal(store::TraceStore& store) : store_(store) { store_.RefuseSpans(true); }
    ~Refusal() { store_.RefuseSpans(false); }
    Refusal(const Refusal&) = delete;
    Refusal& operator=(const Refusal&) = delete;

   private:
    store::TraceStore& store_;
  };

  void Loop() {
    bool is_failing = false;
    do {
      const absl::Status status = Enforce();
      if (!status.ok() && !absl::IsCancelled(status) && !is_failing) {
        Log(LogLevel::kWarning, "old traces cannot be removed", {{"status", status}});
      }
      is_failing = !status.ok();
    } while (Wait());
  }

  // False when it is time to end.
  bool Wait() {
    MutexLock lock(mutex_);
    const SteadyTime deadline =
        std::chrono::steady_clock::now() + std::chrono::milliseconds(options_.pause_ms);
    for (;;) {
      const SteadyTime now = std::chrono::steady_clock::now();
      if (is_closing_ || now >= deadline || (must_hurry_ && now >= next_room_)) {
        return !is_closing_;
      }
      lock.WaitUntil(wakes_, must_hurry_ ? std::min(deadline, next_room_) : deadline);
    }
  }

  // Whether the store was full since the last time; keeps it in mind while it is too early.
  bool TakeHurry() {
    const MutexLock lock(mutex_);
    if (!must_hurry_ || std::chrono::steady_clock::now() < next_room_) {
      return false;
    }
    must_hurry_ = false;
    return true;
  }

  bool MayMakeRoom() {
    const MutexLock lock(mutex_);
    return std::chrono::steady_clock::now() >= next_room_;
  }

  // Makes room on a full disk. RESOURCE_EXHAUSTED when there is none to be made; not to be tried
  // again soon.
  absl::Status MakeRoom() {
    absl::Status status;
    {
      const Refusal refusal(store_);
      status = RemoveForRoom();
    }
    const MutexLock lock(mutex_);
    must_hurry_ = false;  // What was refused meanwhile says nothing new.
    if (!status.ok()) {
      next_room_ = std::chrono::steady_clock::now() + std::chrono::milliseconds(options_.retry_ms);
    }
    return status;
  }

  absl::Status RemoveForRoom() {
    // Nothing more is written to the log after this, and often it is all that it takes.
    absl::Status status = store_.Checkpoint();
    if (!status.ok() && !absl::IsResourceExhausted(status)) {
      return status;
    }
    if (status.ok() && reserve_.TakeBesideRoom()) {
      return absl::OkStatus();
    }
    Log(LogLevel::kWarning, "the disk is full; the reserve for traces is given up",
        {{"file", options_.reserve.string()}});
    reserve_.GiveUp();
    const Counters before = counters();
    status = GiveUpOldest();
    reserve_.Take();  // Without room beside it, it still helps the next time.
    const Counters after = counters();
    if (after.num_removed_spans > before.num_removed_spans) {
      Log(LogLevel::kWarning, "the oldest traces were removed because the disk was full",
          {{"traces", after.num_given_up_traces - before.num_given_up_traces},
           {"spans", after.num_removed_spans - before.num_removed_spans},
           {"free_bytes", reserve_.FreeBytes()}});
    }
    return status;
  }

  // Removes the oldest traces until the reserve and as much room are there.
  absl::Status GiveUpOldest() {
    ASSAY_RETURN_IF_ERROR(CheckpointIfFits());
    ASSAY_ASSIGN_OR_RETURN(const store::TraceFileSize size, store_.FileSize());
    const std::int64_t wanted_bytes = 2 * options_.reserve_bytes;
    if (reserve_.FreeBytes() + size.used_bytes + size.free_bytes < wanted_bytes) {
      return absl::ResourceExhaustedError(
          "other files fill the disk: removing every trace would not make room");
    }
    ASSAY_RETURN_IF_ERROR(ReleaseAll(size, CheckpointAfter::kEachStep));
    std::int64_t removed_bytes = 0;
    std::int64_t step_spans = kFirstStepSpans;
    while (!reserve_.TakeBesideRoom()) {
      // What was won and is not there went to somebody else; more traces would go the same way.
      if (removed_bytes >= wanted_bytes) {
        return absl::ResourceExhaustedError("other files take the room that removed traces left");
      }
      ASSAY_ASSIGN_OR_RETURN(const std::int64_t step_bytes, GiveUpStep(step_spans));
      removed_bytes += step_bytes;
      if (step_bytes < options_.reserve_bytes / kStepsOfReserve) {
        step_spans = std::min(2 * step_spans, kStepSpans);
      }
    }
    return absl::OkStatus();
  }

  // Removes some of the oldest traces and releases their pages; their bytes. RESOURCE_EXHAUSTED
  // when none is left.
  absl::StatusOr<std::int64_t> GiveUpStep(std::int64_t max_spans) {
    ASSAY_ASSIGN_OR_RETURN(const store::TraceFileSize before, store_.FileSize());
    ASSAY_ASSIGN_OR_RETURN(const store::RemovedTraces removed,
                           RemoveStep(std::numeric_limits<std::int64_t>::max(), max_spans));
    if (removed.num_spans == 0) {
      return absl::ResourceExhaustedError("the disk is full and no trace is left");
    }
    {
      const MutexLock lock(mutex_);
      counters_.num_given_up_traces += removed.num_traces;
    }
    ASSAY_ASSIGN_OR_RETURN(const store::TraceFileSize after, store_.FileSize());
    ASSAY_RETURN_IF_ERROR(ReleaseAll(after, CheckpointAfter::kEachStep));
    return before.used_bytes - after.used_bytes;
  }

  // A file that has no room to grow may have it after the next step: released pages make it smaller
  // by as much as they add to the log.
  absl::Status CheckpointIfFits() {
    const absl::Status status = store_.Checkpoint();
    return absl::IsResourceExhausted(status) ? absl::OkStatus() : status;
  }

  // CANCELLED when it is time to end.
  absl::Status Breathe(std::chrono::milliseconds pause = kBreath) {
    MutexLock lock(mutex_);
    const auto deadline = std::chrono::steady_clock::now() + pause;
    while (!is_closing_ && lock.WaitUntil(wakes_, deadline)) {
    }
    return is_closing_ ? absl::CancelledError("closing") : absl::OkStatus();
  }

  absl::Status RemoveAll() {
    const std::int64_t now_us = clock_.NowUs();
    const std::int64_t oldest_us = now_us - options_.max_age_days * kUsPerDay;
    ASSAY_RETURN_IF_ERROR(RemoveBefore(oldest_us));
    ASSAY_RETURN_IF_ERROR(RemoveHistograms(now_us / kUsPerDay));
    ASSAY_ASSIGN_OR_RETURN(store::TraceFileSize size, store_.FileSize());
    if (size.used_bytes > options_.max_bytes) {
      const auto target =
          static_cast<std::int64_t>(static_cast<double>(options_.max_bytes) * kLowWater);
      const auto too_large =
          static_cast<std::int64_t>(static_cast<double>(options_.max_bytes) * kHighWater);
      while (size.used_bytes > target) {
        ASSAY_ASSIGN_OR_RETURN(const store::RemovedTraces removed,
                               RemoveStep(std::numeric_limits<std::int64_t>::max(), kStepSpans));
        if (removed.num_spans == 0) {
          break;
        }
        ASSAY_RETURN_IF_ERROR(Breathe(size.used_bytes > too_large ? kShortBreath : kBreath));
        ASSAY_ASSIGN_OR_RETURN(size, store_.FileSize());
      }
    }
    return ReleaseAll(size, CheckpointAfter::kNoStep);
  }

  enum class CheckpointAfter : std::uint8_t { kNoStep, kEachStep };

  // Gives free pages back to the file, with pauses for spans that come in; or to the disk, as fast
  // as it goes and with no more in the log than a step.
  absl::Status ReleaseAll(store::TraceFileSize size, CheckpointAfter checkpoint) {
    const bool is_full = checkpoint == CheckpointAfter::kEachStep;
    while (size.free_bytes > 0) {
      ASSAY_RETURN_IF_ERROR(store_.ReleasePages(kStepPages));
      if (is_full) {
        ASSAY_RETURN_IF_ERROR(CheckpointIfFits());
      }
      ASSAY_ASSIGN_OR_RETURN(const store::TraceFileSize now, store_.FileSize());
      if (now.free_bytes >= size.free_bytes) {
        break;
      }
      size = now;
      ASSAY_RETURN_IF_ERROR(Breathe(is_full ? std::chrono::milliseconds(0) : kBreath));
    }
    return absl::OkStatus();
  }

  absl::Status RemoveHistograms(std::int64_t today) {
    const std::int64_t minutes = (today - options_.max_age_days) * kMinutesPerDay;
    const std::int64_t hours = (today - options_.histogram_age_days) * kHoursPerDay;
    for (;;) {
      ASSAY_ASSIGN_OR_RETURN(const std::int64_t num_rows,
                             store_.RemoveLatency(minutes, hours, kStepRows));
      if (num_rows < kStepRows) {
        return absl::OkStatus();
      }
      ASSAY_RETURN_IF_ERROR(Breathe());
    }
  }

  absl::Status RemoveBefore(std::int64_t before_us) {
    for (;;) {
      ASSAY_ASSIGN_OR_RETURN(const store::RemovedTraces removed, RemoveStep(before_us, kStepSpans));
      if (removed.num_spans < kStepSpans) {
        return absl::OkStatus();
      }
      ASSAY_RETURN_IF_ERROR(Breathe());
    }
  }

  absl::StatusOr<store::RemovedTraces> RemoveStep(std::int64_t before_us, std::int64_t max_spans) {
    ASSAY_ASSIGN_OR_RETURN(const store::RemovedTraces removed,
                           store_.RemoveOldest(before_us, max_spans));
    const MutexLock lock(mutex_);
    counters_.num_removed_traces += removed.num_traces;
    counters_.num_removed_spans += removed.num_spans;
    return removed;
  }

  store::TraceStore& store_;
  Clock& clock_;
  const Options options_;
  const ReserveFile reserve_;

  Mutex looking_;  // held while one thread looks; before mutex_
  Mutex mutex_;
  std::condition_variable wakes_;
  bool is_closing_ ASSAY_GUARDED_BY(mutex_) = false;
  bool must_hurry_ ASSAY_GUARDED_BY(mutex_) = false;
  SteadyTime next_room_ ASSAY_GUARDED_BY(mutex_);  // not made before
  Counters counters_ ASSAY_GUARDED_BY(mutex_);
  std::thread thread_;
};

Retention::Retention(store::TraceStore& store, Clock& clock, Options options)
    : impl_(std::make_unique<Impl>(store, clock, std::move(options))) {}

Retention::~Retention() = default;

absl::Status Retention::Enforce() { return impl_->Enforce(); }

void Retention::Hurry() { impl_->Hurry(); }

Retention::Counters Retention::counters() const { return impl_->counters(); }

}  // namespace assay::trace
