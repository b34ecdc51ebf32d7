#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace assay {

// Lower-case hex digits, two a byte.
std::string HexText(std::span<const std::uint8_t> bytes);

// Reads exactly two digits, of either case, for every byte of `bytes`. False when `text` has
// another length or another character; `bytes` is then unspecified.
bool ParseHex(std::string_view text, std::span<std::uint8_t> bytes);

}  // namespace assay
