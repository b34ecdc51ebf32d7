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

// Comparisons in the table `comparisons`; what they have several of is in comparison_parts.h.
// Everything that writes runs inside the caller's write transaction.

absl::StatusOr<Id> InsertComparison(Database& database, Id project,
                                    const ComparisonRecord& comparison, std::int64_t now_us);
// Whole. NOT_FOUND, naming the comparison.
absl::StatusOr<ComparisonRecord> SelectComparison(Database& database, Id project, Id comparison);
// The comparison that the request made.
absl::StatusOr<std::optional<Id>> FindComparisonByRequest(Database& database, Id project,
                                                          const std::string& request_id);
// The newest one of that specification that has not failed and was not cancelled.
absl::StatusOr<std::optional<Id>> FindComparisonBySpec(Database& database, Id project,
                                                       const Digest& spec);
// Without metrics, gates and differences of the result.
absl::StatusOr<std::vector<ComparisonRecord>> SelectComparisons(Database& database, Id project,
                                                                PageRequest page);

// QUEUED becomes RUNNING; any other state stays.
absl::Status StartComparison(Database& database, Id project, Id comparison);
absl::Status StoreComparisonResult(Database& database, Id project, Id comparison,
                                   const ComparisonResult& result, std::int64_t now_us);
absl::Status FailComparison(Database& database, Id project, Id comparison, const std::string& error,
                            std::int64_t now_us);

}  // namespace assay::store
