#include "client/formats/trec_lines.h"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

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

#if defined(__SSE2__)
// What the bytes of a block are, one bit each, the first in bit 0.
struct BlockBits {
  std::uint64_t stops = 0;      // control characters and blanks
  std::uint64_t gaps = 0;       // blanks, tabs and carriage returns
  std::uint64_t line_ends = 0;  // line feeds
  std::uint64_t high = 0;       // bytes >= 0x80
};

constexpr std::ptrdiff_t kBlockBytes = 64;

BlockBits ClassifyBlock(const char* block) {
  BlockBits bits;
  const auto add = [&bits, block]<int kFirst>() {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(block + kFirst));
    const auto where = [](__m128i mask) {
      return std::uint64_t{static_cast<std::uint32_t>(_mm_movemask_epi8(mask))} << kFirst;
    };
    const auto equal = [bytes](char c) { return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(c)); };
    bits.stops |= where(_mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(' ')), bytes));
    bits.gaps |= where(_mm_or_si128(_mm_or_si128(equal(' '), equal('\t')), equal('\r')));
    bits.line_ends |= where(equal('\n'));
    bits.high |= where(bytes);
  };
  add.operator()<0>();
  add.operator()<16>();
  add.operator()<32>();
  add.operator()<48>();
  return bits;
}
#endif

}  // namespace

TrecLines::TrecLines(std::string_view text)
    : text_begin_(text.data()),
      text_end_(text.data() + text.size()),
      position_(text.data() + (text.starts_with("\xEF\xBB\xBF") ? 3 : 0)),
      begin_(position_),
      end_(position_) {}

// Most lines are shorter than a block; these are cut without looking at single bytes.
bool TrecLines::CutShortLine() {
#if defined(__SSE2__)
  if (text_end_ - position_ < kBlockBytes) {
    return false;
  }
  const BlockBits bits = ClassifyBlock(position_);
  if (bits.line_ends == 0) {
    return false;
  }
  const std::uint64_t line = (bits.line_ends & -bits.line_ends) - 1;
  const std::uint64_t text = ~bits.stops & line;
  std::uint64_t firsts = text & ~(text << 1);
  std::uint64_t ends = ~text & (text << 1);
  const char* const block = position_;
  std::size_t num_columns = 0;
  for (; firsts != 0 && num_columns < kMaxColumns; ++num_columns) {
    const auto first = static_cast<std::size_t>(std::countr_zero(firsts));
    const auto end = static_cast<std::size_t>(std::countr_zero(ends));
    columns_[num_columns] = {block + first, end - first};
    firsts &= firsts - 1;
    ends &= ends - 1;
  }
  num_columns_ = num_columns;
  has_control_ = (bits.stops & ~bits.gaps & line) != 0;
  high_bits_ = (bits.high & line) != 0 ? 0x80 : 0;
  end_ = position_ + std::countr_one(line);
  return true;
#else
  return false;
#endif
}

void TrecLines::CutLine() {
  const char* p = position_;
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
}

bool TrecLines::Next() {
  while (position_ < text_end_) {
    begin_ = position_;
    num_columns_ = 0;
    high_bits_ = 0;
    has_control_ = false;
    ++number_;
    if (!CutShortLine()) {
      CutLine();
    }
    position_ = end_ < text_end_ ? end_ + 1 : end_;
    const bool is_comment = num_columns_ > 0 && *begin_ == '#' && columns_[0] == "#";
    if ((num_columns_ > 0 && !is_comment) || has_control_) {
      return true;
    }
  }
  return false;
}

}  // namespace assay::formats
