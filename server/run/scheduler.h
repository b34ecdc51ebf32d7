#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "evaluators/evaluator.h"
#include "server/base/clock.h"
#include "server/store/store.h"
#include "server/trace/tracer.h"

namespace assay::run {

// What a caller asks of a run.
struct RunRequest {
  store::Id output_set_id = 0;
  std::vector<std::string> evaluators = {};  // empty: those that the columns allow
  std::string row_filter = {};               // `cohort.COLUMN=VALUE`, several joined by `,`
  bool reuse = false;                        // return a succeeded run of the same specification
  std::string request_id = {};
};

// What a caller asks of a comparison.
struct ComparisonRequest {
  store::Id baseline_run_id = 0;
  store::Id candidate_run_id = 0;
  Policy policy = {};
  bool allow_confounded = false;
  std::vector<std::string> cohort_pairs = {};  // "COLUMN*COLUMN"
  bool find_slices = false;
  store::Id baseline_id = 0;  // the baseline that named the first run; 0: none
  std::string request_id = {};
};

// Accepts runs and comparisons and computes them on worker threads. The stored jobs are the queue:
// what a crash leaves is taken up at the next start and ends with the same result. Thread-safe.
class Scheduler {
 public:
  struct Options {
    int num_workers = 2;
    std::chrono::milliseconds lease{30'000};
    std::int32_t shard_chunks = 16;  // 65,536 rows
    std::string build;               // recorded with every run
    std::string isa;
  };
  // All outlive the scheduler.
  Scheduler(store::Store& store, trace::Tracer& tracer, Clock& clock, Options options);
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // Takes up what an earlier process left and starts the workers.
  absl::Status Start();
  // Claims nothing more; waits for jobs in hand until `deadline`, then gives them back. Joins. The
  // destructor does the same without waiting.
  void Stop(std::chrono::milliseconds deadline);

  // Checks the request against the data and queues a run, or returns a reused one. INVALID_ARGUMENT
  // and FAILED_PRECONDITION name evaluator, metric or column.
  absl::StatusOr<store::RunRecord> Submit(store::Id project, const RunRequest& request,
                                          const trace::SpanContext& parent);
  // Stops a run within about 100 ms.
  absl::StatusOr<store::RunRecord> Cancel(store::Id project, store::Id run);
  // Queues a comparison of two succeeded runs; an equal one that has not failed is returned
  // instead. FAILED_PRECONDITION unless both have succeeded and have the metrics of the gates;
  // INVALID_ARGUMENT names a gate's unknown metric or cohort, or one without direction or row
  // scores.
  absl::StatusOr<store::ComparisonRecord> Compare(store::Id project,
                                                  const ComparisonRequest& request,
                                                  const trace::SpanContext& parent);

  // Runs bodies on the threads that compute, for work outside of jobs.
  const ParallelFor& parallel_for() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace assay::run
