#include "server/base/hex.h"

#include <gtest/gtest.h>

#include <array>

namespace assay {
namespace {

TEST(HexTest, WritesTwoLowerCaseDigitsAByte) {
  EXPECT_EQ(HexText(std::array<std::uint8_t, 3>{0x00, 0x9A, 0xFF}), "009aff");
}

TEST(HexTest, ReadsDigitsOfEitherCase) {
  std::array<std::uint8_t, 3> bytes{};
  EXPECT_TRUE(ParseHex("0A9afF", bytes));
  EXPECT_EQ(bytes, (std::array<std::uint8_t, 3>{0x0A, 0x9A, 0xFF}));
}

TEST(HexTest, RejectsAnotherLength) {
  std::array<std::uint8_t, 2> bytes{};
  EXPECT_FALSE(ParseHex("012", bytes));
  EXPECT_FALSE(ParseHex("012345", bytes));
}

TEST(HexTest, RejectsAnythingButDigits) {
  std::array<std::uint8_t, 1> bytes{};
  for (const char* text : {"0g", "x1", " 1", "1 ", "-1", "+1", "/0", ":0", "@0", "`0"}) {
    EXPECT_FALSE(ParseHex(text, bytes)) << text;
  }
}

}  // namespace
}  // namespace assay
