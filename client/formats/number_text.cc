#include "client/formats/number_text.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "absl/strings/charconv.h"

namespace assay::formats {
namespace {

// `text` without a plus sign in front of a number.
std::string_view WithoutPlus(std::string_view text) {
  return text.size() > 1 && text[0] == '+' && text[1] != '-' && text[1] != '+' ? text.substr(1)
                                                                               : text;
}

// The number that digits with an optional sign and point spell, when it is the quotient of two
// integers that are exact as doubles: division then rounds once, as it should. Most scores are so.
std::optional<double> ParseShort(std::string_view text) {
  constexpr std::size_t kMaxDigits = 15;  // below 2^53
  static constexpr std::array<double, kMaxDigits + 1> kPowers = {
      1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
  const bool is_negative = text.starts_with('-');
  text.remove_prefix(is_negative ? 1 : 0);
  if (text.empty() || text.size() > kMaxDigits) {
    return std::nullopt;
  }
  std::uint64_t digits = 0;
  std::size_t i = 0;
  const auto add_digit = [&digits](char c) {
    const std::uint64_t digit = static_cast<unsigned char>(c) - std::uint64_t{'0'};
    if (digit > 9) {
      return false;
    }
    digits = digits * 10 + digit;
    return true;
  };
  while (i < text.size() && add_digit(text[i])) {
    ++i;
  }
  std::size_t num_decimals = 0;
  if (i > 0 && i + 1 < text.size() && text[i] == '.') {
    num_decimals = text.size() - ++i;
    while (i < text.size() && add_digit(text[i])) {
      ++i;
    }
  }
  if (i != text.size()) {
    return std::nullopt;
  }
  const double value =
      static_cast<double>(static_cast<std::int64_t>(digits)) / kPowers[num_decimals];
  return is_negative ? -value : value;
}

// 2^53. From here on a number with an exponent says that it is rounded; as an integer it would be
// read back as one of that very value.
constexpr double kFirstInexact = 9007199254740992.0;

template <typename T>
void AppendFloating(T value, std::string& out) {
  if (std::isnan(value)) {
    out.append("NaN");
  } else if (std::isinf(value)) {
    out.append(value > 0 ? "Infinity" : "-Infinity");
  } else {
    std::array<char, 40> digits;
    char* const last = digits.data() + digits.size();
    const auto [end, error] =
        std::abs(value) < kFirstInexact
            ? std::to_chars(digits.data(), last, value)
            : std::to_chars(digits.data(), last, value, std::chars_format::scientific);
    out.append(digits.data(), end);
  }
}

}  // namespace

std::optional<double> ParseDouble(std::string_view text) {
  if (const std::optional<double> value = ParseShort(text)) {
    return value;
  }
  text = WithoutPlus(text);
  const char* const end = text.data() + text.size();
  double value = 0;
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (stop != end || text.empty()) {
    return std::nullopt;
  }
  if (error == std::errc()) {
    return value;
  }
  if (error == std::errc::result_out_of_range) {
    // This one tells too small from too large.
    const absl::from_chars_result again = absl::from_chars(text.data(), end, value);
    if (again.ptr == end && std::abs(value) < 1) {
      return value;
    }
  }
  return std::nullopt;
}

std::optional<std::int64_t> ParseInt64(std::string_view text) {
  text = WithoutPlus(text);
  std::int64_t value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || stop != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

void AppendNumber(double value, std::string& out) { AppendFloating(value, out); }

void AppendNumber(float value, std::string& out) { AppendFloating(value, out); }

void AppendNumber(std::int64_t value, std::string& out) {
  std::array<char, 24> digits;
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  out.append(digits.data(), end);
}

}  // namespace assay::formats
