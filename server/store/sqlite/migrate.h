#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

#include "absl/status/status.h"
#include "server/base/clock.h"
#include "server/store/sqlite/database.h"

namespace assay::store {

// One step of a schema: migrations/sqlite/NNNN_name.sql. Forward only; never edited once released.
struct Migration {
  int version = 0;  // from 1, without gaps
  std::string_view name;
  std::string_view sql;
};

// The embedded schemas of assay.db and traces.db, in order.
std::span<const Migration> StoreMigrations();
std::span<const Migration> TraceMigrations();

// Marks files of ours: "ASAY".
inline constexpr std::int64_t kApplicationId = 0x41534159;

// Brings the file behind `database`, a fresh connection for writing, to the last of `migrations`,
// and switches it to WAL, while others that want to migrate files of the same directory wait. Every
// step is a transaction. Before the first step of a file that holds data a copy goes to `backups`,
// a folder in that directory, where the last three of a file are kept. FAILED_PRECONDITION when the
// file is not ours, is newer, or was migrated by texts that differ from `migrations`; DATA_LOSS
// when it is damaged.
absl::Status Migrate(Database& database, std::span<const Migration> migrations,
                     const std::filesystem::path& backups, Clock& clock);

}  // namespace assay::store
