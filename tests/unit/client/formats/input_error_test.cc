#include "client/formats/input_error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace assay::formats {
namespace {

TEST(QuotedTest, EscapesControlCharactersAndInvalidUtf8) {
  EXPECT_EQ(Quoted("a\n\x1B[31m\x7F\xC2\x9B\xC3\xA9\xFF"),
            "'a\\x0a\\x1b[31m\\x7f\\xc2\\x9b\xC3\xA9\\xff'");
}

TEST(QuotedTest, ShortensWithoutCuttingACharacter) {
  std::string text;
  for (int i = 0; i < 50; ++i) {
    text += "\xE2\x82\xAC";
  }
  const std::string quoted = Quoted(text);
  EXPECT_EQ(quoted, "'" + text.substr(0, 60) + "'...");
}

TEST(FieldErrorTest, NamesFileLineAndField) {
  EXPECT_EQ(FieldError({.file = "f.csv", .line = 3}, "x", "wrong").message(),
            "f.csv:3: field 'x': wrong");
  EXPECT_EQ(LineError({.file = "f.csv"}, "wrong").message(), "f.csv: wrong");
}

}  // namespace
}  // namespace assay::formats
