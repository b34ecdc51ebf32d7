#include "server/base/crc32c.h"

#include <array>
#include <cassert>
#include <cstddef>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace assay {
namespace {

constexpr std::uint32_t kPolynomial = 0x82F63B78U;  // reflected

// kTables[0] is the classic byte table; kTables[k] advances a byte by k more zero bytes.
using Tables = std::array<std::array<std::uint32_t, 256>, 8>;

constexpr Tables MakeTables() {
  Tables tables{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) {
      value = (value >> 1) ^ ((value & 1) != 0 ? kPolynomial : 0);
    }
    tables[0][i] = value;
  }
  for (std::size_t k = 1; k < tables.size(); ++k) {
    for (std::size_t i = 0; i < 256; ++i) {
      const std::uint32_t before = tables[k - 1][i];
      tables[k][i] = (before >> 8) ^ tables[0][before & 0xFF];
    }
  }
  return tables;
}

constexpr Tables kTables = MakeTables();

std::uint64_t LoadLittleEndian64(const unsigned char* bytes) {
  std::uint64_t value = 0;
  for (int i = 7; i >= 0; --i) {
    value = (value << 8) | bytes[i];
  }
  return value;
}

}  // namespace

std::uint32_t Crc32cByTable(std::string_view bytes, std::uint32_t crc) {
  const auto* next = reinterpret_cast<const unsigned char*>(bytes.data());
  std::size_t left = bytes.size();
  crc = ~crc;
  for (; left >= 8; left -= 8, next += 8) {
    const std::uint64_t word = LoadLittleEndian64(next) ^ crc;
    std::uint32_t folded = 0;
    for (unsigned i = 0; i < 8; ++i) {
      folded ^= kTables[7 - i][(word >> (8 * i)) & 0xFF];
    }
    crc = folded;
  }
  for (; left > 0; --left, ++next) {
    crc = (crc >> 8) ^ kTables[0][(crc ^ *next) & 0xFF];
  }
  return ~crc;
}

#if defined(__x86_64__)

__attribute__((target("sse4.2"))) std::uint32_t Crc32cByInstruction(std::string_view bytes,
                                                                    std::uint32_t crc) {
  const char* next = bytes.data();
  std::size_t left = bytes.size();
  std::uint64_t value = static_cast<std::uint32_t>(~crc);
  for (; left >= 8; left -= 8, next += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, next, sizeof(word));
    value = _mm_crc32_u64(value, word);
  }
  auto narrow = static_cast<std::uint32_t>(value);
  for (; left > 0; --left, ++next) {
    narrow = _mm_crc32_u8(narrow, static_cast<unsigned char>(*next));
  }
  return ~narrow;
}

bool HasCrc32cInstruction() {
  static const bool has = __builtin_cpu_supports("sse4.2") != 0;
  return has;
}

#else

std::uint32_t Crc32cByInstruction(std::string_view bytes, std::uint32_t crc) {
  assert(false);
  return Crc32cByTable(bytes, crc);
}

bool HasCrc32cInstruction() { return false; }

#endif

std::uint32_t Crc32c(std::string_view bytes, std::uint32_t crc) {
  return HasCrc32cInstruction() ? Crc32cByInstruction(bytes, crc) : Crc32cByTable(bytes, crc);
}

}  // namespace assay
