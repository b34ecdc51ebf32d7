#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "absl/status/status.h"
#include "server/store/chunk_buffers.h"
#include "server/store/chunk_codec.h"

namespace assay::store {
namespace {

absl::Status Malformed() { return absl::DataLossError("malformed chunk"); }

bool ReadValidity(const ChunkHeader& header, ChunkReader& reader, Column& column) {
  if (header.null_count == 0) {
    return true;
  }
  if (!reader.ReadNumbers((header.num_rows + 7) / 8, column.validity)) {
    return false;
  }
  std::uint32_t num_valid = 0;
  for (const std::uint8_t byte : column.validity) {
    num_valid += static_cast<std::uint32_t>(std::popcount(byte));
  }
  const bool has_clean_padding =
      header.num_rows % 8 == 0 || column.validity.back() >> (header.num_rows % 8) == 0;
  return has_clean_padding && num_valid + header.null_count == header.num_rows;
}

bool ReadText(const ChunkHeader& header, std::uint64_t num_items, ChunkReader& reader,
              Column& column) {
  std::uint64_t num_texts = num_items;
  if (header.is_coded) {
    column.is_coded = true;
    std::uint32_t num_entries = 0;
    if (!reader.ReadIntegers(num_items, column.codes) || !reader.ReadInteger(num_entries) ||
        num_entries > num_items) {
      return false;
    }
    std::uint32_t highest = 0;
    for (const std::int32_t code : column.codes) {
      highest = std::max(highest, static_cast<std::uint32_t>(code));
    }
    if (num_items > 0 && highest >= num_entries) {
      return false;
    }
    num_texts = num_entries;
  }
  return reader.ReadLengths(num_texts, reader.num_left(), column.text_offsets) &&
         reader.ReadBytes(static_cast<std::uint64_t>(column.text_offsets.back()),
                          column.text_bytes);
}

bool ReadDoubles(const ChunkHeader& header, std::uint64_t count, ChunkReader& reader,
                 Column& column) {
  return header.has_bitmap ? reader.ReadBitmap(count, column.doubles)
                           : reader.ReadNumbers(count, column.doubles);
}

}  // namespace

absl::StatusOr<Column> DecodeChunk(std::string_view bytes) {
  ChunkReader reader(bytes);
  ChunkHeader header;
  Column column;
  if (!reader.ReadHeader(header) || !ReadValidity(header, reader, column)) {
    return Malformed();
  }
  column.type = header.type;
  column.dimension = header.dimension;
  column.num_rows = header.num_rows;
  const bool is_vector =
      header.type == ColumnType::kFloat32Vector || header.type == ColumnType::kFloat64Vector;
  if (is_vector != (header.dimension > 0) || (header.is_coded && !HasText(header.type))) {
    return Malformed();
  }
  std::uint64_t num_items = header.num_rows;
  if (IsList(header.type)) {
    // Every item takes at least one byte further on, except a whole chunk of equal ones.
    if (!reader.ReadLengths(num_items, std::numeric_limits<std::int32_t>::max(),
                            column.list_offsets)) {
      return Malformed();
    }
    num_items = static_cast<std::uint64_t>(column.list_offsets.back());
  }
  if (HasText(header.type) && !ReadText(header, num_items, reader, column)) {
    return Malformed();
  }
  bool is_read = true;
  const std::uint64_t num_values = header.num_rows * static_cast<std::uint64_t>(header.dimension);
  switch (header.type) {
    case ColumnType::kText:
    case ColumnType::kJson:
    case ColumnType::kTextList:
      break;
    case ColumnType::kInt64:
      is_read = reader.ReadIntegers(num_items, column.int64s);
      break;
    case ColumnType::kInt32List:
    case ColumnType::kRelevance:
      is_read = reader.ReadIntegers(num_items, column.int32s);
      break;
    case ColumnType::kFloat32Vector:
      is_read = reader.ReadNumbers(num_values, column.floats);
      break;
    case ColumnType::kFloat64Vector:
      is_read = ReadDoubles(header, num_values, reader, column);
      break;
    case ColumnType::kFloat64:
    case ColumnType::kRanking:
      is_read = ReadDoubles(header, num_items, reader, column);
      break;
  }
  if (!is_read || reader.num_left() != 0) {
    return Malformed();
  }
  return column;
}

}  // namespace assay::store
