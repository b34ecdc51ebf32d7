#include "evaluators/metrics/normalized_text.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace assay {
namespace {

// Bytes of the White_Space character that `text` starts with; 0 when it starts with another.
// Unicode 15, PropList.txt.
std::size_t WhiteSpaceLength(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) {
    return lead == ' ' || (lead >= '\t' && lead <= '\r') ? 1 : 0;
  }
  if (text.starts_with("\xC2\x85") || text.starts_with("\xC2\xA0")) {
    return 2;  // U+0085, U+00A0
  }
  if (text.size() < 3) {
    return 0;
  }
  const std::string_view three = text.substr(0, 3);
  if (three == "\xE1\x9A\x80" || three == "\xE2\x81\x9F" || three == "\xE3\x80\x80") {
    return 3;  // U+1680, U+205F, U+3000
  }
  if (three.starts_with("\xE2\x80")) {
    const auto last = static_cast<unsigned char>(three[2]);
    // U+2000 to U+200A, U+2028, U+2029, U+202F
    return last <= 0x8A || last == 0xA8 || last == 0xA9 || last == 0xAF ? 3 : 0;
  }
  return 0;
}

}  // namespace

void NormalizeText(std::string_view text, std::string& normalized) {
  normalized.clear();
  bool has_space_before = false;
  while (!text.empty()) {
    if (const std::size_t length = WhiteSpaceLength(text); length > 0) {
      has_space_before = true;
      text.remove_prefix(length);
      continue;
    }
    if (has_space_before && !normalized.empty()) {
      normalized.push_back(' ');
    }
    has_space_before = false;
    const char c = text.front();
    normalized.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
    text.remove_prefix(1);
  }
}

}  // namespace assay
