#include "client/formats/trec_lines.h"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace assay::formats {
namespace {

enum ByteClass : std::uint8_t { kText, kGap, kLineEnd, kControl };

constexpr std::array<std::uint8_t, 256> kClasses = [] {
  std::array<std::uint8_t, 256> classes = {};
  for (std::size_t byte = 0; byte < 0x20; ++byte) {
    classes[byte] = kControl;
  }
  classes[' '] = kGap;
  classes['\t'] = kGap;
  classes['\r'] = kGap;
  classes['\n'] = kLineEnd;
  return classes;
}();

// The first byte from `p` on that is a control character or a blank; adds the high bits of those
// before it to `high_bits`. A zero ends every text, and more zeros may be read behind it.
const char* EndOfColumn(const char* p, std::uint64_t& high_bits) {
  constexpr std::uint64_t kOnes = 0x0101010101010101U;
  for (;; p += sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, p, sizeof(word));
    // Sets the high bit of bytes below 0x21; what is set above the lowest of them means nothing.
    const std::uint64_t stops = (word - kOnes * 0x21) & ~word & (kOnes * 0x80);
    if (stops != 0) {
      const int num_bits = std::countr_zero(stops) & ~7;
      high_bits |= word & ((std::uint64_t{1} << num_bits) - 1);
      return p + num_bits / 8;
    }
    high_bits |= word;
  }
}

ByteClass ClassOf(char c) {
  return static_cast<ByteClass>(kClasses[static_cast<unsigned char>(c)]);
}

}  // namespace

TrecLines::TrecLines(std::string_view text)
    : text_begin_(text.data()),
      text_end_(text.data() + text.size()),
      position_(text.data() + (text.starts_with("\xEF\xBB\xBF") ? 3 : 0)),
      begin_(position_),
      end_(position_) {}

bool TrecLines::Next() {
  while (position_ < text_end_) {
    const char* p = position_;
    begin_ = p;
    num_columns_ = 0;
    high_bits_ = 0;
    has_control_ = false;
    ++number_;
    for (;;) {
      while (ClassOf(*p) == kGap) {
        ++p;
      }
      const char* const first = p;
      p = EndOfColumn(p, high_bits_);
      if (p != first && num_columns_ < kMaxColumns) {
        columns_[num_columns_++] = {first, static_cast<std::size_t>(p - first)};
      }
      const ByteClass stop = ClassOf(*p);
      if (stop == kLineEnd || (stop == kControl && p >= text_end_)) {
        break;
      }
      has_control_ |= stop == kControl;
      ++p;
    }
    end_ = p;
    position_ = p < text_end_ ? p + 1 : p;
    const bool is_comment = num_columns_ > 0 && *begin_ == '#' && columns_[0] == "#";
    if ((num_columns_ > 0 && !is_comment) || has_control_) {
      return true;
    }
  }
  return false;
}

}  // namespace assay::formats
