#include "client/cli/text_width.h"

#include <gtest/gtest.h>

namespace assay::cli {
namespace {

TEST(DisplayWidthTest, CountsLettersOnce) { EXPECT_EQ(DisplayWidth("abcäß"), 5U); }

TEST(DisplayWidthTest, CountsWideCharactersTwice) { EXPECT_EQ(DisplayWidth("日本語"), 6U); }

TEST(DisplayWidthTest, CountsEmojiTwice) { EXPECT_EQ(DisplayWidth("🙂"), 2U); }

TEST(DisplayWidthTest, DoesNotCountCombiningMarks) { EXPECT_EQ(DisplayWidth("e\u0301"), 1U); }

TEST(DisplayWidthTest, DoesNotCountColours) { EXPECT_EQ(DisplayWidth("\x1b[31mred\x1b[0m"), 3U); }

TEST(ShortenedTest, LeavesWhatFits) { EXPECT_EQ(Shortened("abc", 3), "abc"); }

TEST(ShortenedTest, EndsInAnEllipsis) { EXPECT_EQ(Shortened("abcdef", 4), "abc…"); }

TEST(ShortenedTest, NeverCutsAWideCharacterInHalf) { EXPECT_EQ(Shortened("日本語", 4), "日…"); }

TEST(ShortenedInsideTest, KeepsBothEnds) {
  EXPECT_EQ(ShortenedInside("span:forward.p95", 16), "span:forward.p95");
  EXPECT_EQ(ShortenedInside("span:assay.v1.RunService/CreateRun.p95", 16), "span:ass…Run.p95");
  EXPECT_EQ(DisplayWidth(ShortenedInside("日本語日本語日本語.p95", 11)), 11U);
  EXPECT_EQ(ShortenedInside("abcdef", 2), "a…");
}

TEST(PaddedTest, FillsUpToTheWidthOnScreen) {
  EXPECT_EQ(PaddedRight("日", 4), "日  ");
  EXPECT_EQ(PaddedLeft("ab", 4), "  ab");
  EXPECT_EQ(PaddedLeft("abcde", 4), "abcde");
}

TEST(OneLineTest, TurnsLineBreaksIntoBlanks) { EXPECT_EQ(OneLine("a\nb\tc"), "a b c"); }

TEST(OneLineTest, LetsNoEscapeSequenceThrough) {
  EXPECT_EQ(OneLine("\x1b]0;title\x07"), "?]0;title?");
  EXPECT_EQ(OneLine("\xc2\x9b"
                    "31m"),
            "?31m");  // the 8-bit form of ESC [
}

TEST(OneLineTest, LetsNoDirectionOverrideThrough) { EXPECT_EQ(OneLine("a\u202Eb"), "a?b"); }

TEST(OneLineTest, MarksMalformedBytes) { EXPECT_EQ(OneLine("a\xff\xc3"), "a??"); }

TEST(WithAsciiMarksTest, KeepsTheWidth) { EXPECT_EQ(WithAsciiMarks("12 µs ab…"), "12 us ab~"); }

TEST(WrappedTest, BreaksAtBlanksAndIndents) {
  EXPECT_EQ(Wrapped("one two three four", 11, 2), "  one two\n  three\n  four\n");
}

TEST(WrappedTest, LeavesAWordThatIsTooLongWhole) {
  EXPECT_EQ(Wrapped("abcdefghij k", 5, 0), "abcdefghij\nk\n");
}

TEST(WrappedTest, IsEmptyForNothing) { EXPECT_EQ(Wrapped("", 10, 2), ""); }

}  // namespace
}  // namespace assay::cli
