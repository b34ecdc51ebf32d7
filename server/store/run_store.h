#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/store/records.h"
#include "server/store/upload_store.h"

namespace assay::store {

// Runs, comparisons and the jobs that compute them. The stored jobs are the queue: a restart loses
// none. Thread-safe.
class RunStore {
 public:
  virtual ~RunStore() = default;

  // Stores a QUEUED run with `num_shards` kScore jobs and one kSummarize job that waits for them
  // (num_shards may be 0). Id and time of the record are ignored. A `request_id` that was used
  // before returns the run it made.
  virtual absl::StatusOr<RunRecord> CreateRun(Id project, const RunRecord& run,
                                              std::int32_t num_shards) = 0;
  virtual absl::StatusOr<RunRecord> GetRun(Id project, Id run) const = 0;
  // Newest first; 0 for either version means any.
  virtual absl::StatusOr<std::vector<RunRecord>> ListRuns(Id project, Id dataset_version,
                                                          Id model_version,
                                                          PageRequest page) const = 0;
  // The newest SUCCEEDED run of that specification; NOT_FOUND when there is none.
  virtual absl::StatusOr<RunRecord> FindSucceededRun(Id project, const Digest& spec) const = 0;
  virtual absl::StatusOr<std::vector<SummaryRecord>> ListSummaries(Id project, Id run) const = 0;
  // Confusion matrices and the like, in order.
  virtual absl::StatusOr<std::vector<ResultTable>> ListTables(Id project, Id run) const = 0;
  // QUEUED or RUNNING becomes CANCELLED; its jobs are dropped. An ended run is returned as it is.
  virtual absl::StatusOr<RunRecord> CancelRun(Id project, Id run) = 0;

  // Stores a QUEUED comparison with its job; as CreateRun. An unended or succeeded comparison with
  // the same spec_digest is returned instead of a new one.
  virtual absl::StatusOr<ComparisonRecord> CreateComparison(Id project,
                                                            const ComparisonRecord& comparison) = 0;
  virtual absl::StatusOr<ComparisonRecord> GetComparison(Id project, Id comparison) const = 0;
  // Newest first, without metrics, gates and confounds in `result`.
  virtual absl::StatusOr<std::vector<ComparisonRecord>> ListComparisons(Id project,
                                                                        PageRequest page) const = 0;

  // Flips of comparisons on the dataset version of `except` that are older than `before`, newest
  // first, at most `count`; of several between the same output sets only the newest, and none
  // between those of `except`. Bits as in FlipsRecord.
  virtual absl::StatusOr<std::vector<std::string>> RecentFlips(Id project,
                                                               const FlipsRecord& except, Id before,
                                                               std::int32_t count) const = 0;
  // The stored rows of a comparison by a metric; an empty metric when there are none.
  virtual absl::StatusOr<RowListRecord> GetRowList(Id project, Id comparison,
                                                   const std::string& metric) const = 0;

  // Of all projects, from an index. UNAVAILABLE when the store is so busy that a count would have
  // to wait.
  virtual absl::StatusOr<JobCounts> CountJobs() const = 0;
  // Leases the oldest job that is ready, or whose lease has run out, to `owner` for `lease_us`.
  // Claiming the first job of a target makes it RUNNING. NOT_FOUND when there is none.
  virtual absl::StatusOr<JobLease> Claim(const std::string& owner, std::int64_t lease_us) = 0;
  // Extends a lease. ABORTED when another fence holds the job or the job is gone (cancelled).
  virtual absl::Status Renew(const JobLease& lease, std::int64_t lease_us) = 0;
  // Gives a job back, ready at once, its attempt not counted.
  virtual absl::Status Release(const JobLease& lease) = 0;
  // Makes every leased job ready. Call at start, when no other server can hold one.
  virtual absl::Status ReleaseAll() = 0;

  // Stores scores of a shard and ends its job, in one transaction; the last shard makes the
  // kSummarize job ready. Columns belong to the run; the run's count of rows done grows by
  // `num_rows_done`. ABORTED when the lease is no longer held: nothing is stored then.
  virtual absl::Status FinishShard(const JobLease& lease, const std::vector<ColumnChunks>& columns,
                                   std::int64_t num_rows_done) = 0;
  // Stores summaries, tables, column digests and counts; the run becomes SUCCEEDED. ABORTED as
  // above.
  virtual absl::Status FinishRun(const JobLease& lease, const RunResult& result,
                                 const std::vector<ColumnRecord>& columns) = 0;
  // Stores the result; the comparison becomes SUCCEEDED. ABORTED as above.
  virtual absl::Status FinishComparison(const JobLease& lease, const ComparisonResult& result) = 0;
  // The target becomes FAILED with `error`; its other jobs are dropped. ABORTED as above.
  virtual absl::Status Fail(const JobLease& lease, const std::string& error) = 0;
};

}  // namespace assay::store
