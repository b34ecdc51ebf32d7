#include "client/cli/text_width.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <sstream>
#include <utility>

namespace assay::cli {
namespace {

struct CodePointRange {
  char32_t first;
  char32_t last;
};

// Marks that sit on the character before them (Unicode categories Mn, Me and Cf, the common
// blocks).
constexpr auto kZeroWidth = std::to_array<CodePointRange>({
    {0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD},   {0x0610, 0x061A}, {0x064B, 0x065F},
    {0x06D6, 0x06DC}, {0x0900, 0x0902}, {0x093C, 0x093C},   {0x0941, 0x0948}, {0x094D, 0x094D},
    {0x0E31, 0x0E31}, {0x0E34, 0x0E3A}, {0x0E47, 0x0E4E},   {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF},
    {0x200B, 0x200F}, {0x202A, 0x202E}, {0x2060, 0x2064},   {0x20D0, 0x20FF}, {0xFE00, 0xFE0F},
    {0xFE20, 0xFE2F}, {0xFEFF, 0xFEFF}, {0xE0100, 0xE01EF},
});

// East Asian Wide and Fullwidth (UAX #11) and the emoji blocks.
constexpr auto kDoubleWidth = std::to_array<CodePointRange>({
    {0x1100, 0x115F},   {0x231A, 0x231B},   {0x2329, 0x232A},   {0x23E9, 0x23EC},
    {0x25FD, 0x25FE},   {0x2614, 0x2615},   {0x2648, 0x2653},   {0x267F, 0x267F},
    {0x26A1, 0x26A1},   {0x2705, 0x2705},   {0x274C, 0x274C},   {0x2753, 0x2755},
    {0x2795, 0x2797},   {0x2B1B, 0x2B1C},   {0x2B50, 0x2B50},   {0x2E80, 0x303E},
    {0x3041, 0x33FF},   {0x3400, 0x4DBF},   {0x4E00, 0x9FFF},   {0xA000, 0xA4CF},
    {0xA960, 0xA97F},   {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},
    {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},   {0x16FE0, 0x18CFF}, {0x1B000, 0x1B2FF},
    {0x1F200, 0x1F202}, {0x1F210, 0x1F23B}, {0x1F300, 0x1F320}, {0x1F32D, 0x1F335},
    {0x1F337, 0x1F37C}, {0x1F37E, 0x1F393}, {0x1F3A0, 0x1F3CA}, {0x1F400, 0x1F43E},
    {0x1F440, 0x1F4FC}, {0x1F4FF, 0x1F53D}, {0x1F54B, 0x1F567}, {0x1F5FB, 0x1F64F},
    {0x1F680, 0x1F6C5}, {0x1F6EB, 0x1F6EC}, {0x1F7E0, 0x1F7EB}, {0x1F90C, 0x1F9FF},
    {0x1FA70, 0x1FAFF}, {0x20000, 0x3FFFD},
});

template <class Ranges>
bool Contains(const Ranges& ranges, char32_t code_point) {
  const auto after = std::upper_bound(
      ranges.begin(), ranges.end(), code_point,
      [](char32_t value, const CodePointRange& range) { return value < range.first; });
  return after != ranges.begin() && code_point <= std::prev(after)->last;
}

struct CodePoint {
  char32_t value = 0;
  std::size_t num_bytes = 1;
  bool is_well_formed = false;
};

CodePoint Decode(std::string_view text, std::size_t position) {
  const auto byte = [&](std::size_t i) {
    return static_cast<std::uint8_t>(position + i < text.size() ? text[position + i] : 0);
  };
  const std::uint8_t lead = byte(0);
  if (lead < 0x80) {
    return {lead, 1, true};
  }
  const std::size_t length = lead >= 0xF0 && lead <= 0xF4   ? 4
                             : lead >= 0xE0 && lead <= 0xEF ? 3
                             : lead >= 0xC2 && lead <= 0xDF ? 2
                                                            : 0;
  if (length == 0) {
    return {0xFFFD, 1, false};
  }
  char32_t value = lead & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) {
      return {0xFFFD, 1, false};
    }
    value = (value << 6) | (byte(i) & 0x3FU);
  }
  return {value, length, true};
}

std::size_t WidthOf(char32_t code_point) {
  if (code_point < 0x300) {
    return 1;
  }
  return Contains(kZeroWidth, code_point) ? 0 : Contains(kDoubleWidth, code_point) ? 2 : 1;
}

// Length of the colour sequence at `position`: ESC [ ... m. 0 when there is none.
std::size_t ColorSequence(std::string_view text, std::size_t position) {
  if (text[position] != '\x1b' || position + 1 >= text.size() || text[position + 1] != '[') {
    return 0;
  }
  const std::size_t end = text.find('m', position);
  return end == std::string_view::npos ? 0 : end + 1 - position;
}

}  // namespace

std::size_t DisplayWidth(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t position = 0; position < text.size();) {
    if (const std::size_t skipped = ColorSequence(text, position); skipped > 0) {
      position += skipped;
      continue;
    }
    const CodePoint code_point = Decode(text, position);
    width += WidthOf(code_point.value);
    position += code_point.num_bytes;
  }
  return width;
}

std::string Shortened(std::string_view text, std::size_t width) {
  if (DisplayWidth(text) <= width) {
    return std::string(text);
  }
  if (width == 0) {
    return "";
  }
  std::size_t used = 0;
  std::size_t position = 0;
  while (position < text.size()) {
    const CodePoint code_point = Decode(text, position);
    if (used + WidthOf(code_point.value) > width - 1) {
      break;
    }
    used += WidthOf(code_point.value);
    position += code_point.num_bytes;
  }
  return std::string(text.substr(0, position)) + "…";
}

std::string ShortenedInside(std::string_view text, std::size_t width) {
  const std::size_t whole = DisplayWidth(text);
  if (whole <= width || width < 3) {
    return Shortened(text, width);
  }
  const std::size_t end_width = (width - 1) / 2;
  std::size_t passed = 0;
  std::size_t position = 0;
  while (position < text.size() && whole - passed > end_width) {
    const CodePoint code_point = Decode(text, position);
    passed += WidthOf(code_point.value);
    position += code_point.num_bytes;
  }
  return Shortened(text, width - (whole - passed)) + std::string(text.substr(position));
}

std::string PaddedRight(std::string_view text, std::size_t width) {
  const std::size_t own = DisplayWidth(text);
  return std::string(text) + std::string(own < width ? width - own : 0, ' ');
}

std::string PaddedLeft(std::string_view text, std::size_t width) {
  const std::size_t own = DisplayWidth(text);
  return std::string(own < width ? width - own : 0, ' ') + std::string(text);
}

std::string OneLine(std::string_view text) {
  std::string line;
  line.reserve(text.size());
  for (std::size_t position = 0; position < text.size();) {
    const CodePoint code_point = Decode(text, position);
    const char32_t value = code_point.value;
    const bool is_control = value < 0x20 || (value >= 0x7F && value < 0xA0) ||
                            (value >= 0x202A && value <= 0x202E) ||
                            (value >= 0x2066 && value <= 0x2069);
    if (value == '\n' || value == '\t' || value == '\r') {
      line += ' ';
    } else if (!code_point.is_well_formed || is_control) {
      line += '?';
    } else {
      line += text.substr(position, code_point.num_bytes);
    }
    position += code_point.num_bytes;
  }
  return line;
}

std::string WithAsciiMarks(std::string text) {
  constexpr std::pair<std::string_view, char> kMarks[] = {{"µ", 'u'}, {"…", '~'}};
  for (const auto& [mark, ascii] : kMarks) {
    for (std::size_t found = 0; (found = text.find(mark, found)) != std::string::npos;) {
      text.replace(found, mark.size(), 1, ascii);
    }
  }
  return text;
}

std::string Wrapped(std::string_view text, std::size_t width, std::size_t indent) {
  const std::string margin(indent, ' ');
  std::istringstream words{std::string(text)};
  std::string wrapped;
  std::string line;
  for (std::string word; words >> word;) {
    if (!line.empty() && indent + DisplayWidth(line) + 1 + DisplayWidth(word) > width) {
      wrapped += margin + line + "\n";
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
  }
  return line.empty() ? wrapped : wrapped + margin + line + "\n";
}

}  // namespace assay::cli
