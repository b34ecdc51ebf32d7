#include "server/store/sqlite/migrate.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "server/base/log.h"
#include "server/base/sha256.h"
#include "server/base/status_macros.h"
#include "server/store/sqlite/statement.h"
#include "server/store/sqlite/transaction.h"

namespace assay::store {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBackupsKept = 3;

// Must be set before the first table is made.
constexpr std::string_view kNewFile = R"sql(
PRAGMA page_size = 8192;
PRAGMA auto_vacuum = INCREMENTAL;
)sql";

// The log is cut back to this size after a checkpoint.
constexpr std::string_view kWriteAhead = R"sql(
PRAGMA journal_mode = WAL;
PRAGMA journal_size_limit = 67108864;
)sql";

constexpr std::string_view kCreateHistory = R"sql(
CREATE TABLE IF NOT EXISTS schema_migrations (
  version INTEGER NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  checksum BLOB NOT NULL CHECK (length(checksum) = 32),
  applied_us INTEGER NOT NULL,
  program TEXT NOT NULL
) STRICT;
)sql";

constexpr std::string_view kSelectHistory =
    "SELECT version, checksum FROM schema_migrations ORDER BY version";

constexpr std::string_view kInsertHistory =
    "INSERT INTO schema_migrations (version, name, checksum, applied_us, program) "
    "VALUES ($1, $2, $3, $4, $5)";

// Lets one process at a time migrate the files of a directory; the others wait. Locks the directory
// itself: closing a second descriptor of the database file would drop SQLite's own locks.
class MigrationLock {
 public:
  explicit MigrationLock(const fs::path& directory)
      : descriptor_(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)),
        is_held_(descriptor_ >= 0 && flock(descriptor_, LOCK_EX) == 0) {}
  ~MigrationLock() { close(descriptor_); }
  MigrationLock(const MigrationLock&) = delete;
  MigrationLock& operator=(const MigrationLock&) = delete;
  bool is_held() const { return is_held_; }

 private:
  const int descriptor_;
  const bool is_held_;
};

absl::Status Refusal(const Database& database, std::string_view why) {
  return absl::FailedPreconditionError(absl::StrFormat("%s: %s", database.path(), why));
}

// Version of the schema; 0: a file without one.
absl::StatusOr<int> ReadVersion(Database& database, int last_known) {
  ASSAY_ASSIGN_OR_RETURN(const std::int64_t application,
                         database.QueryInt64("PRAGMA application_id"));
  ASSAY_ASSIGN_OR_RETURN(const std::int64_t version, database.QueryInt64("PRAGMA user_version"));
  ASSAY_ASSIGN_OR_RETURN(const std::int64_t num_tables,
                         database.QueryInt64("SELECT count(*) FROM sqlite_schema"));
  if (application == 0 && version == 0 && num_tables == 0) {
    return 0;
  }
  if (application != kApplicationId) {
    return Refusal(database, "not an Assay store, but another program's database");
  }
  if (version > last_known) {
    return Refusal(database,
                   absl::StrFormat("schema %d is newer than this program, which knows schema %d; "
                                   "use a newer assay-server",
                                   version, last_known));
  }
  if (version < 1) {
    return absl::DataLossError(absl::StrFormat("%s: schema version %d in a file that has tables",
                                               database.path(), version));
  }
  return static_cast<int>(version);
}

absl::Status VerifyHistory(Database& database, std::span<const Migration> migrations, int version) {
  if (version == 0) {
    return absl::OkStatus();
  }
  ASSAY_ASSIGN_OR_RETURN(Statement select, Statement::Prepare(database, kSelectHistory));
  int num_applied = 0;
  for (;;) {
    ASSAY_ASSIGN_OR_RETURN(const bool found, select.Step());
    if (!found) {
      break;
    }
    int applied = 0;
    Sha256Digest checksum{};
    ASSAY_RETURN_IF_ERROR(select.Read(applied, checksum));
    if (applied != ++num_applied || applied > version) {
      return absl::DataLossError(
          absl::StrFormat("%s: the record of its migrations has gaps", database.path()));
    }
    const Migration& migration = migrations[static_cast<std::size_t>(applied) - 1];
    if (Sha256::Of(migration.sql) != checksum) {
      return Refusal(database,
                     absl::StrFormat("migration %04d_%s differs from the one that made this file",
                                     migration.version, migration.name));
    }
  }
  if (num_applied != version) {
    return absl::DataLossError(
        absl::StrFormat("%s: the record of its migrations has gaps", database.path()));
  }
  return absl::OkStatus();
}

absl::Status FromSystem(const std::error_code& error, std::string_view doing,
                        const fs::path& path) {
  return absl::InternalError(
      absl::StrFormat("cannot %s %s: %s", doing, path.string(), error.message()));
}

// Names sort by age: NAME.before-vNNNN.MICROSECONDS.
absl::Status DropOldBackups(const fs::path& backups, const std::string& name) {
  std::vector<fs::path> found;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(backups, error)) {
    if (entry.path().filename().string().starts_with(name + ".before-v")) {
      found.push_back(entry.path());
    }
  }
  std::sort(found.begin(), found.end());
  for (std::size_t i = 0; i + kBackupsKept < found.size(); ++i) {
    fs::remove(found[i], error);
  }
  return error ? FromSystem(error, "tidy", backups) : absl::OkStatus();
}

absl::Status BackUp(Database& database, int version, const fs::path& backups, Clock& clock) {
  std::error_code error;
  fs::create_directories(backups, error);
  if (error) {
    return FromSystem(error, "create", backups);
  }
  const fs::path target = backups / absl::StrFormat("%s.before-v%04d.%020d", database.path(),
                                                    version + 1, clock.NowUs());
  const fs::path partial = backups / (database.path() + ".partial");
  fs::remove(partial, error);
  {
    ASSAY_ASSIGN_OR_RETURN(Statement copy, Statement::Prepare(database, "VACUUM INTO $1"));
    copy.Bind(partial.string());
    ASSAY_RETURN_IF_ERROR(copy.Run());
  }
  fs::rename(partial, target, error);
  if (error) {
    return FromSystem(error, "rename", partial);
  }
  Log(LogLevel::kInfo, "backed up before migrating", {{"file", target.string()}});
  return DropOldBackups(backups, database.path());
}

absl::Status Apply(Database& database, const Migration& migration, Clock& clock) {
  ASSAY_ASSIGN_OR_RETURN(Transaction transaction, Transaction::BeginWrite(database));
  ASSAY_RETURN_IF_ERROR(database.Execute(kCreateHistory));
  if (const absl::Status status = database.Execute(migration.sql); !status.ok()) {
    return absl::Status(status.code(), absl::StrFormat("migration %04d_%s: %s", migration.version,
                                                       migration.name, status.message()));
  }
  {
    ASSAY_ASSIGN_OR_RETURN(Statement insert, Statement::Prepare(database, kInsertHistory));
    insert.Bind(migration.version, migration.name, Sha256::Of(migration.sql), clock.NowUs(),
                std::string_view(ASSAY_VERSION));
    ASSAY_RETURN_IF_ERROR(insert.Run());
  }
  ASSAY_RETURN_IF_ERROR(database.Execute(absl::StrFormat(
      "PRAGMA application_id = %d; PRAGMA user_version = %d;", kApplicationId, migration.version)));
  return std::move(transaction).Commit();
}

}  // namespace

absl::Status Migrate(Database& database, std::span<const Migration> migrations,
                     const std::filesystem::path& backups, Clock& clock) {
  const MigrationLock lock(backups.parent_path());
  if (!lock.is_held()) {
    return absl::InternalError(
        absl::StrFormat("cannot lock %s for migration", backups.parent_path().string()));
  }
  ASSAY_ASSIGN_OR_RETURN(const int version,
                         ReadVersion(database, static_cast<int>(std::ssize(migrations))));
  ASSAY_RETURN_IF_ERROR(VerifyHistory(database, migrations, version));
  if (version == 0) {
    ASSAY_RETURN_IF_ERROR(database.Execute(kNewFile));
  }
  ASSAY_RETURN_IF_ERROR(database.Execute(kWriteAhead));
  const std::span<const Migration> missing = migrations.subspan(static_cast<std::size_t>(version));
  if (version > 0 && !missing.empty()) {
    ASSAY_RETURN_IF_ERROR(BackUp(database, version, backups, clock));
  }
  // The log is written in order, so that syncing the last step makes all of them durable.
  for (const Migration& migration : missing) {
    ASSAY_RETURN_IF_ERROR(database.Execute(&migration == &missing.back()
                                               ? "PRAGMA synchronous = FULL"
                                               : "PRAGMA synchronous = NORMAL"));
    ASSAY_RETURN_IF_ERROR(Apply(database, migration, clock));
  }
  return absl::OkStatus();
}

}  // namespace assay::store
