#include "server/run/row_texts.h"

#include <gtest/gtest.h>

#include <string>

namespace assay::run {
namespace {

TEST(ShortenedTest, ShortTextStaysAsItIs) {
  EXPECT_EQ(Shortened("short"), "short");
  EXPECT_EQ(Shortened(""), "");
}

TEST(ShortenedTest, ThousandCharactersStay) {
  const std::string text(1000, 'a');
  EXPECT_EQ(Shortened(text), text);
}

TEST(ShortenedTest, LongerTextEndsInAnEllipsis) {
  EXPECT_EQ(Shortened(std::string(1001, 'a')), std::string(1000, 'a') + "\u2026");
}

TEST(ShortenedTest, CodePointsStayWhole) {
  std::string text;
  for (int i = 0; i < 1200; ++i) {
    text += "\u00E9";
  }
  const std::string shortened = Shortened(text);
  EXPECT_EQ(shortened, text.substr(0, 2000) + "\u2026");
}

}  // namespace
}  // namespace assay::run
