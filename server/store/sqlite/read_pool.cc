#include "server/store/sqlite/read_pool.h"

#include "server/base/status_macros.h"

namespace assay::store {

ReadPool::Reader::~Reader() {
  if (database_ != nullptr) {
    transaction_.reset();
    pool_->GiveBack(std::move(database_));
  }
}

absl::StatusOr<std::unique_ptr<ReadPool>> ReadPool::Open(const std::filesystem::path& path,
                                                         const Limits& limits) {
  std::unique_ptr<ReadPool> pool(new ReadPool(limits));
  const MutexLock lock(pool->mutex_);
  for (int i = 0; i < limits.num_connections; ++i) {
    ASSAY_ASSIGN_OR_RETURN(
        std::unique_ptr<Database> database,
        Database::Open(path, {.is_read_only = true, .cache_kib = limits.cache_kib}));
    pool->idle_.push_back(std::move(database));
  }
  return pool;
}

absl::StatusOr<ReadPool::Reader> ReadPool::Acquire(std::chrono::milliseconds max_wait) {
  const auto start = std::chrono::steady_clock::now();
  std::unique_ptr<Database> database;
  {
    MutexLock lock(mutex_);
    while (idle_.empty()) {
      if (!lock.WaitUntil(has_idle_, start + max_wait) && idle_.empty()) {
        return absl::UnavailableError("the store is busy: every reader is in use");
      }
    }
    database = std::move(idle_.back());
    idle_.pop_back();
  }
  database->SetDeadline(std::chrono::steady_clock::now() + limits_.max_duration);
  Reader reader(*this, std::move(database));
  ASSAY_ASSIGN_OR_RETURN(Transaction transaction, Transaction::BeginRead(reader.database()));
  reader.transaction_.emplace(std::move(transaction));
  return reader;
}

void ReadPool::GiveBack(std::unique_ptr<Database> database) {
  {
    const MutexLock lock(mutex_);
    idle_.push_back(std::move(database));
  }
  has_idle_.notify_one();
}

}  // namespace assay::store
