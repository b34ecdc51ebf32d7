#include "server/http/json_text.h"

#include "absl/strings/str_format.h"

namespace assay::http {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// Bytes of the well-formed UTF-8 sequence at the front of `text`; 0 when there is none. Table 3-7
// of the Unicode standard.
std::size_t SequenceLength(std::string_view text) {
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) {
    return 1;
  }
  std::size_t length = 0;
  unsigned char low = 0x80;
  unsigned char high = 0xBF;
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3;
    low = lead == 0xE0 ? 0xA0 : low;
    high = lead == 0xED ? 0x9F : high;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
    low = lead == 0xF0 ? 0x90 : low;
    high = lead == 0xF4 ? 0x8F : high;
  }
  if (length == 0 || text.size() < length || byte(1) < low || byte(1) > high) {
    return 0;
  }
  for (std::size_t i = 2; i < length; ++i) {
    if (byte(i) < 0x80 || byte(i) > 0xBF) {
      return 0;
    }
  }
  return length;
}

}  // namespace

std::string JsonQuoted(std::string_view text) {
  std::string quoted = "\"";
  while (!text.empty()) {
    const std::size_t length = SequenceLength(text);
    const char first = text.front();
    if (length == 0) {
      quoted.append(kReplacement);
    } else if (first == '"' || first == '\\') {
      quoted.push_back('\\');
      quoted.push_back(first);
    } else if (first == '\n') {
      quoted.append("\\n");
    } else if (static_cast<unsigned char>(first) < 0x20 || first == 0x7F) {
      quoted.append(absl::StrFormat("\\u%04x", static_cast<unsigned int>(first)));
    } else {
      quoted.append(text.substr(0, length));
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  quoted.push_back('"');
  return quoted;
}

}  // namespace assay::http
