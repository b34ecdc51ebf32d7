#pragma once

#include <filesystem>
#include <memory>

#include "absl/status/statusor.h"
#include "server/base/clock.h"
#include "server/store/store.h"

namespace assay::store {

struct SqliteOptions {
  int num_readers = 8;  // read-only connections a file
};

// Opens `assay.db` and `traces.db` in `directory`, creating and migrating them as needed. The
// caller holds the directory's lock. FAILED_PRECONDITION when a file is newer than this program,
// was migrated by edited files, or is not an Assay store; DATA_LOSS when it is damaged. `clock`
// outlives the store.
absl::StatusOr<std::unique_ptr<Store>> OpenSqliteStore(const std::filesystem::path& directory,
                                                       Clock& clock,
                                                       const SqliteOptions& options = {});

}  // namespace assay::store
