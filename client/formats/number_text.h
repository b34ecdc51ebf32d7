#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace assay::formats {

// Numbers as text, independent of the locale.

// The number that all of `text` spells: decimal with optional sign, fraction and exponent, or inf,
// infinity, nan in any case. What is too small for a double is 0; what is too large is absent.
std::optional<double> ParseDouble(std::string_view text);
// An integer with optional sign; absent also when it is out of range.
std::optional<std::int64_t> ParseInt64(std::string_view text);

// Adds the fewest digits that read back as `value`, with an exponent from 2^53 on. NaN, Infinity
// and -Infinity for what is not finite.
void AppendNumber(double value, std::string& out);
void AppendNumber(float value, std::string& out);
void AppendNumber(std::int64_t value, std::string& out);

}  // namespace assay::formats
