#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/store/sqlite/database.h"

namespace assay::store {

// A transaction as a scope: leaving it without Commit undoes it. The database outlives it.
class Transaction {
 public:
  // Takes the write lock at once; a later start would fail when another connection wrote between.
  static absl::StatusOr<Transaction> BeginWrite(Database& database);
  // One snapshot for several reads.
  static absl::StatusOr<Transaction> BeginRead(Database& database);
  Transaction(Transaction&& other) noexcept;
  Transaction& operator=(Transaction&& other) = delete;
  ~Transaction();

  absl::Status Commit() &&;

 private:
  explicit Transaction(Database& database) : database_(&database) {}

  Database* database_;  // nullptr once over
};

// A part of a write transaction that can be undone alone, by leaving the scope without Release.
class Savepoint {
 public:
  static absl::StatusOr<Savepoint> Begin(Database& database);
  Savepoint(Savepoint&& other) noexcept;
  Savepoint& operator=(Savepoint&& other) = delete;
  ~Savepoint();

  absl::Status Release() &&;

 private:
  explicit Savepoint(Database& database) : database_(&database) {}

  Database* database_;  // nullptr once over
};

}  // namespace assay::store
