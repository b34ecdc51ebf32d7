#include "server/store/chunk_buffers.h"

#include <limits>

#include "server/store/records.h"

namespace assay::store {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kCodedFlag = 1;
constexpr std::uint8_t kBitmapFlag = 2;
constexpr std::size_t kFlagsOffset = 2;

// Bytes that hold every value of [0, range].
int WidthOf(std::uint64_t range) {
  if (range == 0) {
    return 0;
  }
  if (range <= 0xFF) {
    return 1;
  }
  if (range <= 0xFFFF) {
    return 2;
  }
  return range <= 0xFFFFFFFFU ? 4 : 8;
}

template <typename Narrow, typename T>
void AppendNarrow(std::string& bytes, std::span<const T> values, T lowest) {
  const std::size_t start = bytes.size();
  bytes.resize(start + values.size() * sizeof(Narrow));
  char* target = bytes.data() + start;
  for (const T value : values) {
    const auto narrow =
        static_cast<Narrow>(static_cast<std::uint64_t>(value) - static_cast<std::uint64_t>(lowest));
    std::memcpy(target, &narrow, sizeof(narrow));
    target += sizeof(narrow);
  }
}

// False when a value leaves the range of T.
template <typename Narrow, typename T>
bool TakeNarrow(const char* source, std::int64_t lowest, std::span<T> values) {
  bool all_fit = true;
  for (T& value : values) {
    Narrow narrow = 0;
    std::memcpy(&narrow, source, sizeof(narrow));
    source += sizeof(narrow);
    const std::uint64_t wide = static_cast<std::uint64_t>(lowest) + narrow;
    value = static_cast<T>(wide);
    all_fit &= static_cast<std::uint64_t>(static_cast<std::int64_t>(value)) == wide;
  }
  return all_fit;
}

}  // namespace

void AppendHeader(std::string& bytes, const ChunkHeader& header) {
  AppendInteger<std::uint8_t>(bytes, kVersion);
  AppendInteger<std::uint8_t>(bytes, static_cast<std::uint8_t>(header.type));
  AppendInteger<std::uint8_t>(bytes,
                              static_cast<std::uint8_t>((header.is_coded ? kCodedFlag : 0) |
                                                        (header.has_bitmap ? kBitmapFlag : 0)));
  AppendInteger<std::uint8_t>(bytes, 0);
  AppendInteger<std::uint32_t>(bytes, static_cast<std::uint32_t>(header.dimension));
  AppendInteger<std::uint32_t>(bytes, header.num_rows);
  AppendInteger<std::uint32_t>(bytes, header.null_count);
}

void MarkDoublesAsBitmap(std::string& bytes) {
  bytes[kFlagsOffset] = static_cast<char>(bytes[kFlagsOffset] | kBitmapFlag);
}

template <typename T>
void AppendIntegers(std::string& bytes, std::span<const T> values) {
  T lowest = values.empty() ? T{0} : values[0];
  T highest = lowest;
  for (const T value : values) {
    lowest = std::min(lowest, value);
    highest = std::max(highest, value);
  }
  int width = WidthOf(static_cast<std::uint64_t>(highest) - static_cast<std::uint64_t>(lowest));
  if (width == 0 && std::ssize(values) > kChunkRows) {
    width = 1;
  }
  AppendInteger<std::uint8_t>(bytes, static_cast<std::uint8_t>(width));
  AppendInteger<std::int64_t>(bytes, lowest);
  switch (width) {
    case 0:
      break;
    case 1:
      AppendNarrow<std::uint8_t>(bytes, values, lowest);
      break;
    case 2:
      AppendNarrow<std::uint16_t>(bytes, values, lowest);
      break;
    case 4:
      AppendNarrow<std::uint32_t>(bytes, values, lowest);
      break;
    default:
      AppendNarrow<std::uint64_t>(bytes, values, lowest);
      break;
  }
}

template void AppendIntegers<std::int32_t>(std::string&, std::span<const std::int32_t>);
template void AppendIntegers<std::int64_t>(std::string&, std::span<const std::int64_t>);

bool ChunkReader::ReadHeader(ChunkHeader& header) {
  std::uint8_t version = 0;
  std::uint8_t type = 0;
  std::uint8_t flags = 0;
  std::uint8_t reserved = 0;
  std::uint32_t dimension = 0;
  if (!ReadInteger(version) || !ReadInteger(type) || !ReadInteger(flags) ||
      !ReadInteger(reserved) || !ReadInteger(dimension) || !ReadInteger(header.num_rows) ||
      !ReadInteger(header.null_count)) {
    return false;
  }
  header.type = static_cast<ColumnType>(type);
  header.dimension = static_cast<std::int32_t>(dimension);
  header.is_coded = (flags & kCodedFlag) != 0;
  header.has_bitmap = (flags & kBitmapFlag) != 0;
  return version == kVersion && reserved == 0 && (flags & ~(kCodedFlag | kBitmapFlag)) == 0 &&
         type >= static_cast<std::uint8_t>(ColumnType::kText) &&
         type <= static_cast<std::uint8_t>(ColumnType::kRelevance) &&
         dimension <= static_cast<std::uint32_t>(std::numeric_limits<std::int32_t>::max()) &&
         header.num_rows <= kChunkRows && header.null_count <= header.num_rows;
}

template <typename T>
bool ChunkReader::ReadIntegers(std::uint64_t count, std::vector<T>& values) {
  std::uint8_t width = 0;
  std::int64_t lowest = 0;
  if (!ReadInteger(width) || !ReadInteger(lowest)) {
    return false;
  }
  if (width == 0) {
    if (count > static_cast<std::uint64_t>(kChunkRows) || static_cast<T>(lowest) != lowest) {
      return false;
    }
    values.assign(static_cast<std::size_t>(count), static_cast<T>(lowest));
    return true;
  }
  if ((width != 1 && width != 2 && width != 4 && width != 8) || count > rest_.size() / width) {
    return false;
  }
  values.resize(static_cast<std::size_t>(count));
  bool all_fit = false;
  switch (width) {
    case 1:
      all_fit = TakeNarrow<std::uint8_t, T>(rest_.data(), lowest, values);
      break;
    case 2:
      all_fit = TakeNarrow<std::uint16_t, T>(rest_.data(), lowest, values);
      break;
    case 4:
      all_fit = TakeNarrow<std::uint32_t, T>(rest_.data(), lowest, values);
      break;
    default:
      all_fit = TakeNarrow<std::uint64_t, T>(rest_.data(), lowest, values);
      break;
  }
  rest_.remove_prefix(static_cast<std::size_t>(count) * width);
  return all_fit;
}

template bool ChunkReader::ReadIntegers<std::int32_t>(std::uint64_t, std::vector<std::int32_t>&);
template bool ChunkReader::ReadIntegers<std::int64_t>(std::uint64_t, std::vector<std::int64_t>&);

bool ChunkReader::ReadLengths(std::uint64_t count, std::uint64_t max_total,
                              std::vector<std::int32_t>& offsets) {
  if (!ReadIntegers<std::int32_t>(count, offsets)) {
    return false;
  }
  std::uint64_t total = 0;
  for (std::int32_t& value : offsets) {
    const std::int32_t length = value;
    value = static_cast<std::int32_t>(total);
    total += static_cast<std::uint32_t>(length);
    if (length < 0 || total > max_total ||
        total > static_cast<std::uint64_t>(std::numeric_limits<std::int32_t>::max())) {
      return false;
    }
  }
  offsets.push_back(static_cast<std::int32_t>(total));
  return true;
}

bool ChunkReader::ReadBitmap(std::uint64_t count, std::vector<double>& values) {
  if (count / 8 > rest_.size() || (count + 7) / 8 > rest_.size()) {
    return false;
  }
  values.resize(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = (static_cast<unsigned char>(rest_[i / 8]) >> (i % 8)) & 1;
  }
  rest_.remove_prefix(static_cast<std::size_t>((count + 7) / 8));
  return true;
}

bool ChunkReader::ReadBytes(std::uint64_t count, std::string& bytes) {
  if (count > rest_.size()) {
    return false;
  }
  bytes.assign(rest_.substr(0, static_cast<std::size_t>(count)));
  rest_.remove_prefix(static_cast<std::size_t>(count));
  return true;
}

}  // namespace assay::store
