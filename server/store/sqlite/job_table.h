#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/store/records.h"
#include "server/store/sqlite/database.h"

namespace assay::store {

// The table `jobs`. Times are microseconds of the steady clock. Everything that writes runs inside
// the caller's write transaction.

// kScore jobs for shards [0, num_shards) and the kSummarize job that waits for them.
absl::Status InsertRunJobs(Database& database, Id project, Id run, std::int32_t num_shards);
absl::Status InsertCompareJob(Database& database, Id project, Id comparison);
absl::StatusOr<JobCounts> SelectJobCounts(Database& database);
// Leases the oldest job that is ready or whose lease ran out before `now_us`. NOT_FOUND when there
// is none.
absl::StatusOr<JobLease> ClaimJob(Database& database, const std::string& owner, std::int64_t now_us,
                                  std::int64_t lease_us);
// The following answer ABORTED when `lease` no longer holds its job.
absl::Status CheckLease(Database& database, const JobLease& lease);
absl::Status RenewLease(Database& database, const JobLease& lease, std::int64_t until_us);
absl::Status ReleaseLease(Database& database, const JobLease& lease);
// Ends a shard's job; the last one makes the run's kSummarize job ready.
absl::Status FinishShardJob(Database& database, const JobLease& lease);

absl::Status ReleaseAllLeases(Database& database);
absl::Status DropJobs(Database& database, Id project, Id target);

}  // namespace assay::store
