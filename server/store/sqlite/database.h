#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

struct sqlite3;
struct sqlite3_stmt;

namespace assay::store {

struct DatabaseOptions {
  bool is_read_only = false;
  int cache_kib = 4096;
  std::chrono::milliseconds busy_timeout{5000};
};

// One connection to a SQLite file, hardened against what a hostile file could do. Owned by one
// thread at a time.
class Database {
 public:
  // Creates the file when it does not exist and may be written. DATA_LOSS when its header or schema
  // is damaged.
  static absl::StatusOr<std::unique_ptr<Database>> Open(const std::filesystem::path& path,
                                                        const DatabaseOptions& options);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Runs SQL text of any number of statements and drops their rows: migrations and pragmas. Never
  // text that came from outside.
  absl::Status Execute(std::string_view sql);
  // The first value of the first row of constant SQL; 0 when there is no row.
  absl::StatusOr<std::int64_t> QueryInt64(std::string_view sql);

  // Status of a failed SQLite call, naming the file. RESOURCE_EXHAUSTED: disk or memory is full;
  // UNAVAILABLE: another process holds a lock; DATA_LOSS: damaged; DEADLINE_EXCEEDED: the deadline
  // passed; FAILED_PRECONDITION: cannot be opened or written; INTERNAL: anything else.
  absl::Status ErrorStatus(int code, std::string_view doing) const;
  bool IsInTransaction() const;
  // Rows that the last finished INSERT, UPDATE or DELETE changed.
  std::int64_t num_changes() const;
  // From now on commits leave the log uncopied, and its length in log_pages().
  void KeepLog();
  // Pages in the log after the last commit.
  int log_pages() const { return log_pages_; }
  // Statements that run past `deadline` fail with DEADLINE_EXCEEDED.
  void SetDeadline(std::chrono::steady_clock::time_point deadline) { deadline_ = deadline; }
  const std::string& path() const { return path_; }
  sqlite3* handle() { return handle_; }

 private:
  friend class Statement;
  // A compiled statement at rest. SQLite numbers `$N` by appearance; slots[N - 1] is its number.
  struct Prepared {
    sqlite3_stmt* handle = nullptr;
    std::vector<int> slots;
  };
  using IdleStatements = std::vector<Prepared>;

  Database() = default;
  absl::Status Harden(const DatabaseOptions& options);

  std::string path_;
  sqlite3* handle_ = nullptr;
  int log_pages_ = 0;
  std::chrono::steady_clock::time_point deadline_ = std::chrono::steady_clock::time_point::max();
  std::unordered_map<std::string, IdleStatements> idle_;  // by SQL text; entries never move
};

}  // namespace assay::store
