#include "server/store/sqlite/database.h"

#include <sqlite3.h>

#include <cerrno>
#include <cstddef>

#include "absl/strings/str_format.h"
#include "server/base/status_macros.h"

namespace assay::store {
namespace {

// Virtual machine instructions between two looks at the clock: well under a millisecond.
constexpr int kInstructionsPerCheck = 20'000;
constexpr int kMaxValueBytes = 64 << 20;

absl::StatusCode CodeOf(int code, int system_error) {
  switch (code & 0xFF) {
    case SQLITE_FULL:
    case SQLITE_NOMEM:
      return absl::StatusCode::kResourceExhausted;
    case SQLITE_IOERR:
      return system_error == ENOSPC || system_error == EFBIG || system_error == EDQUOT
                 ? absl::StatusCode::kResourceExhausted
                 : absl::StatusCode::kInternal;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return absl::StatusCode::kUnavailable;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return absl::StatusCode::kDataLoss;
    case SQLITE_INTERRUPT:
      return absl::StatusCode::kDeadlineExceeded;
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return absl::StatusCode::kFailedPrecondition;
    default:
      return absl::StatusCode::kInternal;
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<Database>> Database::Open(const std::filesystem::path& path,
                                                         const DatabaseOptions& options) {
  std::unique_ptr<Database> database(new Database());
  database->path_ = path.filename().string();
  const int access =
      options.is_read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  const int code =
      sqlite3_open_v2(path.c_str(), &database->handle_, access | SQLITE_OPEN_NOMUTEX, nullptr);
  if (code != SQLITE_OK) {
    return database->ErrorStatus(code, "open");
  }
  ASSAY_RETURN_IF_ERROR(database->Harden(options));
  return database;
}

absl::Status Database::Harden(const DatabaseOptions& options) {
  sqlite3_extended_result_codes(handle_, 1);
  sqlite3_busy_timeout(handle_, static_cast<int>(options.busy_timeout.count()));
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, nullptr);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  sqlite3_limit(handle_, SQLITE_LIMIT_LENGTH, kMaxValueBytes);
  sqlite3_progress_handler(
      handle_, kInstructionsPerCheck,
      [](void* self) {
        const auto deadline = static_cast<Database*>(self)->deadline_;
        return deadline != std::chrono::steady_clock::time_point::max() &&
                       std::chrono::steady_clock::now() > deadline
                   ? 1
                   : 0;
      },
      this);
  // Freed pages are cleared where that costs no extra write; memory is not mapped, so that what the
  // page cache holds is all that a connection takes.
  return Execute(absl::StrFormat(
      "PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY; "
      "PRAGMA synchronous = FULL; PRAGMA secure_delete = FAST; PRAGMA cache_size = -%d; "
      "PRAGMA query_only = %d;",
      options.cache_kib, options.is_read_only ? 1 : 0));
}

Database::~Database() {
  for (auto& [sql, statements] : idle_) {
    for (const Prepared& prepared : statements) {
      sqlite3_finalize(prepared.handle);
    }
  }
  sqlite3_close(handle_);
}

absl::Status Database::Execute(std::string_view sql) {
  while (!sql.empty()) {
    sqlite3_stmt* statement = nullptr;
    const char* tail = nullptr;
    int code =
        sqlite3_prepare_v2(handle_, sql.data(), static_cast<int>(sql.size()), &statement, &tail);
    if (code != SQLITE_OK) {
      return ErrorStatus(code, "prepare");
    }
    sql.remove_prefix(static_cast<std::size_t>(tail - sql.data()));
    if (statement == nullptr) {
      continue;  // A comment or white space.
    }
    do {
      code = sqlite3_step(statement);
    } while (code == SQLITE_ROW);
    const absl::Status status =
        code == SQLITE_DONE ? absl::OkStatus() : ErrorStatus(code, "execute");
    sqlite3_finalize(statement);
    ASSAY_RETURN_IF_ERROR(status);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::int64_t> Database::QueryInt64(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  int code =
      sqlite3_prepare_v2(handle_, sql.data(), static_cast<int>(sql.size()), &statement, nullptr);
  if (code != SQLITE_OK) {
    return ErrorStatus(code, "prepare");
  }
  code = sqlite3_step(statement);
  const std::int64_t value = code == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
  const absl::Status status =
      code == SQLITE_ROW || code == SQLITE_DONE ? absl::OkStatus() : ErrorStatus(code, "query");
  sqlite3_finalize(statement);
  ASSAY_RETURN_IF_ERROR(status);
  return value;
}

absl::Status Database::ErrorStatus(int code, std::string_view doing) const {
  const int system_error = handle_ == nullptr ? 0 : sqlite3_system_errno(handle_);
  const char* const detail = handle_ == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(handle_);
  const absl::StatusCode status_code = CodeOf(code, system_error);
  const std::string_view advice =
      status_code == absl::StatusCode::kResourceExhausted && (code & 0xFF) != SQLITE_NOMEM
          ? "no space left for "
          : "";
  return absl::Status(status_code, absl::StrFormat("%s%s: cannot %s: %s (SQLite code %d)", advice,
                                                   path_, doing, detail, code));
}

void Database::KeepLog() {
  // Takes the place of SQLite's own hook, which copies the log at a certain length.
  sqlite3_wal_hook(
      handle_,
      [](void* self, sqlite3* /*handle*/, const char* /*name*/, int num_pages) {
        static_cast<Database*>(self)->log_pages_ = num_pages;
        return SQLITE_OK;
      },
      this);
}

bool Database::IsInTransaction() const { return sqlite3_get_autocommit(handle_) == 0; }

std::int64_t Database::num_changes() const { return sqlite3_changes64(handle_); }

}  // namespace assay::store
