#pragma once

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "server/base/mutex.h"
#include "server/store/sqlite/database.h"
#include "server/store/sqlite/transaction.h"

namespace assay::store {

// Read-only connections to one file. Thread-safe; outlives what it hands out.
class ReadPool {
 public:
  struct Limits {
    int num_connections = 8;
    int cache_kib = 4096;
    std::chrono::milliseconds max_wait{10'000};     // for a free connection
    std::chrono::milliseconds max_duration{5'000};  // of a read transaction: it keeps the WAL
  };

  // A connection with a read transaction, for one scope and thread.
  class Reader {
   public:
    Reader(Reader&& other) noexcept = default;
    Reader& operator=(Reader&& other) = delete;
    ~Reader();
    Database& database() { return *database_; }

   private:
    friend class ReadPool;
    Reader(ReadPool& pool, std::unique_ptr<Database> database)
        : pool_(&pool), database_(std::move(database)) {}

    ReadPool* pool_;
    std::unique_ptr<Database> database_;  // nullptr once moved from
    std::optional<Transaction> transaction_;
  };

  static absl::StatusOr<std::unique_ptr<ReadPool>> Open(const std::filesystem::path& path,
                                                        const Limits& limits);

  // UNAVAILABLE when every connection stays in use for max_wait.
  absl::StatusOr<Reader> Acquire() { return Acquire(limits_.max_wait); }
  absl::StatusOr<Reader> Acquire(std::chrono::milliseconds max_wait);

 private:
  explicit ReadPool(const Limits& limits) : limits_(limits) {}
  void GiveBack(std::unique_ptr<Database> database);

  const Limits limits_;  // Constant after construction.
  Mutex mutex_;
  std::condition_variable has_idle_;
  std::vector<std::unique_ptr<Database>> idle_ ASSAY_GUARDED_BY(mutex_);
};

}  // namespace assay::store
