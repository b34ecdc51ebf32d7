#include "server/store/sqlite/run_store.h"

#include <chrono>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "server/base/status_macros.h"
#include "server/store/sqlite/column_table.h"
#include "server/store/sqlite/comparison_row_table.h"
#include "server/store/sqlite/comparison_table.h"
#include "server/store/sqlite/job_table.h"
#include "server/store/sqlite/result_table.h"
#include "server/store/sqlite/run_table.h"

namespace assay::store {
namespace {

// For a reader to count jobs: whoever asks holds up others meanwhile.
constexpr std::chrono::milliseconds kCountWait{50};

absl::StatusOr<Id> PutRun(Database& database, Id project, const RunRecord& run,
                          std::int32_t num_shards, std::int64_t now_us) {
  if (!run.request_id.empty()) {
    ASSAY_ASSIGN_OR_RETURN(const std::optional<RunRecord> made,
                           SelectRunByRequest(database, project, run.request_id));
    if (made) {
      return made->id;
    }
  }
  ASSAY_ASSIGN_OR_RETURN(const Id id, InsertRun(database, project, run, now_us));
  ASSAY_RETURN_IF_ERROR(InsertRunJobs(database, project, id, num_shards));
  return id;
}

absl::StatusOr<Id> PutComparison(Database& database, Id project, const ComparisonRecord& comparison,
                                 std::int64_t now_us) {
  std::optional<Id> known;
  if (!comparison.request_id.empty()) {
    ASSAY_ASSIGN_OR_RETURN(known,
                           FindComparisonByRequest(database, project, comparison.request_id));
  }
  if (!known) {
    ASSAY_ASSIGN_OR_RETURN(known, FindComparisonBySpec(database, project, comparison.spec_digest));
  }
  if (known) {
    return *known;
  }
  ASSAY_ASSIGN_OR_RETURN(const Id id, InsertComparison(database, project, comparison, now_us));
  ASSAY_RETURN_IF_ERROR(InsertCompareJob(database, project, id));
  return id;
}

// Ends a run that gives no result: its jobs and what it has scored go.
absl::Status AbandonRun(Database& database, Id project, Id run, RunState state,
                        const std::string& error, std::int64_t now_us) {
  ASSAY_RETURN_IF_ERROR(EndRun(database, project, run, state, error, now_us));
  ASSAY_RETURN_IF_ERROR(DropJobs(database, project, run));
  return DropColumns(database, project, run);
}

}  // namespace

std::int64_t SqliteRunStore::SteadyUs() const {
  return std::chrono::duration_cast<std::chrono::microseconds>(clock_.Steady().time_since_epoch())
      .count();
}

absl::StatusOr<RunRecord> SqliteRunStore::CreateRun(Id project, const RunRecord& run,
                                                    std::int32_t num_shards) {
  RunRecord created;
  const std::int64_t now_us = clock_.NowUs();
  ASSAY_RETURN_IF_ERROR(writer_.Run([&](Database& database) -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(const Id id, PutRun(database, project, run, num_shards, now_us));
    ASSAY_ASSIGN_OR_RETURN(created, SelectRun(database, project, id));
    return absl::OkStatus();
  }));
  return created;
}

absl::StatusOr<RunRecord> SqliteRunStore::GetRun(Id project, Id run) const {
  ASSAY_ASSIGN_OR_RETURN(ReadPool::Reader reader, readers_.Acquire());
  return SelectRun(reader.database(), project, run);
}

absl::StatusOr<std::vector<RunRecord>> SqliteRunStore::ListRuns(Id project, Id dataset_version,
                                                                Id model_version,
                                                                PageRequest page) const {
  ASSAY_ASSIGN_OR_RETURN(ReadPool::Reader reader, readers_.Acquire());
  return SelectRuns(reader.database(), project, dataset_version, model_version, page);
}

absl::StatusOr<RunRecord> SqliteRunStore::FindSucceededRun(Id project, const Digest& spec) const {
  ASSAY_ASSIGN_OR_RETURN(ReadPool::Reader reader, readers_.Acquire());
  ASSAY_ASSIGN_OR_RETURN(std::optional<RunRecord> run,
                         SelectRunBySpec(reader.database(), project, spec));
  if (!run) {
    return absl::NotFoundError(
        absl::StrFormat("no succeeded run of specification '%s'", DigestText(spec)));
  }
  return *std::move(run);
}

absl::StatusOr<std::vector<SummaryRecord>> SqliteRunStore::ListSummaries(Id project, Id run) const {
  ASSAY_ASSIGN_OR_RETURN(ReadPool::Reader reader, readers_.Acquire());
  return SelectSummaries(reader.database(), project, run);
}

absl::StatusOr<std::vector<ResultTable>> SqliteRunStore::ListTables(Id project, Id run) const {
  ASSAY_ASSIGN_OR_RETURN(ReadPool::Reader reader, readers_.Acquire());
  return SelectRunTables(reader.database(), project, run);
}

absl::StatusOr<RunRecord> SqliteRunStore::CancelRun(Id project, Id run) {
  RunRecord cancelled;
  const std::int64_t now_us = clock_.NowUs();
  ASSAY_RETURN_IF_ERROR(writer_.Run([&](Database& database) -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(const RunRecord current, SelectRun(database, project, run));
    if (!HasEnded(current.state)) {
      ASSAY_RETURN_IF_ERROR(AbandonRun(database, project, run, RunState::kCancelled, "", now_us));
    }
    ASSAY_ASSIGN_OR_RETURN(cancelled, SelectRun(database, project, run));
    return absl::OkStatus();
  }));
  return cancelled;
}

absl::StatusOr<ComparisonRecord> SqliteRunStore::CreateComparison(
    Id project, const ComparisonRecord& comparison) {
  ComparisonRecord created;
  const std::int64_t now_us = clock_.NowUs();
  ASSAY_RETURN_IF_ERROR(writer_.Run([&](Database& database) -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(const Id id, PutComparison(database, project, comparison, now_us));
    ASSAY_ASSIGN_OR_RETURN(created, SelectComparison(database, project, id));
    return absl::OkStatus();
  }));
  return created;
}

absl::StatusOr<ComparisonRecord> SqliteRunStore::GetComparison(Id project, Id comparison) const {
  ASSAY_ASSIGN_OR_RETURN(ReadPool::Reader reader, readers_.Acquire());
  return SelectComparison(reader.database(), project, comparison);
}

absl::StatusOr<std::vector<ComparisonRecord>> SqliteRunStore::ListComparisons(
    Id project, PageRequest page) const {
  ASSAY_ASSIGN_OR_RETURN(ReadPool::Reader reader, readers_.Acquire());
  return SelectComparisons(reader.database(), project, page);
}

absl::StatusOr<std::vector<std::string>> SqliteRunStore::RecentFlips(Id project,
                                                                     const FlipsRecord& except,
                                                                     Id before,
                                                                     std::int32_t count) const {
  ASSAY_ASSIGN_OR_RETURN(ReadPool::Reader reader, readers_.Acquire());
  return SelectFlips(reader.database(), project, except, before, count);
}

absl::StatusOr<RowListRecord> SqliteRunStore::GetRowList(Id project, Id comparison,
                                                         const std::string& metric) const {
  ASSAY_ASSIGN_OR_RETURN(ReadPool::Reader reader, readers_.Acquire());
  return SelectRowList(reader.database(), project, comparison, metric);
}

absl::StatusOr<JobCounts> SqliteRunStore::CountJobs() const {
  ASSAY_ASSIGN_OR_RETURN(ReadPool::Reader reader, readers_.Acquire(kCountWait));
  return SelectJobCounts(reader.database());
}

absl::StatusOr<JobLease> SqliteRunStore::Claim(const std::string& owner, std::int64_t lease_us) {
  JobLease lease;
  const std::int64_t now_us = clock_.NowUs();
  ASSAY_RETURN_IF_ERROR(writer_.Run([&](Database& database) -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(lease, ClaimJob(database, owner, SteadyUs(), lease_us));
    return lease.kind == JobKind::kCompare
               ? StartComparison(database, lease.project_id, lease.target_id)
               : StartRun(database, lease.project_id, lease.target_id, now_us);
  }));
  return lease;
}

absl::Status SqliteRunStore::Renew(const JobLease& lease, std::int64_t lease_us) {
  return writer_.Run(
      [&](Database& database) { return RenewLease(database, lease, SteadyUs() + lease_us); });
}

absl::Status SqliteRunStore::Release(const JobLease& lease) {
  return writer_.Run([&](Database& database) { return ReleaseLease(database, lease); });
}

absl::Status SqliteRunStore::ReleaseAll() { return writer_.Run(ReleaseAllLeases); }

absl::Status SqliteRunStore::FinishShard(const JobLease& lease,
                                         const std::vector<ColumnChunks>& columns,
                                         std::int64_t num_rows_done) {
  return writer_.Run([&](Database& database) -> absl::Status {
    ASSAY_RETURN_IF_ERROR(CheckLease(database, lease));
    ASSAY_RETURN_IF_ERROR(PutColumnChunks(database, lease.project_id, lease.target_id, columns));
    ASSAY_RETURN_IF_ERROR(AddRowsDone(database, lease.project_id, lease.target_id, num_rows_done));
    return FinishShardJob(database, lease);
  });
}

absl::Status SqliteRunStore::FinishRun(const JobLease& lease, const RunResult& result,
                                       const std::vector<ColumnRecord>& columns) {
  const std::int64_t now_us = clock_.NowUs();
  return writer_.Run([&](Database& database) -> absl::Status {
    ASSAY_RETURN_IF_ERROR(CheckLease(database, lease));
    ASSAY_RETURN_IF_ERROR(PutColumns(database, lease.project_id, lease.target_id, columns));
    ASSAY_RETURN_IF_ERROR(
        StoreRunResult(database, lease.project_id, lease.target_id, result, now_us));
    ASSAY_RETURN_IF_ERROR(
        InsertRunTables(database, lease.project_id, lease.target_id, result.tables));
    return DropJobs(database, lease.project_id, lease.target_id);
  });
}

absl::Status SqliteRunStore::FinishComparison(const JobLease& lease,
                                              const ComparisonResult& result) {
  const std::int64_t now_us = clock_.NowUs();
  return writer_.Run([&](Database& database) -> absl::Status {
    ASSAY_RETURN_IF_ERROR(CheckLease(database, lease));
    ASSAY_RETURN_IF_ERROR(
        StoreComparisonResult(database, lease.project_id, lease.target_id, result, now_us));
    return DropJobs(database, lease.project_id, lease.target_id);
  });
}

absl::Status SqliteRunStore::Fail(const JobLease& lease, const std::string& error) {
  const std::int64_t now_us = clock_.NowUs();
  return writer_.Run([&](Database& database) -> absl::Status {
    ASSAY_RETURN_IF_ERROR(CheckLease(database, lease));
    if (lease.kind != JobKind::kCompare) {
      return AbandonRun(database, lease.project_id, lease.target_id, RunState::kFailed, error,
                        now_us);
    }
    ASSAY_RETURN_IF_ERROR(
        FailComparison(database, lease.project_id, lease.target_id, error, now_us));
    return DropJobs(database, lease.project_id, lease.target_id);
  });
}

}  // namespace assay::store
