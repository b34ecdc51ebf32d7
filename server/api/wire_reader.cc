#include "server/api/wire_reader.h"

#include <cstring>

namespace assay::api {

bool WireReader::Fail() {
  is_good_ = false;
  rest_ = {};
  return false;
}

bool WireReader::ReadVarint(std::uint64_t& value) {
  value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    if (rest_.empty()) {
      return Fail();
    }
    const auto byte = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) {
      return true;
    }
  }
  return Fail();
}

template <typename Fixed>
bool WireReader::ReadFixed(std::uint64_t& value) {
  if (rest_.size() < sizeof(Fixed)) {
    return Fail();
  }
  Fixed fixed = 0;
  std::memcpy(&fixed, rest_.data(), sizeof fixed);
  rest_.remove_prefix(sizeof fixed);
  value = fixed;
  return true;
}

bool WireReader::Next(WireField& field) {
  if (rest_.empty()) {
    return false;
  }
  std::uint64_t tag = 0;
  if (!ReadVarint(tag)) {
    return false;
  }
  const std::uint64_t number = tag >> 3;
  if (number == 0 || number > 0x1FFF'FFFF) {
    return Fail();
  }
  field.number = static_cast<std::uint32_t>(number);
  field.type = static_cast<WireField::Type>(tag & 7);
  switch (field.type) {
    case WireField::Type::kVarint:
      return ReadVarint(field.value);
    case WireField::Type::kFixed64:
      return ReadFixed<std::uint64_t>(field.value);
    case WireField::Type::kFixed32:
      return ReadFixed<std::uint32_t>(field.value);
    case WireField::Type::kBytes: {
      std::uint64_t size = 0;
      if (!ReadVarint(size) || size > rest_.size()) {
        return Fail();
      }
      field.bytes = rest_.substr(0, size);
      rest_.remove_prefix(size);
      return true;
    }
  }
  return Fail();
}

}  // namespace assay::api
