#pragma once

#include <cstdint>
#include <string_view>

namespace assay {

// CRC-32C (Castagnoli, RFC 3720 appendix B.4) of `bytes`; chain pieces by passing the value so far.
// Uses the SSE4.2 instruction where the processor has it.
std::uint32_t Crc32c(std::string_view bytes, std::uint32_t crc = 0);

// The two ways Crc32c computes, for tests. Call the second only when HasCrc32cInstruction().
std::uint32_t Crc32cByTable(std::string_view bytes, std::uint32_t crc);
std::uint32_t Crc32cByInstruction(std::string_view bytes, std::uint32_t crc);
bool HasCrc32cInstruction();

}  // namespace assay
