#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/store/run_store.h"
#include "server/store/sqlite/read_pool.h"
#include "server/store/sqlite/writer.h"

namespace assay::store {

class SqliteRunStore : public RunStore {
 public:
  SqliteRunStore(ReadPool& readers, Writer& writer, Clock& clock)
      : readers_(readers), writer_(writer), clock_(clock) {}

  absl::StatusOr<RunRecord> CreateRun(Id project, const RunRecord& run,
                                      std::int32_t num_shards) override;
  absl::StatusOr<RunRecord> GetRun(Id project, Id run) const override;
  absl::StatusOr<std::vector<RunRecord>> ListRuns(Id project, Id dataset_version, Id model_version,
                                                  PageRequest page) const override;
  absl::StatusOr<RunRecord> FindSucceededRun(Id project, const Digest& spec) const override;
  absl::StatusOr<std::vector<SummaryRecord>> ListSummaries(Id project, Id run) const override;
  absl::StatusOr<std::vector<ResultTable>> ListTables(Id project, Id run) const override;
  absl::StatusOr<RunRecord> CancelRun(Id project, Id run) override;

  absl::StatusOr<ComparisonRecord> CreateComparison(Id project,
                                                    const ComparisonRecord& comparison) override;
  absl::StatusOr<ComparisonRecord> GetComparison(Id project, Id comparison) const override;
  absl::StatusOr<std::vector<ComparisonRecord>> ListComparisons(Id project,
                                                                PageRequest page) const override;

  absl::StatusOr<std::vector<std::string>> RecentFlips(Id project, const FlipsRecord& except,
                                                       Id before,
                                                       std::int32_t count) const override;
  absl::StatusOr<RowListRecord> GetRowList(Id project, Id comparison,
                                           const std::string& metric) const override;
  absl::StatusOr<JobCounts> CountJobs() const override;
  absl::StatusOr<JobLease> Claim(const std::string& owner, std::int64_t lease_us) override;
  absl::Status Renew(const JobLease& lease, std::int64_t lease_us) override;
  absl::Status Release(const JobLease& lease) override;
  absl::Status ReleaseAll() override;

  absl::Status FinishShard(const JobLease& lease, const std::vector<ColumnChunks>& columns,
                           std::int64_t num_rows_done) override;
  absl::Status FinishRun(const JobLease& lease, const RunResult& result,
                         const std::vector<ColumnRecord>& columns) override;
  absl::Status FinishComparison(const JobLease& lease, const ComparisonResult& result) override;
  absl::Status Fail(const JobLease& lease, const std::string& error) override;

 private:
  // Microseconds of the steady clock, on which leases run.
  std::int64_t SteadyUs() const;

  ReadPool& readers_;
  Writer& writer_;
  Clock& clock_;
};

}  // namespace assay::store
