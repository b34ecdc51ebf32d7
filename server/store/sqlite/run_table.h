#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/store/records.h"
#include "server/store/sqlite/database.h"

namespace assay::store {

// Runs and their rows in the tables `runs`, `run_evaluators`, `run_metrics`, `run_notes` and
// `run_summaries`. Everything that writes runs inside the caller's write transaction.

absl::StatusOr<Id> InsertRun(Database& database, Id project, const RunRecord& run,
                             std::int64_t now_us);
// NOT_FOUND, naming the run.
absl::StatusOr<RunRecord> SelectRun(Database& database, Id project, Id run);
absl::StatusOr<std::optional<RunRecord>> SelectRunByRequest(Database& database, Id project,
                                                            const std::string& request_id);
// The newest SUCCEEDED one.
absl::StatusOr<std::optional<RunRecord>> SelectRunBySpec(Database& database, Id project,
                                                         const Digest& spec);
absl::StatusOr<std::vector<RunRecord>> SelectRuns(Database& database, Id project,
                                                  Id dataset_version, Id model_version,
                                                  PageRequest page);
absl::StatusOr<std::vector<SummaryRecord>> SelectSummaries(Database& database, Id project, Id run);

// QUEUED becomes RUNNING; any other state stays.
absl::Status StartRun(Database& database, Id project, Id run, std::int64_t now_us);
absl::Status AddRowsDone(Database& database, Id project, Id run, std::int64_t num_rows);
absl::Status StoreRunResult(Database& database, Id project, Id run, const RunResult& result,
                            std::int64_t now_us);
// Ends the run as `state` with `error`.
absl::Status EndRun(Database& database, Id project, Id run, RunState state,
                    const std::string& error, std::int64_t now_us);

}  // namespace assay::store
