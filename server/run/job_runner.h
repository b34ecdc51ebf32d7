#pragma once

#include <map>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "evaluators/evaluator.h"
#include "server/base/mutex.h"
#include "server/base/thread_pool.h"
#include "server/run/job_control.h"
#include "server/run/open_spans.h"
#include "server/run/prepared_run.h"
#include "server/store/store.h"
#include "server/trace/tracer.h"

namespace assay::run {

// Does the work of one leased job and stores its result. Thread-safe: every worker runs its jobs
// through one runner, which keeps what the jobs of a run share.
class JobRunner {
 public:
  // `store` and `tracer` outlive the runner.
  JobRunner(store::Store& store, trace::Tracer& tracer, int num_workers);

  // OK once the result is stored. CANCELLED when `control` said stop, ABORTED when the lease was
  // lost: nothing is stored then.
  absl::Status Run(const store::JobLease& lease, const JobControl& control);
  // Ends the span of a run and forgets what its jobs shared.
  void EndRun(store::Id run, const absl::Status& status);

  // Thread-safe.
  const ParallelFor& parallel_for() const { return parallel_for_; }

 private:
  absl::Status Score(const store::JobLease& lease, const JobControl& control);
  absl::Status Summarize(const store::JobLease& lease, const JobControl& control);
  absl::Status Compare(const store::JobLease& lease, const JobControl& control);
  absl::StatusOr<std::shared_ptr<const PreparedRun>> Prepared(const store::JobLease& lease);

  store::Store& store_;
  trace::Tracer& tracer_;
  ThreadPool pool_;
  const ParallelFor parallel_for_;
  OpenSpans spans_;
  Mutex mutex_;
  std::map<store::Id, std::shared_ptr<const PreparedRun>> prepared_ ASSAY_GUARDED_BY(mutex_);
};

}  // namespace assay::run
