#pragma once

#include <cstdint>
#include <string_view>

namespace assay::api {

// One field of a protobuf message as it lies on the wire.
struct WireField {
  enum class Type : std::uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };
  std::uint32_t number = 0;
  Type type = Type::kVarint;
  std::uint64_t value = 0;  // all but kBytes
  std::string_view bytes;   // kBytes
};

// Walks the fields of one protobuf message where it lies. Generated classes may take a hundred
// times the memory of a hostile message; this takes none. Groups are not read. Thread-compatible.
class WireReader {
 public:
  WireReader() = default;
  explicit WireReader(std::string_view message) : rest_(message) {}

  // The next field; false at the end and where the bytes are no field.
  bool Next(WireField& field);
  // False once the bytes were no field.
  bool is_good() const { return is_good_; }

 private:
  bool Fail();
  bool ReadVarint(std::uint64_t& value);
  template <typename Fixed>
  bool ReadFixed(std::uint64_t& value);

  std::string_view rest_;
  bool is_good_ = true;
};

}  // namespace assay::api
