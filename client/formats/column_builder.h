#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "client/formats/dictionary.h"
#include "client/formats/standard_columns.h"
#include "evaluators/columns.h"

namespace assay::formats {

// Most components of a vector.
inline constexpr std::size_t kMaxDimension = 65'536;

// Grows one column of a batch, row by row. A row is started, given its value, and is null when
// nobody starts it. Errors are problems without their place: `what is wrong: 'value'`.
// Thread-compatible.
class ColumnBuilder {
 public:
  // `kind` has a type. `dimension`: of vector kinds, else 0.
  ColumnBuilder(std::string name, FieldKind kind, std::int32_t dimension);

  const std::string& name() const { return column_.name; }
  FieldKind kind() const { return kind_; }
  ColumnType type() const { return column_.type; }
  // Rows of the batch so far.
  std::int64_t num_rows() const { return column_.num_rows; }

  // Starts row `row` (of the batch, ascending) with a value; rows between are null. False when the
  // row has been started before.
  bool StartRow(std::int64_t row) {
    if (row < column_.num_rows) {
      return false;
    }
    if (row > column_.num_rows) {
      PadTo(row);
    }
    ++column_.num_rows;
    if (!column_.validity.empty()) {
      AppendValidity(column_, true);
    }
    return true;
  }

  // The value of the started row; each for its kinds only.
  absl::Status AddText(std::string_view text);  // also once an item of kTextList
  void AddFloat64(double value) { column_.doubles.push_back(value); }
  void AddInt64(std::int64_t value) { column_.int64s.push_back(value); }
  // One component of a vector, of the number that `token` spells; out of float32's range is an
  // error. All `dimension` of them, then EndVector.
  absl::Status AddComponent(double value, std::string_view token);
  absl::Status EndVector();
  void AddInt32(std::int32_t value) { column_.int32s.push_back(value); }
  // One document of a ranking or of relevance; an error when the row has it already.
  absl::Status AddScored(std::string_view document, double score);
  absl::Status AddGraded(std::string_view document, std::int32_t grade);
  // Ends the list of the started row.
  void EndList();

  // The column, filled up to `num_rows`. The builder starts over with the next batch.
  Column Take(std::int64_t num_rows);

 private:
  void PadTo(std::int64_t num_rows);
  absl::Status AddDocument(std::string_view document);
  // Starts an empty column with the name, type and room of `last`.
  void StartBatch(const Column& last);

  const FieldKind kind_;
  const bool is_key_;  // the key may not be empty
  Column column_;
  Dictionary dictionary_;
  // Of rankings and relevance: by code, the row (over all batches) that had the document last.
  std::vector<std::int64_t> last_row_of_document_;
  std::int64_t rows_before_ = 0;
};

}  // namespace assay::formats
