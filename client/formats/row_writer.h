#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "evaluators/columns.h"

namespace assay::formats {

// Text forms of columns. The same columns always give the same bytes, however the rows are cut into
// calls. Numbers have the fewest digits that read back as the same value. `columns` have equal
// numbers of rows and are well-formed (FindFault). Output is added behind `out`.

// One JSON object a row, fields in the order of `columns`, null rows left out. JSON columns are
// written as they are, with line breaks turned into spaces. Numbers that JSON lacks are the strings
// "NaN", "Infinity" and "-Infinity".
void AppendJsonl(std::span<const Column> columns, std::string& out);

struct CsvOptions {
  char delimiter = ',';
  // Texts that a spreadsheet would run as a formula (first character = + - @, tab or carriage
  // return, unless the whole is a number) get an apostrophe in front. Readers keep it, so turn this
  // off where the file is to be read back as it was.
  bool guards_formulas = true;
};

// RFC 4180 with LF line ends: the header line, then rows. A null row is an empty cell, an empty
// text is "". Lists, vectors, rankings and relevance are JSON in their cell.
void AppendCsvHeader(std::span<const Column> columns, const CsvOptions& options, std::string& out);
void AppendCsv(std::span<const Column> columns, const CsvOptions& options, std::string& out);

// NumPy format 1.0, C order: the header for `num_rows` rows like those of `column`, then rows. Null
// rows are NaN. Vectors give a matrix, kFloat64 and kInt64 an array of one dimension.
// INVALID_ARGUMENT for other types, and for kInt64 with null rows.
absl::StatusOr<std::string> NpyHeader(const Column& column, std::int64_t num_rows);
absl::Status AppendNpy(const Column& column, std::string& out);

}  // namespace assay::formats
