#include "client/cli/progress.h"

#include <gtest/gtest.h>

#include <string>

#include "client/cli/text_width.h"

namespace assay::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(ProgressLineTest, ShowsBarRateAndTimeLeft) {
  ProgressState state{"eval mlp@2", "rows", 600'000, 1'000'000, std::nullopt, seconds(3)};
  EXPECT_EQ(ProgressLine(state, 100, true),
            "eval mlp@2  ━━━━━━━━━━━━━━┄┄┄┄┄┄┄┄┄┄  600k/1.00M rows  200k rows/s  ETA 2.0 s");
}

TEST(ProgressLineTest, FallsBackToAscii) {
  ProgressState state{"eval", "rows", 5, 10, std::nullopt, seconds(1)};
  EXPECT_EQ(ProgressLine(state, 100, false),
            "eval  ############------------  5/10 rows  5 rows/s  ETA 1.0 s");
}

TEST(ProgressLineTest, ClaimsNoRateBeforeThereIsOne) {
  ProgressState state{"eval", "rows", 5, 10, std::nullopt, milliseconds(50)};
  EXPECT_EQ(ProgressLine(state, 100, false), "eval  ############------------  5/10 rows");
}

TEST(ProgressLineTest, LeavesTheBarOutWhereItHasNoRoom) {
  ProgressState state{"eval", "rows", 5, 10, std::nullopt, seconds(1)};
  EXPECT_EQ(ProgressLine(state, 40, false), "eval  5/10 rows  5 rows/s  ETA 1.0 s");
}

TEST(ProgressLineTest, NeverExceedsTheWidth) {
  ProgressState state{
      "a label that is far too long for the line", "rows", 5, 10, std::nullopt, seconds(1)};
  EXPECT_EQ(DisplayWidth(ProgressLine(state, 20, true)), 20U);
}

TEST(ProgressLineTest, HasNoBarWithoutATotal) {
  ProgressState state{"push", "rows", 1'200, 0, std::nullopt, seconds(1)};
  EXPECT_EQ(ProgressLine(state, 100, false), "push  1.20k rows  1.20k rows/s");
}

TEST(ProgressLineTest, TakesAFractionThatIsKnownOtherwise) {
  ProgressState state{"push", "rows", 100, 0, 0.25, seconds(1)};
  EXPECT_EQ(ProgressLine(state, 100, false),
            "push  ######------------------  100 rows  100 rows/s  ETA 3.0 s");
}

TEST(ProgressLineTest, ShowsTheTimeOfWorkThatCountsNothing) {
  ProgressState state{"compare 14", "", 0, 0, std::nullopt, seconds(2)};
  EXPECT_EQ(ProgressLine(state, 100, false), "compare 14  2.0 s");
}

class ProgressBarTest : public testing::Test {
 protected:
  ProgressBar::Options Options(bool is_shown) {
    ProgressBar::Options options;
    options.is_shown = is_shown;
    options.now = [this] { return now_; };
    options.write = [this](std::string_view text) {
      written_ += text;
      ++num_writes_;
    };
    return options;
  }

  std::chrono::steady_clock::time_point now_{seconds(100)};
  std::string written_;
  int num_writes_ = 0;
};

TEST_F(ProgressBarTest, DrawsAtMostTenTimesASecond) {
  ProgressBar bar("eval", "rows", Options(true));
  for (int i = 0; i < 1'000; ++i) {
    bar.Update(i, 1'000);
    now_ += milliseconds(1);
  }
  EXPECT_EQ(num_writes_, 10);
}

TEST_F(ProgressBarTest, RemovesItsLineAtTheEnd) {
  {
    ProgressBar bar("eval", "rows", Options(true));
    bar.Update(1, 2);
  }
  EXPECT_TRUE(written_.ends_with("\r\x1b[K"));
}

TEST_F(ProgressBarTest, WritesNothingWhenItIsNotShown) {
  {
    ProgressBar bar("eval", "rows", Options(false));
    bar.Update(1, 2);
  }
  EXPECT_EQ(num_writes_, 0);
}

}  // namespace
}  // namespace assay::cli
