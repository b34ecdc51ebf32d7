#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/base/status_macros.h"
#include "server/store/sqlite/database.h"

namespace assay::store {

// Bytes to bind, or a column of bytes to read, without a copy. Bound bytes must stay until the
// statement is reset (other values are copied); read bytes are gone at the next Step.
struct Blob {
  std::string_view bytes;
};

// A compiled statement with `$1`, `$2`, ... for values, taken from its database's cache and given
// back at the end of its scope. Errors of Bind show at the next Step. Same thread rules as
// Database, which outlives it.
class Statement {
 public:
  static absl::StatusOr<Statement> Prepare(Database& database, std::string_view sql);
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&& other) = delete;
  ~Statement();

  // Binds `values` to $1, $2, ...: integers, enums, doubles (never NaN), text, Blob, byte arrays,
  // optionals (absent: NULL).
  template <typename... Values>
  void Bind(const Values&... values) {
    int position = 0;
    (BindOne(++position, values), ...);
  }
  // Runs to the next row; false at the end.
  absl::StatusOr<bool> Step();
  // Runs to the end, ignoring rows, and makes ready for the next Bind.
  absl::Status Run();
  // Makes ready for the next Bind after Step.
  void Reset();

  // Reads the columns of the row, from the first on, into `targets`. DATA_LOSS when a byte array
  // has another length.
  template <typename... Targets>
  absl::Status Read(Targets&... targets) {
    int column = 0;
    bool is_read = true;
    ((is_read = ReadOne(column++, targets) && is_read), ...);
    return is_read ? absl::OkStatus() : absl::DataLossError("a stored value has the wrong length");
  }

 private:
  Statement(Database& database, std::string_view sql, Database::IdleStatements& home,
            Database::Prepared prepared);

  void BindInt64(int position, std::int64_t value);
  void BindDouble(int position, double value);
  void BindText(int position, std::string_view value);
  void BindBytes(int position, std::string_view value);
  void BindBlob(int position, std::string_view value);
  void BindNull(int position);
  std::int64_t ReadInt64(int column);
  double ReadDouble(int column);
  std::string_view ReadText(int column);
  std::string_view ReadBlob(int column);
  bool IsNull(int column);
  bool CopyBytes(int column, std::uint8_t* target, std::size_t size);

  template <typename T>
  void BindOne(int position, const T& value) {
    if constexpr (std::is_enum_v<T> || std::integral<T>) {
      BindInt64(position, static_cast<std::int64_t>(value));
    } else if constexpr (std::floating_point<T>) {
      BindDouble(position, value);
    } else if constexpr (std::same_as<T, Blob>) {
      BindBlob(position, value.bytes);
    } else {
      BindText(position, value);
    }
  }
  template <std::size_t kSize>
  void BindOne(int position, const std::array<std::uint8_t, kSize>& value) {
    BindBytes(position, {reinterpret_cast<const char*>(value.data()), kSize});
  }
  template <typename T>
  void BindOne(int position, const std::optional<T>& value) {
    value.has_value() ? BindOne(position, *value) : BindNull(position);
  }

  template <typename T>
  bool ReadOne(int column, T& target) {
    if constexpr (std::same_as<T, bool>) {
      target = ReadInt64(column) != 0;
    } else if constexpr (std::is_enum_v<T> || std::integral<T>) {
      target = static_cast<T>(ReadInt64(column));
    } else if constexpr (std::floating_point<T>) {
      target = ReadDouble(column);
    } else if constexpr (std::same_as<T, Blob>) {
      target.bytes = ReadBlob(column);
    } else {
      target = ReadText(column);
    }
    return true;
  }
  template <std::size_t kSize>
  bool ReadOne(int column, std::array<std::uint8_t, kSize>& target) {
    return CopyBytes(column, target.data(), kSize);
  }
  template <typename T>
  bool ReadOne(int column, std::optional<T>& target) {
    if (IsNull(column)) {
      target.reset();
      return true;
    }
    return ReadOne(column, target.emplace());
  }

  Database* database_;              // nullptr once moved from
  Database::IdleStatements* home_;  // where the statement rests
  Database::Prepared prepared_;
  int bind_error_ = 0;
};

// Prepares `sql`, binds `values` and runs it to the end, ignoring rows.
template <typename... Values>
absl::Status RunOnce(Database& database, std::string_view sql, const Values&... values) {
  ASSAY_ASSIGN_OR_RETURN(Statement statement, Statement::Prepare(database, sql));
  statement.Bind(values...);
  return statement.Run();
}

// Steps through the rows of `statement` and calls `read()` -> absl::Status at each.
template <typename Read>
absl::Status ForEachRow(Statement& statement, Read read) {
  for (;;) {
    ASSAY_ASSIGN_OR_RETURN(const bool has_row, statement.Step());
    if (!has_row) {
      return absl::OkStatus();
    }
    ASSAY_RETURN_IF_ERROR(read());
  }
}

}  // namespace assay::store
