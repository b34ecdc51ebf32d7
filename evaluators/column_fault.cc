#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_format.h"
#include "evaluators/columns.h"

namespace assay {
namespace {

bool IsContinuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

// Length of the well-formed sequence at `bytes`, of which `size` are left; 0 when it is ill-formed.
// Unicode 15, table 3-7.
std::size_t SequenceLength(const unsigned char* bytes, std::size_t size) {
  const unsigned char lead = bytes[0];
  if (lead < 0x80) {
    return 1;
  }
  const std::size_t length = lead < 0xC2   ? 0
                             : lead < 0xE0 ? 2
                             : lead < 0xF0 ? 3
                             : lead < 0xF5 ? 4
                                           : 0;
  if (length == 0 || length > size) {
    return 0;
  }
  const unsigned char lowest = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned char highest = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (bytes[1] < lowest || bytes[1] > highest) {
    return 0;
  }
  for (std::size_t i = 2; i < length; ++i) {
    if (bytes[i] < 0x80 || bytes[i] > 0xBF) {
      return 0;
    }
  }
  return length;
}

std::uint64_t LoadWord(const char* bytes) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

bool IsAscii(std::string_view text) {
  constexpr std::uint64_t kHighBits = 0x8080808080808080U;
  std::uint64_t seen = 0;
  std::size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    seen |= LoadWord(text.data() + i);
  }
  for (; i < text.size(); ++i) {
    seen |= static_cast<std::uint64_t>(static_cast<unsigned char>(text[i]));
  }
  return (seen & kHighBits) == 0;
}

ColumnFault WholeFault(std::string problem) { return {.row = -1, .problem = std::move(problem)}; }

std::optional<ColumnFault> CheckSize(std::string_view buffer, std::size_t size,
                                     std::int64_t wanted) {
  if (static_cast<std::int64_t>(size) == wanted) {
    return std::nullopt;
  }
  return WholeFault(absl::StrFormat("%s has %d values, %d are needed", buffer, size, wanted));
}

// Offsets of `num_values` values into a buffer of `size`: ascending from 0 to `size`. The row of
// the fault is the value's number. No values may have no offsets at all.
std::optional<ColumnFault> CheckOffsets(std::string_view buffer,
                                        const std::vector<std::int32_t>& offsets,
                                        std::int64_t num_values, std::int64_t size) {
  if (offsets.empty() && num_values == 0 && size == 0) {
    return std::nullopt;
  }
  if (std::optional<ColumnFault> fault = CheckSize(buffer, offsets.size(), num_values + 1)) {
    return fault;
  }
  if (offsets.front() != 0) {
    return WholeFault(absl::StrFormat("%s starts at %d, not at 0", buffer, offsets.front()));
  }
  const std::int32_t* const data = offsets.data();
  unsigned descends = 0;
  for (std::int64_t i = 0; i < num_values; ++i) {
    descends |= static_cast<unsigned>(data[i + 1] < data[i]);
  }
  if (descends != 0) {
    const auto place = std::adjacent_find(offsets.begin(), offsets.end(), std::greater<>());
    return ColumnFault{
        .row = place - offsets.begin(),
        .problem = absl::StrFormat("%s descends from %d to %d", buffer, place[0], place[1])};
  }
  if (offsets.back() != size) {
    return WholeFault(
        absl::StrFormat("%s ends at %d where the buffer has %d", buffer, offsets.back(), size));
  }
  return std::nullopt;
}

std::int64_t NumStoredTexts(const Column& column) {
  return column.text_offsets.empty() ? 0 : std::ssize(column.text_offsets) - 1;
}

// Row that holds item `item`.
std::int64_t RowOfItem(const Column& column, std::int64_t item) {
  if (!IsList(column.type)) {
    return item;
  }
  const auto next = std::upper_bound(column.list_offsets.begin(), column.list_offsets.end(), item);
  return next - column.list_offsets.begin() - 1;
}

std::optional<ColumnFault> CheckCodes(const Column& column, std::int64_t num_entries) {
  std::uint32_t highest = 0;
  for (const std::int32_t code : column.codes) {
    highest = std::max(highest, static_cast<std::uint32_t>(code));
  }
  if (column.codes.empty() || highest < num_entries) {
    return std::nullopt;
  }
  for (std::int64_t item = 0; item < std::ssize(column.codes); ++item) {
    const std::int32_t code = column.codes[static_cast<std::size_t>(item)];
    const std::int64_t row = RowOfItem(column, item);
    if ((code < 0 || code >= num_entries) && (IsList(column.type) || column.IsValid(row))) {
      return ColumnFault{
          .row = row,
          .problem = absl::StrFormat("code %d is outside the dictionary of %d", code, num_entries)};
    }
  }
  return std::nullopt;
}

std::optional<ColumnFault> CheckUtf8(const Column& column, std::int64_t num_stored) {
  if (IsAscii(column.text_bytes)) {
    return std::nullopt;
  }
  bool is_split = false;
  for (std::int64_t i = 0; i < num_stored; ++i) {
    const auto begin = static_cast<std::size_t>(column.text_offsets[static_cast<std::size_t>(i)]);
    is_split |= begin < column.text_bytes.size() && IsContinuation(column.text_bytes[begin]);
  }
  if (!is_split && IsUtf8(column.text_bytes)) {
    return std::nullopt;
  }
  for (std::int64_t i = 0; i < num_stored; ++i) {
    const std::int32_t begin = column.text_offsets[static_cast<std::size_t>(i)];
    const std::int32_t end = column.text_offsets[static_cast<std::size_t>(i) + 1];
    if (IsUtf8({column.text_bytes.data() + begin, static_cast<std::size_t>(end - begin)})) {
      continue;
    }
    if (column.is_coded) {
      const auto user = std::find(column.codes.begin(), column.codes.end(), i);
      return ColumnFault{
          .row = user == column.codes.end() ? -1 : RowOfItem(column, user - column.codes.begin()),
          .problem = absl::StrFormat("invalid UTF-8 in dictionary entry %d", i)};
    }
    return ColumnFault{.row = RowOfItem(column, i), .problem = "invalid UTF-8"};
  }
  return WholeFault("invalid UTF-8");
}

std::optional<ColumnFault> CheckTexts(const Column& column, std::int64_t num_items) {
  const std::int64_t num_stored = column.is_coded ? NumStoredTexts(column) : num_items;
  if (std::optional<ColumnFault> fault = CheckOffsets("text_offsets", column.text_offsets,
                                                      num_stored, std::ssize(column.text_bytes))) {
    if (fault->row >= 0) {
      fault->row = column.is_coded ? -1 : RowOfItem(column, fault->row);
    }
    return fault;
  }
  if (std::optional<ColumnFault> fault =
          CheckSize("codes", column.codes.size(), column.is_coded ? num_items : 0)) {
    return fault;
  }
  if (column.is_coded) {
    if (std::optional<ColumnFault> fault = CheckCodes(column, num_stored)) {
      return fault;
    }
  }
  return CheckUtf8(column, num_stored);
}

// No dictionary entry twice, and so no document twice when no code is twice in a row.
std::optional<ColumnFault> CheckDocuments(const Column& column) {
  const std::int64_t num_entries = NumStoredTexts(column);
  absl::flat_hash_set<std::string_view> entries;
  entries.reserve(static_cast<std::size_t>(num_entries));
  for (std::int64_t i = 0; i < num_entries; ++i) {
    const std::int32_t begin = column.text_offsets[static_cast<std::size_t>(i)];
    const std::int32_t end = column.text_offsets[static_cast<std::size_t>(i) + 1];
    const std::string_view text(column.text_bytes.data() + begin,
                                static_cast<std::size_t>(end - begin));
    if (!entries.insert(text).second) {
      return WholeFault(absl::StrFormat("document '%s' is in the dictionary twice", text));
    }
  }
  std::vector<std::int32_t> last_row(static_cast<std::size_t>(num_entries), -1);
  for (std::int64_t row = 0; row < column.num_rows; ++row) {
    for (std::int64_t item = column.ListBegin(row); item < column.ListEnd(row); ++item) {
      std::int32_t& seen =
          last_row[static_cast<std::size_t>(column.codes[static_cast<std::size_t>(item)])];
      if (seen == row) {
        return ColumnFault{
            .row = row,
            .problem = absl::StrFormat("document '%s' is in the row twice", column.Text(item))};
      }
      seen = static_cast<std::int32_t>(row);
    }
  }
  return std::nullopt;
}

std::optional<ColumnFault> CheckScores(const Column& column) {
  unsigned has_nan = 0;
  for (const double score : column.doubles) {
    has_nan |= static_cast<unsigned>(score != score);
  }
  if (has_nan == 0) {
    return std::nullopt;
  }
  const auto place = std::find_if(column.doubles.begin(), column.doubles.end(),
                                  [](double score) { return std::isnan(score); });
  const std::int64_t item = place - column.doubles.begin();
  return ColumnFault{
      .row = RowOfItem(column, item),
      .problem = absl::StrFormat("document '%s' has the score NaN", column.Text(item))};
}

// Null rows hold no items and no text.
std::optional<ColumnFault> CheckNullRows(const Column& column) {
  const bool is_list = IsList(column.type);
  if (column.validity.empty() || column.num_rows == 0 ||
      (!is_list && (column.is_coded || !HasText(column.type)))) {
    return std::nullopt;
  }
  const std::vector<std::int32_t>& offsets = is_list ? column.list_offsets : column.text_offsets;
  for (std::int64_t row = 0; row < column.num_rows; ++row) {
    const auto i = static_cast<std::size_t>(row);
    if (offsets[i] != offsets[i + 1] && !column.IsValid(row)) {
      return ColumnFault{.row = row, .problem = "the row is null but holds a value"};
    }
  }
  return std::nullopt;
}

std::optional<ColumnFault> CheckShape(const Column& column) {
  if (ColumnTypeName(column.type) == "unknown") {
    return WholeFault(absl::StrFormat("unknown column type %d", static_cast<int>(column.type)));
  }
  if (column.num_rows < 0 || column.num_rows > std::numeric_limits<std::int32_t>::max()) {
    return WholeFault(absl::StrFormat("%d rows", column.num_rows));
  }
  const bool is_vector =
      column.type == ColumnType::kFloat32Vector || column.type == ColumnType::kFloat64Vector;
  if (is_vector && column.dimension < 1) {
    return WholeFault(absl::StrFormat("dimension %d of a vector column", column.dimension));
  }
  if (!is_vector && column.dimension != 0) {
    return WholeFault(
        absl::StrFormat("dimension %d of a column without vectors", column.dimension));
  }
  const bool has_documents =
      column.type == ColumnType::kRanking || column.type == ColumnType::kRelevance;
  if (has_documents && !column.is_coded) {
    return WholeFault("documents must be dictionary-coded");
  }
  if (!HasText(column.type) && column.is_coded) {
    return WholeFault("only texts can be dictionary-coded");
  }
  if (!column.validity.empty()) {
    return CheckSize("validity", column.validity.size(), (column.num_rows + 7) / 8);
  }
  return std::nullopt;
}

std::optional<ColumnFault> CheckNumbers(const Column& column, std::int64_t num_items) {
  const ColumnType type = column.type;
  const std::int64_t vector_values = column.num_rows * column.dimension;
  const bool has_int32s = type == ColumnType::kInt32List || type == ColumnType::kRelevance;
  std::optional<ColumnFault> fault =
      CheckSize("int32 values", column.int32s.size(), has_int32s ? num_items : 0);
  if (!fault) {
    fault =
        CheckSize("int64 values", column.int64s.size(), type == ColumnType::kInt64 ? num_items : 0);
  }
  if (!fault) {
    fault = CheckSize("float32 values", column.floats.size(),
                      type == ColumnType::kFloat32Vector ? vector_values : 0);
  }
  if (!fault) {
    const bool has_doubles = type == ColumnType::kFloat64 || type == ColumnType::kRanking;
    fault = CheckSize("float64 values", column.doubles.size(),
                      type == ColumnType::kFloat64Vector ? vector_values
                      : has_doubles                      ? num_items
                                                         : 0);
  }
  return fault;
}

}  // namespace

bool IsUtf8(std::string_view text) {
  constexpr std::uint64_t kHighBits = 0x8080808080808080U;
  const char* const data = text.data();
  std::size_t i = 0;
  while (i < text.size()) {
    if (i + 8 <= text.size() && (LoadWord(data + i) & kHighBits) == 0) {
      i += 8;
      continue;
    }
    const std::size_t length =
        SequenceLength(reinterpret_cast<const unsigned char*>(data + i), text.size() - i);
    if (length == 0) {
      return false;
    }
    i += length;
  }
  return true;
}

std::optional<ColumnFault> FindFault(const Column& column) {
  if (std::optional<ColumnFault> fault = CheckShape(column)) {
    return fault;
  }
  const bool is_list = IsList(column.type);
  const std::int64_t num_items = !is_list || column.list_offsets.empty()
                                     ? (is_list ? 0 : column.num_rows)
                                     : column.list_offsets.back();
  if (std::optional<ColumnFault> fault =
          is_list ? CheckOffsets("list_offsets", column.list_offsets, column.num_rows, num_items)
                  : CheckSize("list_offsets", column.list_offsets.size(), 0)) {
    return fault;
  }
  if (std::optional<ColumnFault> fault = CheckNumbers(column, num_items)) {
    return fault;
  }
  if (HasText(column.type)) {
    if (std::optional<ColumnFault> fault = CheckTexts(column, num_items)) {
      return fault;
    }
  } else if (!column.codes.empty() || !column.text_offsets.empty() || !column.text_bytes.empty()) {
    return WholeFault("text buffers in a column without texts");
  }
  if (std::optional<ColumnFault> fault = CheckNullRows(column)) {
    return fault;
  }
  if (column.type == ColumnType::kRanking || column.type == ColumnType::kRelevance) {
    if (std::optional<ColumnFault> fault = CheckDocuments(column)) {
      return fault;
    }
  }
  return column.type == ColumnType::kRanking ? CheckScores(column) : std::nullopt;
}

}  // namespace assay
