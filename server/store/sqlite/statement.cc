#include "server/store/sqlite/statement.h"

#include <sqlite3.h>

#include <cassert>
#include <cmath>
#include <cstring>
#include <utility>

#include "absl/strings/str_format.h"
#include "server/base/status_macros.h"

namespace assay::store {

absl::StatusOr<Statement> Statement::Prepare(Database& database, std::string_view sql) {
  Database::IdleStatements& home = database.idle_[std::string(sql)];
  if (!home.empty()) {
    Database::Prepared prepared = std::move(home.back());
    home.pop_back();
    return Statement(database, sql, home, std::move(prepared));
  }
  Database::Prepared prepared;
  const int code = sqlite3_prepare_v3(database.handle_, sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &prepared.handle, nullptr);
  if (code != SQLITE_OK) {
    return database.ErrorStatus(code, "prepare");
  }
  const int num_slots = sqlite3_bind_parameter_count(prepared.handle);
  for (int i = 1; i <= num_slots; ++i) {
    prepared.slots.push_back(
        sqlite3_bind_parameter_index(prepared.handle, absl::StrFormat("$%d", i).c_str()));
    assert(prepared.slots.back() > 0);
  }
  return Statement(database, sql, home, std::move(prepared));
}

Statement::Statement(Database& database, std::string_view /*sql*/, Database::IdleStatements& home,
                     Database::Prepared prepared)
    : database_(&database), home_(&home), prepared_(std::move(prepared)) {}

Statement::Statement(Statement&& other) noexcept
    : database_(std::exchange(other.database_, nullptr)),
      home_(other.home_),
      prepared_(std::move(other.prepared_)),
      bind_error_(other.bind_error_) {}

Statement::~Statement() {
  if (database_ == nullptr) {
    return;
  }
  sqlite3_reset(prepared_.handle);
  sqlite3_clear_bindings(prepared_.handle);
  home_->push_back(std::move(prepared_));
}

absl::StatusOr<bool> Statement::Step() {
  if (bind_error_ != SQLITE_OK) {
    return database_->ErrorStatus(bind_error_, "bind");
  }
  const int code = sqlite3_step(prepared_.handle);
  if (code == SQLITE_ROW || code == SQLITE_DONE) {
    return code == SQLITE_ROW;
  }
  const absl::Status status = database_->ErrorStatus(code, "run");
  sqlite3_reset(prepared_.handle);
  return status;
}

absl::Status Statement::Run() {
  for (;;) {
    ASSAY_ASSIGN_OR_RETURN(const bool has_row, Step());
    if (!has_row) {
      break;
    }
  }
  Reset();
  return absl::OkStatus();
}

void Statement::Reset() {
  sqlite3_reset(prepared_.handle);
  bind_error_ = SQLITE_OK;
}

// Every Bind keeps the first error; SQLITE_RANGE is a statement with fewer values than given.
#define ASSAY_BIND(position, call)                                               \
  const int slot = static_cast<std::size_t>(position) <= prepared_.slots.size()  \
                       ? prepared_.slots[static_cast<std::size_t>(position) - 1] \
                       : 0;                                                      \
  const int code = (call);                                                       \
  bind_error_ = bind_error_ == SQLITE_OK ? code : bind_error_

void Statement::BindInt64(int position, std::int64_t value) {
  ASSAY_BIND(position, sqlite3_bind_int64(prepared_.handle, slot, value));
}

void Statement::BindDouble(int position, double value) {
  assert(!std::isnan(value));  // SQLite would store NULL.
  ASSAY_BIND(position, sqlite3_bind_double(prepared_.handle, slot, value));
}

// A null pointer would bind NULL, so empty values point at something.
void Statement::BindText(int position, std::string_view value) {
  ASSAY_BIND(position,
             sqlite3_bind_text64(prepared_.handle, slot, value.empty() ? "" : value.data(),
                                 value.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
}

void Statement::BindBytes(int position, std::string_view value) {
  ASSAY_BIND(position, sqlite3_bind_blob64(prepared_.handle, slot, value.data(), value.size(),
                                           SQLITE_TRANSIENT));
}

void Statement::BindBlob(int position, std::string_view value) {
  ASSAY_BIND(position,
             sqlite3_bind_blob64(prepared_.handle, slot, value.empty() ? "" : value.data(),
                                 value.size(), SQLITE_STATIC));
}

void Statement::BindNull(int position) {
  ASSAY_BIND(position, sqlite3_bind_null(prepared_.handle, slot));
}

#undef ASSAY_BIND

std::int64_t Statement::ReadInt64(int column) {
  return sqlite3_column_int64(prepared_.handle, column);
}

double Statement::ReadDouble(int column) { return sqlite3_column_double(prepared_.handle, column); }

std::string_view Statement::ReadText(int column) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(prepared_.handle, column));
  const int size = sqlite3_column_bytes(prepared_.handle, column);
  return text == nullptr ? std::string_view()
                         : std::string_view(text, static_cast<std::size_t>(size));
}

std::string_view Statement::ReadBlob(int column) {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(prepared_.handle, column));
  const int size = sqlite3_column_bytes(prepared_.handle, column);
  return bytes == nullptr ? std::string_view()
                          : std::string_view(bytes, static_cast<std::size_t>(size));
}

bool Statement::IsNull(int column) {
  return sqlite3_column_type(prepared_.handle, column) == SQLITE_NULL;
}

bool Statement::CopyBytes(int column, std::uint8_t* target, std::size_t size) {
  const std::string_view bytes = ReadBlob(column);
  if (bytes.size() != size) {
    return false;
  }
  std::memcpy(target, bytes.data(), size);
  return true;
}

}  // namespace assay::store
