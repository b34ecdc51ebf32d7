#include "server/base/crc32c.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <random>
#include <string>

namespace assay {
namespace {

// RFC 3720, appendix B.4.
std::string Ascending() {
  std::string bytes;
  for (int i = 0; i < 32; ++i) {
    bytes.push_back(static_cast<char>(i));
  }
  return bytes;
}

const std::string& IscsiReadCommand() {
  static const std::string bytes(
      "\x01\xc0\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
      "\x14\x00\x00\x00\x00\x00\x04\x00\x00\x00\x00\x14\x00\x00\x00\x18"
      "\x28\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00",
      48);
  return bytes;
}

void ExpectVectors(std::uint32_t (*crc)(std::string_view, std::uint32_t)) {
  const std::string ascending = Ascending();
  EXPECT_EQ(crc(std::string(32, '\0'), 0), 0x8A9136AAU);
  EXPECT_EQ(crc(std::string(32, '\xff'), 0), 0x62A8AB43U);
  EXPECT_EQ(crc(ascending, 0), 0x46DD794EU);
  EXPECT_EQ(crc(std::string(ascending.rbegin(), ascending.rend()), 0), 0x113FDB5CU);
  EXPECT_EQ(crc(IscsiReadCommand(), 0), 0xD9963A56U);
}

TEST(Crc32cTest, TableGivesTheVectorsOfRfc3720) { ExpectVectors(Crc32cByTable); }

TEST(Crc32cTest, InstructionGivesTheVectorsOfRfc3720) {
  if (!HasCrc32cInstruction()) {
    GTEST_SKIP() << "this processor has no SSE4.2";
  }
  ExpectVectors(Crc32cByInstruction);
}

TEST(Crc32cTest, BothWaysAgreeOnEveryLengthAndAlignment) {
  if (!HasCrc32cInstruction()) {
    GTEST_SKIP() << "this processor has no SSE4.2";
  }
  std::mt19937 random(1);
  std::string bytes(200, '\0');
  for (char& byte : bytes) {
    byte = static_cast<char>(random());
  }
  for (std::size_t begin = 0; begin < 16; ++begin) {
    for (std::size_t size = 0; begin + size <= bytes.size(); ++size) {
      const std::string_view piece = std::string_view(bytes).substr(begin, size);
      ASSERT_EQ(Crc32cByTable(piece, 0), Crc32cByInstruction(piece, 0)) << begin << " " << size;
    }
  }
}

TEST(Crc32cTest, PiecesChainToTheWhole) {
  const std::string bytes = Ascending();
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    EXPECT_EQ(Crc32c(bytes.substr(cut), Crc32c(bytes.substr(0, cut))), 0x46DD794EU);
  }
}

}  // namespace
}  // namespace assay
