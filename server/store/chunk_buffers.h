#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "absl/status/status.h"
#include "evaluators/columns.h"

namespace assay::store {

// Pieces of a chunk's storage form, version 1, all little-endian:
//
//   header       version u8 = 1, type u8, flags u8 (1 coded, 2 doubles are a bitmap), 0 u8,
//                dimension u32, num_rows u32, null_count u32
//   validity     (num_rows + 7) / 8 bytes; only when null_count > 0
//   list lengths integers, num_rows of them; list types
//   text         coded: codes as integers, one an item; number of entries u32; then, for entries
//                (coded) or items (plain): lengths as integers, and the bytes
//   numbers      int32s and int64s as integers; floats and doubles as they are, or one bit a value
//
// Integers: width u8 (0, 1, 2, 4 or 8), smallest value i64, then value - smallest, `width` bytes
// each. Width 0 means that all are equal, and serves at most kChunkRows of them, so that no few
// bytes stand for much memory.

struct ChunkHeader {
  ColumnType type = ColumnType::kText;
  std::int32_t dimension = 0;
  std::uint32_t num_rows = 0;
  std::uint32_t null_count = 0;
  bool is_coded = false;
  bool has_bitmap = false;
};

template <typename T>
void AppendInteger(std::string& bytes, T value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

void AppendHeader(std::string& bytes, const ChunkHeader& header);
// Sets the flag in a header already written at the start of `bytes`.
void MarkDoublesAsBitmap(std::string& bytes);

// T is std::int32_t or std::int64_t.
template <typename T>
void AppendIntegers(std::string& bytes, std::span<const T> values);

// Takes the pieces off the front of a storage form. Every length is checked against what is left
// before memory is asked for. Methods return false, and take nothing further, once the bytes are
// malformed.
class ChunkReader {
 public:
  explicit ChunkReader(std::string_view bytes) : rest_(bytes) {}

  bool ReadHeader(ChunkHeader& header);
  template <typename T>
  bool ReadInteger(T& value) {
    if (rest_.size() < sizeof(value)) {
      return false;
    }
    std::memcpy(&value, rest_.data(), sizeof(value));
    rest_.remove_prefix(sizeof(value));
    return true;
  }
  // T is std::int32_t or std::int64_t. False when a value does not fit T.
  template <typename T>
  bool ReadIntegers(std::uint64_t count, std::vector<T>& values);
  // As ReadIntegers, for lengths: not negative, and at most `max_total` together. `offsets` gets
  // count + 1 values from 0.
  bool ReadLengths(std::uint64_t count, std::uint64_t max_total,
                   std::vector<std::int32_t>& offsets);
  template <typename T>
  bool ReadNumbers(std::uint64_t count, std::vector<T>& values) {
    if (count > rest_.size() / sizeof(T)) {
      return false;
    }
    values.resize(static_cast<std::size_t>(count));
    if (count > 0) {
      std::memcpy(values.data(), rest_.data(), values.size() * sizeof(T));
    }
    rest_.remove_prefix(values.size() * sizeof(T));
    return true;
  }
  bool ReadBitmap(std::uint64_t count, std::vector<double>& values);
  bool ReadBytes(std::uint64_t count, std::string& bytes);
  std::size_t num_left() const { return rest_.size(); }

 private:
  std::string_view rest_;
};

}  // namespace assay::store
