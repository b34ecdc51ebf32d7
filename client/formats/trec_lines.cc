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
constexpr std::ptrdiff_t kBlockBytes = 64;

// Where the control characters and blanks of a block are, one bit each, the first byte in bit 0.
// Adds the high bits of its bytes to `high`.
inline std::uint64_t FindStops(const char* block, __m128i& high) {
  const __m128i blank = _mm_set1_epi8(' ');
  const auto find = [&](std::ptrdiff_t first) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(block + first));
    high = _mm_or_si128(high, bytes);
    return std::uint64_t{static_cast<std::uint32_t>(
               _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(bytes, blank), bytes)))}
           << first;
  };
  return find(0) | find(16) | find(32) | find(48);
}
#endif

}  // namespace

TrecLines::TrecLines(std::string_view text)
    : text_begin_(text.data()),
      text_end_(text.data() + text.size()),
      position_(text.data() + (text.starts_with("\xEF\xBB\xBF") ? 3 : 0)),
      begin_(position_),
      end_(position_) {}

bool TrecLines::CutPlainLine() {
#if defined(__SSE2__)
  constexpr std::uint64_t kPlainStops = (std::uint64_t{1} << ' ') | (std::uint64_t{1} << '\t');
  const char* block = position_;
  if (text_end_ - block < kBlockBytes) {
    return false;
  }
  __m128i high = _mm_setzero_si128();
  std::uint64_t stops = FindStops(block, high);
  std::uint64_t seen = 0;  // bit i: byte i stopped a column
  const char* first = block;
  std::size_t num_columns = 0;
  const char* end = nullptr;
  for (;;) {
    while (stops == 0) {
      block += kBlockBytes;
      if (text_end_ - block < kBlockBytes) {
        return false;
      }
      stops = FindStops(block, high);
    }
    end = block + static_cast<std::size_t>(__builtin_ctzll(stops));
    stops &= stops - 1;
    if (end == first || num_columns == kMaxColumns) {
      return false;
    }
    columns_[num_columns++] = {first, static_cast<std::size_t>(end - first)};
    const auto stop = static_cast<unsigned char>(*end);
    if (stop == '\n') {
      break;
    }
    seen |= std::uint64_t{1} << stop;
    first = end + 1;
  }
  if ((seen & ~kPlainStops) != 0 || _mm_movemask_epi8(high) != 0) {
    return false;
  }
  num_columns_ = num_columns;
  end_ = end;
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
    if (!CutPlainLine()) {
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
