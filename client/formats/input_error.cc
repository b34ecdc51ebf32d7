#include "client/formats/input_error.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "evaluators/columns.h"

namespace assay::formats {
namespace {

constexpr std::size_t kMaxShownBytes = 60;

// Length of the character at the start of `text`; 0 when it is not well-formed.
std::size_t CharacterLength(std::string_view text) {
  for (std::size_t length = 1; length <= 4 && length <= text.size(); ++length) {
    if (IsUtf8(text.substr(0, length))) {
      return length;
    }
  }
  return 0;
}

}  // namespace

std::string Quoted(std::string_view value) {
  std::string shown = "'";
  std::size_t i = 0;
  while (i < value.size() && shown.size() <= kMaxShownBytes) {
    const std::size_t length = CharacterLength(value.substr(i));
    const auto byte = static_cast<unsigned char>(value[i]);
    // C1 controls are two bytes, U+0080 to U+009F.
    const bool is_c1 =
        length == 2 && byte == 0xC2 && static_cast<unsigned char>(value[i + 1]) < 0xA0;
    if (length == 0 || byte < 0x20 || byte == 0x7F || is_c1) {
      absl::StrAppendFormat(&shown, "\\x%02x", static_cast<int>(byte));
      i += 1;
      if (is_c1) {
        absl::StrAppendFormat(&shown, "\\x%02x",
                              static_cast<int>(static_cast<unsigned char>(value[i])));
        i += 1;
      }
    } else {
      shown.append(value.substr(i, length));
      i += length;
    }
  }
  shown.push_back('\'');
  if (i < value.size()) {
    shown.append("...");
  }
  return shown;
}

absl::Status LineError(const Place& place, std::string_view problem) {
  if (place.line == 0) {
    return absl::InvalidArgumentError(absl::StrFormat("%s: %s", place.file, problem));
  }
  return absl::InvalidArgumentError(absl::StrFormat("%s:%d: %s", place.file, place.line, problem));
}

absl::Status FieldError(const Place& place, std::string_view field, std::string_view problem) {
  return LineError(place, absl::StrFormat("field %s: %s", Quoted(field), problem));
}

absl::Status BadValue(std::string_view what, std::string_view value) {
  return absl::InvalidArgumentError(absl::StrFormat("%s: %s", what, Quoted(value)));
}

}  // namespace assay::formats
