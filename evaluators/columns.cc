#include "evaluators/columns.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace assay {
namespace {

std::int64_t NumDictionaryEntries(const Column& column) {
  return column.text_offsets.empty() ? 0 : std::ssize(column.text_offsets) - 1;
}

std::string_view StoredText(const Column& column, std::int64_t entry) {
  const std::int32_t begin = column.text_offsets[static_cast<std::size_t>(entry)];
  const std::int32_t end = column.text_offsets[static_cast<std::size_t>(entry) + 1];
  return {column.text_bytes.data() + begin, static_cast<std::size_t>(end - begin)};
}

// Items of rows [begin, end): the rows themselves for types that are not lists.
std::pair<std::int64_t, std::int64_t> ItemRange(const Column& column, std::int64_t begin,
                                                std::int64_t end) {
  if (!IsList(column.type)) {
    return {begin, end};
  }
  if (column.list_offsets.empty()) {
    return {0, 0};
  }
  return {column.list_offsets[static_cast<std::size_t>(begin)],
          column.list_offsets[static_cast<std::size_t>(end)]};
}

// Up to eight bits of `bits` from bit `begin` on; those past `count` are 0.
std::uint8_t EightBits(const std::uint8_t* bits, std::int64_t begin, std::int64_t count) {
  const std::int64_t shift = begin % 8;
  const std::uint8_t* const first = bits + begin / 8;
  unsigned value = static_cast<unsigned>(*first) >> shift;
  if (shift + std::min<std::int64_t>(count, 8) > 8) {
    value |= static_cast<unsigned>(first[1]) << (8 - shift);
  }
  if (count < 8) {
    value &= (1U << count) - 1;
  }
  return static_cast<std::uint8_t>(value);
}

// Writes `count` bits behind the first `size` bits of `bits`. `source` nullptr: all ones.
void AppendBits(std::vector<std::uint8_t>& bits, std::int64_t size, const std::uint8_t* source,
                std::int64_t begin, std::int64_t count) {
  bits.resize(static_cast<std::size_t>(size + 7) / 8);
  if (size % 8 != 0) {
    bits.back() = static_cast<std::uint8_t>(bits.back() & ((1U << (size % 8)) - 1));
  }
  bits.resize(static_cast<std::size_t>(size + count + 7) / 8, 0);
  const std::int64_t shift = size % 8;
  for (std::int64_t done = 0; done < count; done += 8) {
    const std::int64_t left = count - done;
    const unsigned value = source != nullptr ? EightBits(source, begin + done, left)
                           : left < 8        ? (1U << left) - 1
                                             : 0xFFU;
    std::uint8_t* const target = bits.data() + (size + done) / 8;
    target[0] = static_cast<std::uint8_t>(target[0] | (value << shift));
    if (shift != 0 && shift + std::min<std::int64_t>(left, 8) > 8) {
      target[1] = static_cast<std::uint8_t>(target[1] | (value >> (8 - shift)));
    }
  }
}

bool AllBitsSet(const std::uint8_t* bits, std::int64_t begin, std::int64_t count) {
  for (std::int64_t done = 0; done < count; done += 8) {
    const std::int64_t left = count - done;
    const unsigned wanted = left < 8 ? (1U << left) - 1 : 0xFFU;
    if (EightBits(bits, begin + done, left) != wanted) {
      return false;
    }
  }
  return true;
}

void AppendValidityRange(Column& to, const Column& from, std::int64_t begin, std::int64_t end) {
  const bool has_null =
      !from.validity.empty() && !AllBitsSet(from.validity.data(), begin, end - begin);
  if (!has_null && to.validity.empty()) {
    return;
  }
  if (to.validity.empty()) {
    AppendBits(to.validity, 0, nullptr, 0, to.num_rows);
  }
  AppendBits(to.validity, to.num_rows, has_null ? from.validity.data() : nullptr, begin,
             end - begin);
}

// Offsets [begin, end] of `from`, moved so that they continue those of `to`.
void AppendOffsets(std::vector<std::int32_t>& to, const std::vector<std::int32_t>& from,
                   std::int64_t begin, std::int64_t end) {
  if (to.empty()) {
    to.push_back(0);
  }
  if (begin == end) {
    return;
  }
  const std::int32_t moved_by = to.back() - from[static_cast<std::size_t>(begin)];
  const std::size_t size = to.size();
  to.resize(size + static_cast<std::size_t>(end - begin));
  const std::int32_t* const source = from.data() + begin + 1;
  std::int32_t* const target = to.data() + size;
  for (std::int64_t i = 0; i < end - begin; ++i) {
    target[i] = source[i] + moved_by;
  }
}

template <typename T>
void AppendValues(std::vector<T>& to, const std::vector<T>& from, std::int64_t begin,
                  std::int64_t end) {
  if (!from.empty()) {
    to.insert(to.end(), from.begin() + begin, from.begin() + end);
  }
}

void AppendStoredTexts(Column& to, const Column& from, std::int64_t begin, std::int64_t end) {
  AppendOffsets(to.text_offsets, from.text_offsets, begin, end);
  if (begin == end) {
    return;
  }
  const std::int32_t first = from.text_offsets[static_cast<std::size_t>(begin)];
  const std::int32_t last = from.text_offsets[static_cast<std::size_t>(end)];
  to.text_bytes.append(from.text_bytes, static_cast<std::size_t>(first),
                       static_cast<std::size_t>(last - first));
}

// Adds rows [begin, end) of `from`, except texts and codes; returns the items they hold.
std::pair<std::int64_t, std::int64_t> AppendRows(Column& to, const Column& from, std::int64_t begin,
                                                 std::int64_t end) {
  AppendValidityRange(to, from, begin, end);
  const auto [first, last] = ItemRange(from, begin, end);
  if (IsList(from.type)) {
    AppendOffsets(to.list_offsets, from.list_offsets, begin, end);
  }
  const std::int64_t width = from.dimension > 0 ? from.dimension : 1;
  AppendValues(to.int32s, from.int32s, first, last);
  AppendValues(to.int64s, from.int64s, first, last);
  AppendValues(to.floats, from.floats, first * width, last * width);
  AppendValues(to.doubles, from.doubles, first * width, last * width);
  to.num_rows += end - begin;
  return {first, last};
}

// A column like `column`, dictionary included, without rows.
Column WithoutRows(const Column& column) {
  Column empty;
  empty.name = column.name;
  empty.type = column.type;
  empty.dimension = column.dimension;
  empty.is_coded = column.is_coded;
  if (column.is_coded) {
    empty.text_offsets = column.text_offsets;
    empty.text_bytes = column.text_bytes;
  }
  return empty;
}

// True when one dictionary starts with the other, so that codes mean the same in both.
bool SharesDictionary(const Column& a, const Column& b) {
  const std::int64_t shared = std::min(NumDictionaryEntries(a), NumDictionaryEntries(b));
  if (shared == 0) {
    return true;
  }
  const auto num_offsets = static_cast<std::size_t>(shared) + 1;
  return std::memcmp(a.text_offsets.data(), b.text_offsets.data(),
                     num_offsets * sizeof(std::int32_t)) == 0 &&
         std::memcmp(a.text_bytes.data(), b.text_bytes.data(),
                     static_cast<std::size_t>(a.text_offsets[num_offsets - 1])) == 0;
}

// Grows the dictionary of `to` by the stored texts of `from` that it lacks. Result: the code in
// `to` of each stored text of `from`.
std::vector<std::int32_t> GrowDictionary(Column& to, const Column& from) {
  const std::int64_t num_known = NumDictionaryEntries(to);
  const std::int64_t num_added = NumDictionaryEntries(from);
  absl::flat_hash_map<std::string_view, std::int32_t> code_of;
  code_of.reserve(static_cast<std::size_t>(num_known + num_added));
  for (std::int64_t entry = 0; entry < num_known; ++entry) {
    code_of.try_emplace(StoredText(to, entry), static_cast<std::int32_t>(entry));
  }
  std::vector<std::int32_t> codes(static_cast<std::size_t>(num_added));
  std::vector<std::int64_t> missing;
  for (std::int64_t entry = 0; entry < num_added; ++entry) {
    const auto next = static_cast<std::int32_t>(num_known + std::ssize(missing));
    const auto [found, is_new] = code_of.try_emplace(StoredText(from, entry), next);
    codes[static_cast<std::size_t>(entry)] = found->second;
    if (is_new) {
      missing.push_back(entry);
    }
  }
  code_of.clear();  // Its views of `to` do not survive the growth.
  for (const std::int64_t entry : missing) {
    AppendText(to, StoredText(from, entry));
  }
  return codes;
}

void AppendCodedToCoded(Column& to, const Column& from) {
  if (SharesDictionary(to, from)) {
    AppendStoredTexts(to, from, std::min(NumDictionaryEntries(to), NumDictionaryEntries(from)),
                      NumDictionaryEntries(from));
    AppendValues(to.codes, from.codes, 0, std::ssize(from.codes));
    return;
  }
  const std::vector<std::int32_t> code_in_to = GrowDictionary(to, from);
  const std::size_t size = to.codes.size();
  to.codes.resize(size + from.codes.size());
  for (std::size_t i = 0; i < from.codes.size(); ++i) {
    const auto code = static_cast<std::size_t>(static_cast<std::uint32_t>(from.codes[i]));
    to.codes[size + i] = code < code_in_to.size() ? code_in_to[code] : 0;
  }
}

void AppendTexts(Column& to, const Column& from, std::int64_t begin, std::int64_t end) {
  if (to.is_coded && from.is_coded) {
    AppendCodedToCoded(to, from);
  } else if (to.is_coded) {
    const std::vector<std::int32_t> codes = GrowDictionary(to, from);
    to.codes.insert(to.codes.end(), codes.begin(), codes.end());
  } else if (from.is_coded) {
    for (std::int64_t item = begin; item < end; ++item) {
      const bool is_null = !IsList(from.type) && !from.IsValid(item);
      AppendText(to, is_null ? std::string_view() : from.Text(item));
    }
  } else {
    AppendStoredTexts(to, from, begin, end);
  }
}

void GatherTexts(Column& to, const Column& from, std::span<const std::int64_t> items) {
  if (from.is_coded) {
    to.codes.resize(items.size());
    for (std::size_t i = 0; i < items.size(); ++i) {
      to.codes[i] = items[i] < 0 ? 0 : from.codes[static_cast<std::size_t>(items[i])];
    }
    return;
  }
  to.text_offsets.resize(items.size() + 1);
  std::int32_t end = 0;
  for (std::size_t i = 0; i < items.size(); ++i) {
    to.text_offsets[i] = end;
    if (items[i] >= 0) {
      end += static_cast<std::int32_t>(StoredText(from, items[i]).size());
    }
  }
  to.text_offsets[items.size()] = end;
  to.text_bytes.resize(static_cast<std::size_t>(end));
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (items[i] >= 0) {
      const std::string_view text = StoredText(from, items[i]);
      std::copy_n(text.data(), text.size(), to.text_bytes.data() + to.text_offsets[i]);
    }
  }
}

template <typename T>
void GatherValues(std::vector<T>& to, const std::vector<T>& from, std::int64_t width,
                  std::span<const std::int64_t> items) {
  if (from.empty()) {
    return;
  }
  to.assign(items.size() * static_cast<std::size_t>(width), T{});
  T* target = to.data();
  for (const std::int64_t item : items) {
    if (item >= 0) {
      std::copy_n(from.data() + item * width, width, target);
    }
    target += width;
  }
}

void GatherValidity(Column& to, const Column& from, std::span<const std::int64_t> rows) {
  std::vector<std::uint8_t> bits((rows.size() + 7) / 8, 0);
  bool has_null = false;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const bool is_valid = rows[i] >= 0 && from.IsValid(rows[i]);
    has_null |= !is_valid;
    bits[i / 8] =
        static_cast<std::uint8_t>(bits[i / 8] | (static_cast<unsigned>(is_valid) << (i % 8)));
  }
  if (has_null) {
    to.validity = std::move(bits);
  }
}

}  // namespace

std::string_view ColumnTypeName(ColumnType type) {
  switch (type) {
    case ColumnType::kText:
      return "text";
    case ColumnType::kJson:
      return "json";
    case ColumnType::kFloat64:
      return "float64";
    case ColumnType::kInt64:
      return "int64";
    case ColumnType::kFloat32Vector:
      return "float32_vector";
    case ColumnType::kFloat64Vector:
      return "float64_vector";
    case ColumnType::kInt32List:
      return "int32_list";
    case ColumnType::kTextList:
      return "text_list";
    case ColumnType::kRanking:
      return "ranking";
    case ColumnType::kRelevance:
      return "relevance";
  }
  return "unknown";
}

bool IsList(ColumnType type) {
  return type == ColumnType::kInt32List || type == ColumnType::kTextList ||
         type == ColumnType::kRanking || type == ColumnType::kRelevance;
}

bool HasText(ColumnType type) {
  return type == ColumnType::kText || type == ColumnType::kJson || type == ColumnType::kTextList ||
         type == ColumnType::kRanking || type == ColumnType::kRelevance;
}

std::string_view Column::Text(std::int64_t item) const {
  if (!is_coded) {
    return StoredText(*this, item);
  }
  const std::int32_t code = codes[static_cast<std::size_t>(item)];
  return code < 0 || code >= NumDictionaryEntries(*this) ? std::string_view()
                                                         : StoredText(*this, code);
}

void AppendText(Column& column, std::string_view value) {
  if (column.text_offsets.empty()) {
    column.text_offsets.push_back(0);
  }
  column.text_bytes.append(value);
  column.text_offsets.push_back(static_cast<std::int32_t>(column.text_bytes.size()));
}

void AppendValidity(Column& column, bool is_valid) {
  if (column.validity.empty() && is_valid) {
    return;
  }
  const std::int64_t row = column.num_rows - 1;
  if (column.validity.empty()) {
    AppendBits(column.validity, 0, nullptr, 0, row);
  }
  column.validity.resize(static_cast<std::size_t>(row) / 8 + 1, 0);
  if (is_valid) {
    column.validity.back() = static_cast<std::uint8_t>(column.validity.back() | (1U << (row % 8)));
  }
}

Column Slice(const Column& column, std::int64_t begin, std::int64_t end) {
  Column slice = WithoutRows(column);
  const auto [first, last] = AppendRows(slice, column, begin, end);
  if (HasText(column.type)) {
    if (column.is_coded) {
      AppendValues(slice.codes, column.codes, first, last);
    } else {
      AppendStoredTexts(slice, column, first, last);
    }
  }
  return slice;
}

Column Gather(const Column& column, std::span<const std::int64_t> rows) {
  Column result = WithoutRows(column);
  result.num_rows = std::ssize(rows);
  GatherValidity(result, column, rows);
  std::vector<std::int64_t> list_items;
  std::span<const std::int64_t> items = rows;
  if (IsList(column.type)) {
    result.list_offsets.reserve(rows.size() + 1);
    result.list_offsets.push_back(0);
    for (const std::int64_t row : rows) {
      for (std::int64_t item = row < 0 ? 0 : column.ListBegin(row),
                        end = row < 0 ? 0 : column.ListEnd(row);
           item < end; ++item) {
        list_items.push_back(item);
      }
      result.list_offsets.push_back(static_cast<std::int32_t>(list_items.size()));
    }
    items = list_items;
  }
  if (HasText(column.type)) {
    GatherTexts(result, column, items);
  }
  const std::int64_t width = column.dimension > 0 ? column.dimension : 1;
  GatherValues(result.int32s, column.int32s, width, items);
  GatherValues(result.int64s, column.int64s, width, items);
  GatherValues(result.floats, column.floats, width, items);
  GatherValues(result.doubles, column.doubles, width, items);
  return result;
}

void Append(Column& column, const Column& tail) {
  if (column.num_rows == 0 && NumDictionaryEntries(column) == 0) {
    column.is_coded = tail.is_coded;
  }
  const auto [first, last] = AppendRows(column, tail, 0, tail.num_rows);
  if (HasText(column.type)) {
    AppendTexts(column, tail, first, last);
  }
}

}  // namespace assay
