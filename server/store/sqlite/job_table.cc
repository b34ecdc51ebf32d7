#include "server/store/sqlite/job_table.h"

#include <string_view>

#include "absl/strings/str_format.h"
#include "server/base/status_macros.h"
#include "server/store/sqlite/id_sequence.h"
#include "server/store/sqlite/statement.h"

namespace assay::store {
namespace {

enum class JobState : std::uint8_t { kBlocked = 1, kReady = 2, kLeased = 3, kDone = 4 };

constexpr std::string_view kInsert =
    "INSERT INTO jobs (id, project_id, target_id, kind, shard, state, fence, owner, "
    "lease_until_us, attempt) VALUES ($1, $2, $3, $4, $5, $6, 0, '', 0, 0)";
constexpr std::string_view kCount =
    "SELECT (SELECT count(*) FROM jobs WHERE state = $1), "
    "(SELECT count(*) FROM jobs WHERE state = $2)";
// Where several servers share an engine, its own way of skipping locked rows belongs here.
constexpr std::string_view kClaim =
    "UPDATE jobs SET state = $1, owner = $2, lease_until_us = $3, fence = fence + 1, "
    "attempt = attempt + 1 WHERE id = (SELECT id FROM ("
    "SELECT id FROM (SELECT id FROM jobs WHERE state = $4 ORDER BY id LIMIT 1) UNION ALL "
    "SELECT id FROM (SELECT id FROM jobs WHERE state = $1 AND lease_until_us <= $5 "
    "ORDER BY id LIMIT 1)) ORDER BY id LIMIT 1) "
    "RETURNING id, kind, project_id, target_id, shard, fence, attempt";
constexpr std::string_view kSelectHeld =
    "SELECT id FROM jobs WHERE id = $1 AND fence = $2 AND state = $3";
constexpr std::string_view kRenew =
    "UPDATE jobs SET lease_until_us = $4 WHERE id = $1 AND fence = $2 AND state = $3";
constexpr std::string_view kRelease =
    "UPDATE jobs SET state = $4, attempt = attempt - 1 WHERE id = $1 AND fence = $2 AND state = $3";
constexpr std::string_view kFinish =
    "UPDATE jobs SET state = $4 WHERE id = $1 AND fence = $2 AND state = $3";
constexpr std::string_view kUnblock =
    "UPDATE jobs SET state = $3 WHERE project_id = $1 AND target_id = $2 AND state = $4 "
    "AND NOT EXISTS (SELECT 1 FROM jobs WHERE project_id = $1 AND target_id = $2 AND kind = $5 "
    "AND state <> $6)";
constexpr std::string_view kReleaseAll = "UPDATE jobs SET state = $2 WHERE state = $1";
constexpr std::string_view kDrop = "DELETE FROM jobs WHERE project_id = $1 AND target_id = $2";

absl::Status LeaseLost(const JobLease& lease) {
  return absl::AbortedError(
      absl::StrFormat("the lease on job %d (fence %d) is lost", lease.job_id, lease.fence));
}

// Runs an UPDATE that must change the leased job.
absl::Status UpdateHeld(Database& database, const JobLease& lease, std::string_view sql,
                        const auto&... values) {
  ASSAY_RETURN_IF_ERROR(
      RunOnce(database, sql, lease.job_id, lease.fence, JobState::kLeased, values...));
  return database.num_changes() == 1 ? absl::OkStatus() : LeaseLost(lease);
}

}  // namespace

absl::Status InsertRunJobs(Database& database, Id project, Id run, std::int32_t num_shards) {
  ASSAY_ASSIGN_OR_RETURN(Id id, AllocateIds(database, num_shards + 1));
  for (std::int32_t shard = 0; shard < num_shards; ++shard) {
    ASSAY_RETURN_IF_ERROR(
        RunOnce(database, kInsert, id++, project, run, JobKind::kScore, shard, JobState::kReady));
  }
  return RunOnce(database, kInsert, id, project, run, JobKind::kSummarize, 0,
                 num_shards == 0 ? JobState::kReady : JobState::kBlocked);
}

absl::Status InsertCompareJob(Database& database, Id project, Id comparison) {
  ASSAY_ASSIGN_OR_RETURN(const Id id, AllocateIds(database, 1));
  return RunOnce(database, kInsert, id, project, comparison, JobKind::kCompare, 0,
                 JobState::kReady);
}

absl::StatusOr<JobCounts> SelectJobCounts(Database& database) {
  ASSAY_ASSIGN_OR_RETURN(Statement select, Statement::Prepare(database, kCount));
  select.Bind(JobState::kReady, JobState::kLeased);
  ASSAY_ASSIGN_OR_RETURN(const bool found, select.Step());
  if (!found) {
    return absl::InternalError("a count without a row");
  }
  JobCounts counts;
  ASSAY_RETURN_IF_ERROR(select.Read(counts.num_queued, counts.num_running));
  return counts;
}

absl::StatusOr<JobLease> ClaimJob(Database& database, const std::string& owner, std::int64_t now_us,
                                  std::int64_t lease_us) {
  ASSAY_ASSIGN_OR_RETURN(Statement claim, Statement::Prepare(database, kClaim));
  claim.Bind(JobState::kLeased, owner, now_us + lease_us, JobState::kReady, now_us);
  ASSAY_ASSIGN_OR_RETURN(const bool found, claim.Step());
  if (!found) {
    return absl::NotFoundError("no job is ready");
  }
  JobLease lease;
  ASSAY_RETURN_IF_ERROR(claim.Read(lease.job_id, lease.kind, lease.project_id, lease.target_id,
                                   lease.shard, lease.fence, lease.attempt));
  return lease;
}

absl::Status CheckLease(Database& database, const JobLease& lease) {
  ASSAY_ASSIGN_OR_RETURN(Statement select, Statement::Prepare(database, kSelectHeld));
  select.Bind(lease.job_id, lease.fence, JobState::kLeased);
  ASSAY_ASSIGN_OR_RETURN(const bool is_held, select.Step());
  return is_held ? absl::OkStatus() : LeaseLost(lease);
}

absl::Status RenewLease(Database& database, const JobLease& lease, std::int64_t until_us) {
  return UpdateHeld(database, lease, kRenew, until_us);
}

absl::Status ReleaseLease(Database& database, const JobLease& lease) {
  return UpdateHeld(database, lease, kRelease, JobState::kReady);
}

absl::Status FinishShardJob(Database& database, const JobLease& lease) {
  ASSAY_RETURN_IF_ERROR(UpdateHeld(database, lease, kFinish, JobState::kDone));
  return RunOnce(database, kUnblock, lease.project_id, lease.target_id, JobState::kReady,
                 JobState::kBlocked, JobKind::kScore, JobState::kDone);
}

absl::Status ReleaseAllLeases(Database& database) {
  return RunOnce(database, kReleaseAll, JobState::kLeased, JobState::kReady);
}

absl::Status DropJobs(Database& database, Id project, Id target) {
  return RunOnce(database, kDrop, project, target);
}

}  // namespace assay::store
