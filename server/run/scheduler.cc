#include "server/run/scheduler.h"

#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "server/base/log.h"
#include "server/base/mutex.h"
#include "server/base/status_macros.h"
#include "server/run/job_runner.h"
#include "server/run/lease_keeper.h"
#include "server/run/submission.h"

namespace assay::run {
namespace {

constexpr std::int32_t kMaxAttempts = 3;
// An idle worker looks for jobs this often: those of other processes and those whose lease ran out.
constexpr std::chrono::milliseconds kPollInterval{1000};
// Before the second attempt; twice that before the third.
constexpr std::int64_t kRetryPauseUs = 1'000'000;

// Trouble of the moment rather than of the data: worth another attempt.
bool IsTransient(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnknown:
      return true;
    default:
      return false;
  }
}

std::string TargetName(const store::JobLease& lease) {
  return absl::StrFormat("%s/%d", lease.kind == store::JobKind::kCompare ? "comparisons" : "runs",
                         lease.target_id);
}

}  // namespace

class Scheduler::Impl {
 public:
  Impl(store::Store& store, trace::Tracer& tracer, Clock& clock, Options options)
      : store_(store),
        tracer_(tracer),
        options_(std::move(options)),
        runner_(store, tracer, std::max(1, options_.num_workers)),
        leases_(store.runs(), clock, options_.lease) {}

  ~Impl() { Stop(std::chrono::milliseconds(0)); }

  absl::Status Start() {
    ASSAY_RETURN_IF_ERROR(store_.runs().ReleaseAll());
    for (int i = 0; i < std::max(1, options_.num_workers); ++i) {
      workers_.emplace_back([this, i] { Work(i); });
    }
    return absl::OkStatus();
  }

  void Stop(std::chrono::milliseconds deadline) {
    const auto until = std::chrono::steady_clock::now() + deadline;
    {
      MutexLock lock(mutex_);
      is_stopping_ = true;
      work_changed_.notify_all();
      while (num_busy_ > 0 && lock.WaitUntil(work_changed_, until)) {
      }
    }
    leases_.ShutDown();
    for (std::thread& worker : workers_) {
      worker.join();
    }
    workers_.clear();
  }

  absl::StatusOr<store::RunRecord> Submit(store::Id project, const RunRequest& request,
                                          const trace::SpanContext& parent) {
    ASSAY_ASSIGN_OR_RETURN(store::RunRecord run, MakeRun(store_, project, request));
    if (request.reuse) {
      absl::StatusOr<store::RunRecord> earlier =
          store_.runs().FindSucceededRun(project, run.spec_digest);
      if (!absl::IsNotFound(earlier.status())) {
        return earlier;
      }
    }
    run.shard_chunks = std::max(1, options_.shard_chunks);
    const std::int64_t shard_rows = store::kChunkRows * run.shard_chunks;
    const std::int64_t num_shards = (run.num_rows + shard_rows - 1) / shard_rows;
    if (num_shards > std::numeric_limits<std::int32_t>::max()) {
      return absl::InvalidArgumentError(
          absl::StrFormat("the dataset version is too large to be scored: %d rows", run.num_rows));
    }
    run.build = options_.build;
    run.isa = options_.isa;
    SetTrace(parent, run);
    ASSAY_ASSIGN_OR_RETURN(
        store::RunRecord stored,
        store_.runs().CreateRun(project, run, static_cast<std::int32_t>(num_shards)));
    Wake();
    return stored;
  }

  absl::StatusOr<store::RunRecord> Cancel(store::Id project, store::Id run) {
    ASSAY_ASSIGN_OR_RETURN(store::RunRecord record, store_.runs().CancelRun(project, run));
    if (record.state == store::RunState::kCancelled) {
      leases_.Cancel(run);
      runner_.EndRun(run, absl::CancelledError("cancelled"));
    }
    return record;
  }

  absl::StatusOr<store::ComparisonRecord> Compare(store::Id project,
                                                  const ComparisonRequest& request,
                                                  const trace::SpanContext& parent) {
    ASSAY_ASSIGN_OR_RETURN(store::ComparisonRecord comparison,
                           MakeComparison(store_, project, request));
    SetTrace(parent, comparison);
    ASSAY_ASSIGN_OR_RETURN(store::ComparisonRecord stored,
                           store_.runs().CreateComparison(project, comparison));
    Wake();
    return stored;
  }

  const ParallelFor& parallel_for() const { return runner_.parallel_for(); }

 private:
  // The record's spans become children of the call. Without one, a span of its own is the root.
  template <typename Record>
  void SetTrace(const trace::SpanContext& parent, Record& record) {
    trace::SpanContext context = parent;
    if (!context.IsValid()) {
      trace::Span root = tracer_.StartSpan("submit", std::nullopt);
      context = root.context();
    }
    record.trace_id = context.TraceIdHex();
    record.parent_span_id = context.SpanIdHex();
  }

  // Tells idle workers that a job may be ready.
  void Wake() {
    {
      const MutexLock lock(mutex_);
      ++num_wakes_;
    }
    work_changed_.notify_all();
  }

  void Work(int worker) {
    const std::string owner = absl::StrFormat("%d.%d", getpid(), worker);
    bool is_store_failing = false;
    for (;;) {
      std::int64_t wakes_seen = 0;
      {
        const MutexLock lock(mutex_);
        if (is_stopping_) {
          return;
        }
        wakes_seen = num_wakes_;
        ++num_busy_;
      }
      const absl::StatusOr<store::JobLease> lease = store_.runs().Claim(owner, LeaseUs());
      if (lease.ok()) {
        RunJob(*lease);
      } else if (!absl::IsNotFound(lease.status()) && !is_store_failing) {
        Log(LogLevel::kError, "could not look for jobs", {{"error", lease.status()}});
      }
      is_store_failing = !lease.ok() && !absl::IsNotFound(lease.status());
      MutexLock lock(mutex_);
      --num_busy_;
      if (is_stopping_) {
        work_changed_.notify_all();
        return;
      }
      const auto until = std::chrono::steady_clock::now() + kPollInterval;
      while (!lease.ok() && !is_stopping_ && num_wakes_ == wakes_seen &&
             lock.WaitUntil(work_changed_, until)) {
      }
    }
  }

  void RunJob(const store::JobLease& lease) {
    const std::shared_ptr<JobControl> control = leases_.Hold(lease);
    const absl::Status status = runner_.Run(lease, *control);
    leases_.Drop(lease);
    if (status.ok()) {
      Wake();  // The last shard of a run makes its summary ready.
    } else {
      Conclude(lease, control->reason(), status);
    }
  }

  // What becomes of a job that did not end well.
  void Conclude(const store::JobLease& lease, StopReason reason, const absl::Status& status) {
    if (reason == StopReason::kShutdown) {
      LogUnlessLost("could not give a job back", lease, store_.runs().Release(lease));
      return;
    }
    if (reason != StopReason::kNone || absl::IsAborted(status)) {
      Log(LogLevel::kInfo, "left a job",
          {{"job", lease.job_id}, {"of", TargetName(lease)}, {"why", status}});
      EndIfEnded(lease, status);
      return;
    }
    if (IsTransient(status) && lease.attempt < kMaxAttempts) {
      Log(LogLevel::kWarning, "a job failed and will be tried again",
          {{"job", lease.job_id},
           {"of", TargetName(lease)},
           {"attempt", lease.attempt},
           {"error", status}});
      // A short lease that nobody renews: the job is ready again when it has run out.
      LogUnlessLost("could not give a job back", lease,
                    store_.runs().Renew(lease, kRetryPauseUs * lease.attempt));
      return;
    }
    Log(LogLevel::kError, "a job failed",
        {{"job", lease.job_id}, {"of", TargetName(lease)}, {"error", status}});
    LogUnlessLost("could not store a failure", lease,
                  store_.runs().Fail(lease, std::string(status.message())));
    leases_.Cancel(lease.target_id);  // Its other jobs are dropped.
    EndIfEnded(lease, status);
  }

  // Another process, or another job, may have ended the run.
  void EndIfEnded(const store::JobLease& lease, const absl::Status& status) {
    if (lease.kind == store::JobKind::kCompare) {
      return;
    }
    const absl::StatusOr<store::RunRecord> run =
        store_.runs().GetRun(lease.project_id, lease.target_id);
    if (run.ok() && store::HasEnded(run->state)) {
      runner_.EndRun(lease.target_id, status);
    }
  }

  static void LogUnlessLost(std::string_view what, const store::JobLease& lease,
                            const absl::Status& status) {
    if (!status.ok() && !absl::IsAborted(status)) {
      Log(LogLevel::kError, what, {{"job", lease.job_id}, {"error", status}});
    }
  }

  std::int64_t LeaseUs() const {
    return std::chrono::duration_cast<std::chrono::microseconds>(options_.lease).count();
  }

  store::Store& store_;
  trace::Tracer& tracer_;
  const Options options_;
  JobRunner runner_;
  LeaseKeeper leases_;

  Mutex mutex_;
  std::condition_variable work_changed_;
  std::int64_t num_wakes_ ASSAY_GUARDED_BY(mutex_) = 0;
  int num_busy_ ASSAY_GUARDED_BY(mutex_) = 0;
  bool is_stopping_ ASSAY_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> workers_;  // Of the thread that starts and stops.
};

Scheduler::Scheduler(store::Store& store, trace::Tracer& tracer, Clock& clock, Options options)
    : impl_(std::make_unique<Impl>(store, tracer, clock, std::move(options))) {}

Scheduler::~Scheduler() = default;

const ParallelFor& Scheduler::parallel_for() const { return impl_->parallel_for(); }

absl::Status Scheduler::Start() { return impl_->Start(); }

void Scheduler::Stop(std::chrono::milliseconds deadline) { impl_->Stop(deadline); }

absl::StatusOr<store::RunRecord> Scheduler::Submit(store::Id project, const RunRequest& request,
                                                   const trace::SpanContext& parent) {
  return impl_->Submit(project, request, parent);
}

absl::StatusOr<store::RunRecord> Scheduler::Cancel(store::Id project, store::Id run) {
  return impl_->Cancel(project, run);
}

absl::StatusOr<store::ComparisonRecord> Scheduler::Compare(store::Id project,
                                                           const ComparisonRequest& request,
                                                           const trace::SpanContext& parent) {
  return impl_->Compare(project, request, parent);
}

}  // namespace assay::run
