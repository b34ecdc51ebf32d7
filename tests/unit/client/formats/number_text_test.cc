#include "client/formats/number_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <optional>
#include <random>
#include <string>

#include "absl/strings/str_format.h"

namespace assay::formats {
namespace {

using ::testing::Optional;

TEST(ParseDoubleTest, AgreesWithTheStandardLibrary) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 100'000; ++i) {
    const std::string text = absl::StrFormat(
        "%s%d.%0*d%s", random() % 2 == 0 ? "-" : "", random() % 100'000,
        static_cast<int>(1 + random() % 14), random() % 10'000'000, random() % 4 == 0 ? "e-7" : "");
    const std::optional<double> value = ParseDouble(text);
    ASSERT_TRUE(value.has_value()) << text;
    ASSERT_EQ(*value, std::strtod(text.c_str(), nullptr)) << text;
  }
}

TEST(ParseDoubleTest, KeepsTheSignOfZero) {
  EXPECT_TRUE(std::signbit(ParseDouble("-0").value_or(1)));
  EXPECT_TRUE(std::signbit(ParseDouble("-0.00").value_or(1)));
  EXPECT_FALSE(std::signbit(ParseDouble("+0").value_or(-1)));
}

TEST(ParseDoubleTest, TakesWhatCProgramsPrint) {
  EXPECT_THAT(ParseDouble("+1.5E+3"), Optional(1500.0));
  EXPECT_THAT(ParseDouble("-inf"), Optional(-std::numeric_limits<double>::infinity()));
  EXPECT_TRUE(std::isnan(ParseDouble("-nan").value_or(0)));
  EXPECT_THAT(ParseDouble("1e-400"), Optional(0.0));
  EXPECT_THAT(ParseDouble("4e-324"), Optional(std::numeric_limits<double>::denorm_min()));
}

TEST(ParseDoubleTest, RefusesAllElse) {
  for (const char* const text :
       {"",      "-",     "+",   ".",   "-.",  "1e",  "1e999", "-1e999", "0x1",  "1 ",  " 1",
        "1.2.3", "1_000", "abc", "++1", "+-1", "--1", "1,5",   "1f",     "infx", "nan("}) {
    EXPECT_EQ(ParseDouble(text), std::nullopt) << text;
  }
}

TEST(ParseInt64Test, TakesTheWholeRange) {
  EXPECT_THAT(ParseInt64("-9223372036854775808"),
              Optional(std::numeric_limits<std::int64_t>::min()));
  EXPECT_THAT(ParseInt64("+9223372036854775807"),
              Optional(std::numeric_limits<std::int64_t>::max()));
  EXPECT_EQ(ParseInt64("9223372036854775808"), std::nullopt);
  EXPECT_EQ(ParseInt64("1.0"), std::nullopt);
  EXPECT_EQ(ParseInt64(""), std::nullopt);
}

TEST(AppendNumberTest, WritesFloatsWithTheirOwnDigits) {
  std::string out;
  AppendNumber(0.1F, out);
  out += ' ';
  AppendNumber(double{0.1F}, out);
  EXPECT_EQ(out, "0.1 0.10000000149011612");
}

}  // namespace
}  // namespace assay::formats
