#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay {

// How the values of a column are laid out. The numbers are stored and sent: never reuse one.
enum class ColumnType : std::uint8_t {
  kText = 1,
  kJson = 2,
  kFloat64 = 3,
  kInt64 = 4,
  kFloat32Vector = 5,
  kFloat64Vector = 6,
  kInt32List = 7,
  kTextList = 8,
  kRanking = 9,
  kRelevance = 10,
};

// `text`, `json`, `float64`, ... as users read them.
std::string_view ColumnTypeName(ColumnType type);

// Rows of one column, laid out as Apache Arrow lays them out: the one in-memory form that parsers
// make, the store keeps and evaluators read. Which buffers are used depends on `type`:
//
//   kText, kJson       text
//   kFloat64           doubles, num_rows
//   kInt64             int64s, num_rows
//   kFloat32Vector     floats, num_rows * dimension
//   kFloat64Vector     doubles, num_rows * dimension
//   kInt32List         list_offsets; int32s, one an item
//   kTextList          list_offsets; text, one an item
//   kRanking           list_offsets; text (always coded), one document an item; doubles: scores
//   kRelevance         list_offsets; text (always coded), one document an item; int32s: grades
//
// `text` is plain or dictionary-coded: plain value i is text_bytes[text_offsets[i],
// text_offsets[i + 1]); coded value i is dictionary entry codes[i], laid out the same way.
// A null row holds an empty or zero value; its code means nothing. A column without values may have
// no offsets at all.
struct Column {
  std::string name;
  ColumnType type = ColumnType::kText;
  std::int64_t num_rows = 0;
  std::int32_t dimension = 0;

  // Bit i (least significant first) is 1 when row i has a value. Empty: no row is null.
  std::vector<std::uint8_t> validity;
  std::vector<std::int32_t> list_offsets;  // num_rows + 1
  bool is_coded = false;
  std::vector<std::int32_t> codes;
  std::vector<std::int32_t> text_offsets;
  std::string text_bytes;
  std::vector<std::int32_t> int32s;
  std::vector<std::int64_t> int64s;
  std::vector<float> floats;
  std::vector<double> doubles;

  bool IsValid(std::int64_t row) const {
    return validity.empty() ||
           ((validity[static_cast<std::size_t>(row) / 8] >> (row % 8)) & 1) != 0;
  }
  // Text value `item`: the row for kText and kJson, the item for lists. Empty where the code is
  // outside the dictionary, as under a null row.
  std::string_view Text(std::int64_t item) const;
  // Items of `row`: [list_offsets[row], list_offsets[row + 1]). List types only.
  std::int64_t ListBegin(std::int64_t row) const {
    return list_offsets[static_cast<std::size_t>(row)];
  }
  std::int64_t ListEnd(std::int64_t row) const {
    return list_offsets[static_cast<std::size_t>(row) + 1];
  }
};

// True for the types whose rows are lists.
bool IsList(ColumnType type);
// True for the types whose values (or items) are text.
bool HasText(ColumnType type);

// Appends `value` to a plain kText or kJson column, or an item to a plain kTextList column; or an
// entry to a dictionary. Does not count: num_rows and list_offsets are the caller's.
void AppendText(Column& column, std::string_view value);
// Marks row num_rows - 1, which the caller has counted, null or present; call once a row, in order.
// Rows before the first null cost nothing.
void AppendValidity(Column& column, bool is_valid);

// Rows [begin, end) of `column` as a column of their own. Dictionaries are kept as they are.
Column Slice(const Column& column, std::int64_t begin, std::int64_t end);
// Rows `rows` of `column`, in that order; -1 gives a null row.
Column Gather(const Column& column, std::span<const std::int64_t> rows);
// Adds the rows of `tail` behind those of `column`. Both have the same type and dimension. The
// dictionary of `column` grows by the entries of `tail` that it lacks. `column` keeps its coding,
// unless it is empty: then it takes that of `tail`. Every buffer stays below 2 GiB.
void Append(Column& column, const Column& tail);

// The first thing that is wrong with a column that came from outside, as a sentence without the
// column's name, and the row where it is: offsets that descend or leave the buffer, a code outside
// the dictionary, invalid UTF-8, a buffer of the wrong length or of another type, a NaN score in a
// ranking, a document twice in one row or in the dictionary, a null row with text or items. Absent
// when the column is well-formed. Numbers and codes under a null row are not looked at.
struct ColumnFault {
  std::int64_t row = -1;  // -1: the column as a whole
  std::string problem;
};
std::optional<ColumnFault> FindFault(const Column& column);

// True when `text` is well-formed UTF-8 (Unicode 15, table 3-7: no surrogates, no overlong forms).
bool IsUtf8(std::string_view text);

}  // namespace assay
