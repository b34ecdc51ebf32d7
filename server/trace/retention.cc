#include "server/trace/retention.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <limits>
#include <system_error>
#include <thread>
#include <utility>

#include "server/base/log.h"
#include "server/base/mutex.h"
#include "server/base/status_macros.h"

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

// Disk space that is taken now so that it can be given up when there is no more.
class ReserveFile {
 public:
  ReserveFile(std::filesystem::path path, std::int64_t size_bytes)
      : path_(std::move(path)), size_bytes_(size_bytes) {}

  // Takes the space unless it is there.
  void Take() const {
    std::error_code error;
    if (path_.empty() ||
        std::filesystem::file_size(path_, error) == static_cast<std::uintmax_t>(size_bytes_)) {
      return;
    }
    const int file = open(path_.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    if (file < 0) {
      return;
    }
    const bool is_taken = posix_fallocate(file, 0, size_bytes_) == 0;
    close(file);
    if (!is_taken) {
      GiveUp();
    }
  }

  void GiveUp() const {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }

 private:
  const std::filesystem::path path_;
  const std::int64_t size_bytes_;
};

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
    absl::Status status = RemoveAll();
    if (absl::IsResourceExhausted(status)) {
      Log(LogLevel::kWarning, "the disk is full; the reserve for traces is given up",
          {{"file", options_.reserve.string()}});
      reserve_.GiveUp();
      status = RemoveOldest(std::numeric_limits<std::int64_t>::max(), kStepSpans);
      if (status.ok()) {
        status = RemoveAll();
      }
    }
    if (status.ok()) {
      reserve_.Take();
    }
    return status;
  }

 private:
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
    const auto deadline =
        std::chrono::steady_clock::now() + std::chrono::milliseconds(options_.pause_ms);
    while (!is_closing_ && !must_hurry_) {
      if (!lock.WaitUntil(wakes_, deadline)) {
        break;
      }
    }
    must_hurry_ = false;
    return !is_closing_;
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
    ASSAY_RETURN_IF_ERROR(RemoveOldest(oldest_us, std::numeric_limits<std::int64_t>::max()));
    ASSAY_RETURN_IF_ERROR(RemoveHistograms(now_us / kUsPerDay));
    ASSAY_ASSIGN_OR_RETURN(store::TraceFileSize size, store_.FileSize());
    if (size.used_bytes > options_.max_bytes) {
      const auto target =
          static_cast<std::int64_t>(static_cast<double>(options_.max_bytes) * kLowWater);
      const auto too_large =
          static_cast<std::int64_t>(static_cast<double>(options_.max_bytes) * kHighWater);
      while (size.used_bytes > target) {
        ASSAY_ASSIGN_OR_RETURN(const std::int64_t num_removed,
                               RemoveStep(std::numeric_limits<std::int64_t>::max(), kStepSpans));
        if (num_removed == 0) {
          break;
        }
        ASSAY_RETURN_IF_ERROR(Breathe(size.used_bytes > too_large ? kShortBreath : kBreath));
        ASSAY_ASSIGN_OR_RETURN(size, store_.FileSize());
      }
    }
    while (size.free_bytes > 0) {
      ASSAY_RETURN_IF_ERROR(store_.ReleasePages(kStepPages));
      ASSAY_ASSIGN_OR_RETURN(const store::TraceFileSize now, store_.FileSize());
      if (now.free_bytes >= size.free_bytes) {
        break;
      }
      size = now;
      ASSAY_RETURN_IF_ERROR(Breathe());
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

  absl::Status RemoveOldest(std::int64_t before_us, std::int64_t max_spans) {
    for (std::int64_t num_removed = 0; num_removed < max_spans;) {
      ASSAY_ASSIGN_OR_RETURN(const std::int64_t step,
                             RemoveStep(before_us, std::min(kStepSpans, max_spans)));
      if (step < kStepSpans) {
        return absl::OkStatus();
      }
      num_removed += step;
      ASSAY_RETURN_IF_ERROR(Breathe());
    }
    return absl::OkStatus();
  }

  // Spans removed.
  absl::StatusOr<std::int64_t> RemoveStep(std::int64_t before_us, std::int64_t max_spans) {
    ASSAY_ASSIGN_OR_RETURN(const store::RemovedTraces removed,
                           store_.RemoveOldest(before_us, max_spans));
    const MutexLock lock(mutex_);
    counters_.num_removed_traces += removed.num_traces;
    counters_.num_removed_spans += removed.num_spans;
    return removed.num_spans;
  }

  store::TraceStore& store_;
  Clock& clock_;
  const Options options_;
  const ReserveFile reserve_;

  Mutex mutex_;
  std::condition_variable wakes_;
  bool is_closing_ ASSAY_GUARDED_BY(mutex_) = false;
  bool must_hurry_ ASSAY_GUARDED_BY(mutex_) = false;
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
