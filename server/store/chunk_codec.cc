#include "server/store/chunk_codec.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstring>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "server/base/sha256.h"
#include "server/store/chunk_buffers.h"

namespace assay::store {
namespace {

static_assert(std::endian::native == std::endian::little,
              "both forms are little-endian and written as the machine holds them");

constexpr std::uint64_t kCanonicalNan64 = 0x7FF8000000000000U;
constexpr std::uint32_t kCanonicalNan32 = 0x7FC00000U;
constexpr std::uint64_t kOneBits = 0x3FF0000000000000U;

template <typename T>
std::string_view BytesOf(std::span<const T> values) {
  return {reinterpret_cast<const char*>(values.data()), values.size_bytes()};
}

// What the canonical hash and the storage form of a chunk are both made from: the rows' buffers,
// with offsets from 0, null rows emptied and NaN made one. Numbers stay in the column where they
// need no change.
struct ChunkView {
  ColumnType type = ColumnType::kText;
  std::int32_t dimension = 0;
  std::int64_t num_rows = 0;
  std::int64_t null_count = 0;
  std::vector<std::uint8_t> validity;  // always present
  std::vector<std::int32_t> list_offsets;
  bool is_coded = false;
  std::vector<std::int32_t> codes;
  std::vector<std::int32_t> text_lengths;  // of the items, or of the dictionary entries
  std::string_view text_bytes;             // of the items, or of the dictionary entries
  std::span<const std::int32_t> int32s;
  std::span<const std::int64_t> int64s;
  std::span<const float> floats;
  std::span<const double> doubles;

  // Memory behind the views above, where the column's own would not do.
  std::string own_text;
  std::vector<std::int32_t> own_int32s;
  std::vector<std::int64_t> own_int64s;
  std::vector<float> own_floats;
  std::vector<double> own_doubles;

  bool IsNull(std::int64_t row) const {
    return ((validity[static_cast<std::size_t>(row) / 8] >> (row % 8)) & 1) == 0;
  }
};

void SetValidity(const Column& column, std::int64_t begin, std::int64_t end, ChunkView& view) {
  const std::int64_t num_rows = end - begin;
  view.validity.assign(static_cast<std::size_t>(num_rows + 7) / 8, 0xFF);
  if (num_rows % 8 != 0) {
    view.validity.back() = static_cast<std::uint8_t>((1U << (num_rows % 8)) - 1);
  }
  if (column.validity.empty()) {
    return;
  }
  for (std::int64_t row = 0; row < num_rows; ++row) {
    if (!column.IsValid(begin + row)) {
      std::uint8_t& byte = view.validity[static_cast<std::size_t>(row) / 8];
      byte = static_cast<std::uint8_t>(byte & ~(1U << (row % 8)));
      ++view.null_count;
    }
  }
}

// Values [begin, end) of `width` each a row; null rows zeroed and NaN replaced in a copy if need
// be.
template <typename T>
std::span<const T> NumberView(const std::vector<T>& values, std::int64_t begin, std::int64_t width,
                              const ChunkView& view, bool is_per_row, std::int64_t num_items,
                              std::vector<T>& own) {
  const std::span<const T> direct(values.data() + begin * width,
                                  static_cast<std::size_t>(num_items * width));
  bool has_nan = false;
  if constexpr (std::is_floating_point_v<T>) {
    unsigned num_nan = 0;
    for (const T value : direct) {
      num_nan += static_cast<unsigned>(value != value);
    }
    has_nan = num_nan != 0;
  }
  const bool empties_nulls = is_per_row && view.null_count > 0;
  if (!has_nan && !empties_nulls) {
    return direct;
  }
  own.assign(direct.begin(), direct.end());
  if constexpr (std::is_floating_point_v<T>) {
    for (T& value : own) {
      if (value != value) {
        if constexpr (sizeof(T) == 8) {
          value = std::bit_cast<double>(kCanonicalNan64);
        } else {
          value = std::bit_cast<float>(kCanonicalNan32);
        }
      }
    }
  }
  if (empties_nulls) {
    for (std::int64_t row = 0; row < view.num_rows; ++row) {
      if (view.IsNull(row)) {
        std::fill_n(own.begin() + row * width, width, T{0});
      }
    }
  }
  return own;
}

// Gives the texts of a coded column a dictionary of this chunk's own, in order of first appearance.
class DictionaryBuilder {
 public:
  DictionaryBuilder(const Column& column, std::int64_t num_items, ChunkView& view)
      : column_(column), view_(view), num_entries_(std::ssize(column.text_offsets) - 1) {
    if (num_entries_ <= 4 * num_items + 1024) {
      dense_.assign(static_cast<std::size_t>(std::max<std::int64_t>(num_entries_, 0)), -1);
    }
  }

  // Code in the chunk's dictionary of code `code` of the column. A code without an entry is empty
  // text.
  std::int32_t CodeOf(std::int32_t code) {
    if (code < 0 || code >= num_entries_) {
      return EmptyCode();
    }
    std::int32_t& known = dense_.empty() ? sparse_.try_emplace(code, -1).first->second
                                         : dense_[static_cast<std::size_t>(code)];
    if (known < 0) {
      const auto begin =
          static_cast<std::size_t>(column_.text_offsets[static_cast<std::size_t>(code)]);
      const auto end =
          static_cast<std::size_t>(column_.text_offsets[static_cast<std::size_t>(code) + 1]);
      known = begin == end ? EmptyCode()
                           : Add(std::string_view(column_.text_bytes).substr(begin, end - begin));
    }
    return known;
  }

  std::int32_t EmptyCode() {
    if (empty_code_ < 0) {
      empty_code_ = Add({});
    }
    return empty_code_;
  }

 private:
  std::int32_t Add(std::string_view text) {
    view_.own_text.append(text);
    view_.text_lengths.push_back(static_cast<std::int32_t>(text.size()));
    return static_cast<std::int32_t>(view_.text_lengths.size()) - 1;
  }

  const Column& column_;
  ChunkView& view_;
  const std::int64_t num_entries_;
  std::vector<std::int32_t> dense_;
  absl::flat_hash_map<std::int32_t, std::int32_t> sparse_;
  std::int32_t empty_code_ = -1;
};

void SetCodedText(const Column& column, std::int64_t first, std::int64_t last, ChunkView& view) {
  view.is_coded = true;
  view.codes.resize(static_cast<std::size_t>(last - first));
  DictionaryBuilder dictionary(column, last - first, view);
  const bool checks_nulls = view.null_count > 0 && !IsList(column.type);
  for (std::int64_t i = 0; i < last - first; ++i) {
    view.codes[static_cast<std::size_t>(i)] =
        checks_nulls && view.IsNull(i)
            ? dictionary.EmptyCode()
            : dictionary.CodeOf(column.codes[static_cast<std::size_t>(first + i)]);
  }
  view.text_bytes = view.own_text;
}

void SetPlainText(const Column& column, std::int64_t first, std::int64_t last, ChunkView& view) {
  const auto num_items = static_cast<std::size_t>(last - first);
  view.text_lengths.resize(num_items);
  if (num_items == 0) {
    return;
  }
  const std::int32_t* const offsets = column.text_offsets.data() + first;
  std::int32_t* const lengths = view.text_lengths.data();
  for (std::size_t i = 0; i < num_items; ++i) {
    lengths[i] = offsets[i + 1] - offsets[i];
  }
  view.text_bytes = std::string_view(column.text_bytes)
                        .substr(static_cast<std::size_t>(offsets[0]),
                                static_cast<std::size_t>(offsets[num_items] - offsets[0]));
  if (view.null_count == 0 || IsList(column.type)) {
    return;
  }
  view.own_text.reserve(view.text_bytes.size());
  std::size_t begin = 0;
  for (std::size_t i = 0; i < num_items; ++i) {
    const auto length = static_cast<std::size_t>(lengths[i]);
    if (view.IsNull(static_cast<std::int64_t>(i))) {
      lengths[i] = 0;
    } else {
      view.own_text.append(view.text_bytes.substr(begin, length));
    }
    begin += length;
  }
  view.text_bytes = view.own_text;
}

void SetChunkView(const Column& column, std::int64_t begin, std::int64_t end, ChunkView& view) {
  view.type = column.type;
  view.dimension = column.dimension;
  view.num_rows = end - begin;
  SetValidity(column, begin, end, view);
  std::int64_t first = begin;
  std::int64_t last = end;
  const bool is_list = IsList(column.type);
  if (is_list) {
    view.list_offsets.assign(static_cast<std::size_t>(view.num_rows) + 1, 0);
    first = last = 0;
    if (!column.list_offsets.empty()) {
      first = column.ListBegin(begin);
      last = column.list_offsets[static_cast<std::size_t>(end)];
      for (std::int64_t row = 0; row <= view.num_rows; ++row) {
        view.list_offsets[static_cast<std::size_t>(row)] = static_cast<std::int32_t>(
            column.list_offsets[static_cast<std::size_t>(begin + row)] - first);
      }
    }
  }
  if (HasText(column.type)) {
    column.is_coded ? SetCodedText(column, first, last, view)
                    : SetPlainText(column, first, last, view);
  }
  const std::int64_t num_items = last - first;
  switch (column.type) {
    case ColumnType::kText:
    case ColumnType::kJson:
    case ColumnType::kTextList:
      break;
    case ColumnType::kInt64:
      view.int64s = NumberView(column.int64s, first, 1, view, true, num_items, view.own_int64s);
      break;
    case ColumnType::kInt32List:
    case ColumnType::kRelevance:
      view.int32s = NumberView(column.int32s, first, 1, view, false, num_items, view.own_int32s);
      break;
    case ColumnType::kFloat32Vector:
      view.floats = NumberView(column.floats, first, column.dimension, view, true, num_items,
                               view.own_floats);
      break;
    case ColumnType::kFloat64Vector:
      view.doubles = NumberView(column.doubles, first, column.dimension, view, true, num_items,
                                view.own_doubles);
      break;
    case ColumnType::kFloat64:
    case ColumnType::kRanking:
      view.doubles =
          NumberView(column.doubles, first, 1, view, !is_list, num_items, view.own_doubles);
      break;
  }
}

// Appends text items, resolved, to a hash: offsets from 0 modulo 2^32, then the bytes.
void HashCodedText(const ChunkView& view, Sha256& hash) {
  const std::size_t num_entries = view.text_lengths.size();
  std::vector<std::uint32_t> starts(num_entries);
  std::uint32_t start = 0;
  for (std::size_t i = 0; i < num_entries; ++i) {
    starts[i] = start;
    start += static_cast<std::uint32_t>(view.text_lengths[i]);
  }
  const std::size_t num_items = view.codes.size();
  std::vector<std::uint32_t> offsets(num_items + 1);
  std::uint64_t num_bytes = 0;
  for (std::size_t i = 0; i < num_items; ++i) {
    offsets[i] = static_cast<std::uint32_t>(num_bytes);
    num_bytes +=
        static_cast<std::uint32_t>(view.text_lengths[static_cast<std::size_t>(view.codes[i])]);
  }
  offsets[num_items] = static_cast<std::uint32_t>(num_bytes);
  hash.Update(BytesOf<std::uint32_t>(offsets));

  // Short entries are copied 16 bytes at a time, into a buffer and from a dictionary with room.
  constexpr std::size_t kShort = 16;
  constexpr std::size_t kFlushBytes = 256 << 10;
  std::string dictionary(view.text_bytes);
  dictionary.resize(dictionary.size() + kShort);
  std::string buffer(std::min<std::uint64_t>(num_bytes, kFlushBytes) + kShort, '\0');
  std::size_t used = 0;
  for (const std::int32_t code : view.codes) {
    const auto length = static_cast<std::size_t>(view.text_lengths[static_cast<std::size_t>(code)]);
    const char* const text = dictionary.data() + starts[static_cast<std::size_t>(code)];
    if (used + std::max(length, kShort) > buffer.size()) {
      hash.Update(std::string_view(buffer).substr(0, used));
      used = 0;
    }
    if (length <= kShort) {
      std::memcpy(buffer.data() + used, text, kShort);
      used += length;
    } else if (length <= buffer.size()) {
      std::memcpy(buffer.data() + used, text, length);
      used += length;
    } else {
      hash.Update({text, length});
    }
  }
  hash.Update(std::string_view(buffer).substr(0, used));
}

void HashPlainText(const ChunkView& view, Sha256& hash) {
  std::vector<std::uint32_t> offsets(view.text_lengths.size() + 1);
  std::uint32_t offset = 0;
  for (std::size_t i = 0; i < view.text_lengths.size(); ++i) {
    offsets[i] = offset;
    offset += static_cast<std::uint32_t>(view.text_lengths[i]);
  }
  offsets.back() = offset;
  hash.Update(BytesOf<std::uint32_t>(offsets));
  hash.Update(view.text_bytes);
}

Digest CanonicalHash(const ChunkView& view) {
  std::string head;
  AppendInteger<std::uint8_t>(head, static_cast<std::uint8_t>(view.type));
  AppendInteger<std::uint32_t>(head, static_cast<std::uint32_t>(view.dimension));
  AppendInteger<std::uint64_t>(head, static_cast<std::uint64_t>(view.num_rows));
  head.append(BytesOf<std::uint8_t>(view.validity));
  head.append(BytesOf<std::int32_t>(view.list_offsets));
  Sha256 hash;
  hash.Update(head);
  if (HasText(view.type)) {
    view.is_coded ? HashCodedText(view, hash) : HashPlainText(view, hash);
  }
  hash.Update(BytesOf(view.int32s));
  hash.Update(BytesOf(view.int64s));
  hash.Update(BytesOf(view.floats));
  hash.Update(BytesOf(view.doubles));
  return hash.Finish();
}

// Appends one bit a value when every value is exactly 0 or 1. Outcomes mostly are.
bool AppendBitmap(std::span<const double> values, std::string& bytes) {
  for (std::size_t i = 0; i < values.size(); i += 64) {
    const std::size_t block = std::min<std::size_t>(64, values.size() - i);
    unsigned num_other = 0;
    for (std::size_t k = 0; k < block; ++k) {
      const auto bits = std::bit_cast<std::uint64_t>(values[i + k]);
      num_other += static_cast<unsigned>(bits != 0 && bits != kOneBits);
    }
    if (num_other != 0) {
      return false;
    }
  }
  const std::size_t start = bytes.size();
  bytes.resize(start + (values.size() + 7) / 8, '\0');
  for (std::size_t i = 0; i < values.size(); ++i) {
    const unsigned bit = std::bit_cast<std::uint64_t>(values[i]) == kOneBits ? 1 : 0;
    char& byte = bytes[start + i / 8];
    byte = static_cast<char>(static_cast<unsigned char>(byte) | (bit << (i % 8)));
  }
  return true;
}

std::string StorageForm(const ChunkView& view) {
  std::string bytes;
  bytes.reserve(64 + view.validity.size() + view.list_offsets.size() + view.codes.size() +
                view.text_lengths.size() + view.text_bytes.size() + view.int32s.size_bytes() +
                view.int64s.size_bytes() + view.floats.size_bytes() + view.doubles.size_bytes());
  ChunkHeader header;
  header.type = view.type;
  header.dimension = view.dimension;
  header.num_rows = static_cast<std::uint32_t>(view.num_rows);
  header.null_count = static_cast<std::uint32_t>(view.null_count);
  header.is_coded = view.is_coded;
  AppendHeader(bytes, header);
  if (view.null_count > 0) {
    bytes.append(BytesOf<std::uint8_t>(view.validity));
  }
  if (IsList(view.type)) {
    std::vector<std::int32_t> lengths(static_cast<std::size_t>(view.num_rows));
    for (std::size_t row = 0; row < lengths.size(); ++row) {
      lengths[row] = view.list_offsets[row + 1] - view.list_offsets[row];
    }
    AppendIntegers<std::int32_t>(bytes, lengths);
  }
  if (HasText(view.type)) {
    if (view.is_coded) {
      AppendIntegers<std::int32_t>(bytes, view.codes);
      AppendInteger<std::uint32_t>(bytes, static_cast<std::uint32_t>(view.text_lengths.size()));
    }
    AppendIntegers<std::int32_t>(bytes, view.text_lengths);
    bytes.append(view.text_bytes);
  }
  switch (view.type) {
    case ColumnType::kText:
    case ColumnType::kJson:
    case ColumnType::kTextList:
      break;
    case ColumnType::kInt64:
      AppendIntegers(bytes, view.int64s);
      break;
    case ColumnType::kInt32List:
    case ColumnType::kRelevance:
      AppendIntegers(bytes, view.int32s);
      break;
    case ColumnType::kFloat32Vector:
      bytes.append(BytesOf(view.floats));
      break;
    case ColumnType::kFloat64Vector:
    case ColumnType::kFloat64:
    case ColumnType::kRanking:
      if (AppendBitmap(view.doubles, bytes)) {
        MarkDoublesAsBitmap(bytes);
      } else {
        bytes.append(BytesOf(view.doubles));
      }
      break;
  }
  if (bytes.capacity() > 2 * bytes.size()) {
    bytes.shrink_to_fit();  // Chunks wait in queues.
  }
  return bytes;
}

void AppendSized(std::string& bytes, std::string_view text) {
  AppendInteger<std::uint64_t>(bytes, text.size());
  bytes.append(text);
}

}  // namespace

EncodedChunk EncodeChunk(const Column& column, std::int64_t begin, std::int64_t end) {
  assert(begin >= 0 && begin <= end && end <= column.num_rows && end - begin <= kChunkRows);
  ChunkView view;
  SetChunkView(column, begin, end, view);
  EncodedChunk chunk;
  chunk.hash = CanonicalHash(view);
  chunk.num_rows = view.num_rows;
  chunk.null_count = view.null_count;
  chunk.bytes = StorageForm(view);
  return chunk;
}

Digest ColumnDigest(const ColumnRecord& column, std::int64_t num_rows,
                    std::span<const Digest> chunk_hashes) {
  std::string head = "assay.column/1";
  AppendSized(head, column.name);
  AppendInteger<std::uint8_t>(head, static_cast<std::uint8_t>(column.type));
  AppendInteger<std::uint32_t>(head, static_cast<std::uint32_t>(column.dimension));
  AppendInteger<std::uint64_t>(head, static_cast<std::uint64_t>(num_rows));
  AppendInteger<std::uint64_t>(head, chunk_hashes.size());
  Sha256 hash;
  hash.Update(head);
  hash.Update(BytesOf(chunk_hashes));
  return hash.Finish();
}

Digest ContentDigest(std::int64_t num_rows, std::int64_t num_documents,
                     std::vector<ColumnRecord> columns) {
  std::erase_if(columns, [](const ColumnRecord& column) { return column.name.starts_with('$'); });
  std::sort(columns.begin(), columns.end(), [](const ColumnRecord& a, const ColumnRecord& b) {
    return std::pair(a.table, std::string_view(a.name)) <
           std::pair(b.table, std::string_view(b.name));
  });
  std::string bytes = "assay.content/1";
  AppendInteger<std::uint64_t>(bytes, static_cast<std::uint64_t>(num_rows));
  AppendInteger<std::uint64_t>(bytes, static_cast<std::uint64_t>(num_documents));
  AppendInteger<std::uint64_t>(bytes, columns.size());
  for (const ColumnRecord& column : columns) {
    AppendInteger<std::uint8_t>(bytes, static_cast<std::uint8_t>(column.table));
    AppendSized(bytes, column.name);
    bytes.append(BytesOf(std::span<const std::uint8_t>(column.digest)));
  }
  return Sha256::Of(bytes);
}

}  // namespace assay::store
