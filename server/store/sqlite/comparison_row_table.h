#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/store/records.h"
#include "server/store/sqlite/database.h"

namespace assay::store {

// What a comparison says of single examples, in the tables `comparison_flips`,
// `comparison_row_lists` and `comparison_rows`. Written once, inside the caller's transaction.

// No flips when `bits` is empty.
absl::Status InsertFlips(Database& database, Id project, Id comparison, const FlipsRecord& flips);
// Flips of comparisons on a dataset version that are older than `before`, newest first, at most
// `count`; of several between the same output sets only the newest, and none between those of
// `except`.
absl::StatusOr<std::vector<std::string>> SelectFlips(Database& database, Id project,
                                                     const FlipsRecord& except, Id before,
                                                     std::int32_t count);

absl::Status InsertRowLists(Database& database, Id project, Id comparison,
                            const std::vector<RowListRecord>& lists);
// The first rows of a metric. Empty metric: none are stored.
absl::StatusOr<RowListRecord> SelectRowList(Database& database, Id project, Id comparison,
                                            const std::string& metric);

}  // namespace assay::store
