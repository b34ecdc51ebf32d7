#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace assay::formats {

// Cuts RFC 4180 text into records of cells. Line ends are LF or CR LF; a quoted cell may hold line
// ends, delimiters and doubled quotes; a quote inside an unquoted cell stands for itself. Blank
// lines are passed over where a record has several cells. Thread-compatible.
class CsvRecords {
 public:
  struct Cell {
    std::string_view text;  // between the quotes, as it stands in the file
    bool is_quoted = false;
    bool has_doubled_quotes = false;
    // An empty cell without quotes.
    bool IsNull() const { return text.empty() && !is_quoted; }
  };

  // `text` (behind a byte order mark, which is passed over) and `name` outlive the records.
  CsvRecords(std::string_view name, std::string_view text, char delimiter);

  // Names of the columns, for errors; until then they are numbered.
  void NameColumns(std::vector<std::string> names) { names_ = std::move(names); }
  // INVALID_ARGUMENT about a cell of the record, or of the one being read.
  absl::Status CellError(std::size_t column, std::string_view problem) const;

  // Moves to the next record; false at the end. INVALID_ARGUMENT for a quote that is not closed or
  // is followed by text, invalid UTF-8 and NUL bytes, with line and column.
  absl::StatusOr<bool> Next();
  const std::vector<Cell>& cells() const { return cells_; }
  // Where the record starts, from 1.
  std::int64_t line() const { return line_; }
  std::size_t position() const { return position_; }
  // The value of a cell; `scratch` holds it where it differs from the file.
  static std::string_view Value(const Cell& cell, std::string& scratch);

 private:
  absl::Status CheckBytes(std::string_view record) const;

  const std::string_view name_;
  const std::string_view text_;
  const char delimiter_;
  std::size_t position_ = 0;
  std::int64_t line_ = 0;
  std::int64_t next_line_ = 1;
  std::vector<Cell> cells_;
  std::vector<std::string> names_;
};

}  // namespace assay::formats
