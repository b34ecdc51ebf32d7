#include "server/store/sqlite/transaction.h"

#include <utility>

#include "server/base/log.h"
#include "server/base/status_macros.h"
#include "server/store/sqlite/statement.h"

namespace assay::store {
namespace {

// Undoing fails only where SQLite has already undone everything by itself.
void Undo(Database& database, std::string_view sql) {
  if (!database.IsInTransaction()) {
    return;
  }
  if (const absl::Status status = RunOnce(database, sql); !status.ok()) {
    Log(LogLevel::kError, "cannot roll back", {{"file", database.path()}, {"error", status}});
  }
}

}  // namespace

absl::StatusOr<Transaction> Transaction::BeginWrite(Database& database) {
  ASSAY_RETURN_IF_ERROR(RunOnce(database, "BEGIN IMMEDIATE"));
  return Transaction(database);
}

absl::StatusOr<Transaction> Transaction::BeginRead(Database& database) {
  ASSAY_RETURN_IF_ERROR(RunOnce(database, "BEGIN DEFERRED"));
  return Transaction(database);
}

Transaction::Transaction(Transaction&& other) noexcept
    : database_(std::exchange(other.database_, nullptr)) {}

Transaction::~Transaction() {
  if (database_ != nullptr) {
    Undo(*database_, "ROLLBACK");
  }
}

absl::Status Transaction::Commit() && {
  ASSAY_RETURN_IF_ERROR(RunOnce(*database_, "COMMIT"));
  database_ = nullptr;
  return absl::OkStatus();
}

absl::StatusOr<Savepoint> Savepoint::Begin(Database& database) {
  ASSAY_RETURN_IF_ERROR(RunOnce(database, "SAVEPOINT part"));
  return Savepoint(database);
}

Savepoint::Savepoint(Savepoint&& other) noexcept
    : database_(std::exchange(other.database_, nullptr)) {}

Savepoint::~Savepoint() {
  if (database_ != nullptr) {
    Undo(*database_, "ROLLBACK TO part");
    Undo(*database_, "RELEASE part");
  }
}

absl::Status Savepoint::Release() && {
  ASSAY_RETURN_IF_ERROR(RunOnce(*database_, "RELEASE part"));
  database_ = nullptr;
  return absl::OkStatus();
}

}  // namespace assay::store
