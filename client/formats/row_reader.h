#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "client/formats/format.h"
#include "client/formats/input_file.h"
#include "evaluators/columns.h"

namespace assay::formats {

// Consecutive rows, column by column.
struct Rows {
  std::int64_t num_rows = 0;
  std::vector<Column> columns;  // each has num_rows rows
};

// Reads a file batch by batch. Owned by one thread.
//
// Standard names decide a column's type (standard_columns.h); other fields are kept as given. Keys,
// labels, groups and cohorts are text whatever the file has: 3 and "3" are equal.
//
// Errors are INVALID_ARGUMENT and read `FILE:LINE: field 'NAME': what is wrong: 'value'`.
class RowReader {
 public:
  virtual ~RowReader() = default;
  // The next rows, at most `max_rows` (> 0) of them; absent at the end. Every batch has the same
  // columns in the same order. Not to be called after an error.
  virtual absl::StatusOr<std::optional<Rows>> Next(std::int64_t max_rows) = 0;
  // Where row `row`, counted from 0 over the whole file, was read: `FILE:LINE`, or `FILE, row N`
  // for files without lines. Only for rows that Next has returned.
  virtual std::string PlaceOfRow(std::int64_t row) const = 0;
  // How much of the content has been read, for a progress line.
  virtual std::int64_t bytes_read() const = 0;
};

// How CSV columns become Assay's. Columns that are not named here and carry a standard name map
// themselves; the others stay as they are, as text.
struct ColumnMapping {
  std::string key;    // column that becomes `key`; empty: none
  std::string label;  // ... `label`
  std::string input;  // ... `input`
  // Number columns that together become `features`: `p0..p63`, or names after commas, or both.
  std::string features;
  // Columns that become `cohort.COL`: `COL`, or `NAME=COL` for `cohort.NAME`.
  std::vector<std::string> cohorts;
};

struct ReaderOptions {
  Format format = Format::kDetect;
  ColumnMapping mapping;     // CSV and TSV only; INVALID_ARGUMENT for others unless empty
  bool requires_key = true;  // a row without `key` is an error
  std::string npy_column = "features";
  // A batch ends, whatever `max_rows` says, after about this much text; 0 or more than 1 GiB means
  // 1 GiB.
  std::int64_t max_batch_bytes = 8 << 20;
};

// A reader of the rows in `file`, which outlives it.
absl::StatusOr<std::unique_ptr<RowReader>> OpenRows(const InputFile& file,
                                                    const ReaderOptions& options);

// `rows` with the column of `vectors` (a NumPy file) beside them: row i of one belongs to row i of
// the other. INVALID_ARGUMENT when their numbers of rows differ, found at the latest at the end, or
// when both have a column of that name.
std::unique_ptr<RowReader> WithVectors(std::unique_ptr<RowReader> rows,
                                       std::unique_ptr<RowReader> vectors);

}  // namespace assay::formats
