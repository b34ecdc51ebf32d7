#include "client/cli/interval_plot.h"

#include <gtest/gtest.h>

#include "client/cli/text_width.h"

namespace assay::cli {
namespace {

TEST(IntervalPlotTest, DrawsIntervalPointAndZero) {
  const IntervalPlot plot(-10, 0, 11, true);
  EXPECT_EQ(plot.Line(-9, -7, -5), " ├─■─┤    ┊");
}

TEST(IntervalPlotTest, DrawsTheIntervalOverZero) {
  const IntervalPlot plot(-5, 5, 11, false);
  EXPECT_EQ(plot.Line(-2, 1, 2), "   [--#]   ");
}

TEST(IntervalPlotTest, DrawsOnlyThePointWithoutAnInterval) {
  const IntervalPlot plot(-5, 5, 11, false);
  EXPECT_EQ(plot.Line(std::nullopt, -5, std::nullopt), "#    :     ");
}

TEST(IntervalPlotTest, DrawsOnlyZeroForWhatIsUndefined) {
  const IntervalPlot plot(-5, 5, 11, false);
  EXPECT_EQ(plot.Line(std::nullopt, std::nullopt, std::nullopt), "     :     ");
}

TEST(IntervalPlotTest, WidensTheAxisToHoldZero) {
  const IntervalPlot plot(2, 10, 11, false);
  EXPECT_EQ(plot.Line(std::nullopt, 10, std::nullopt), ":         #");
}

TEST(IntervalPlotTest, PutsZeroInTheMiddleWhenNothingDiffers) {
  const IntervalPlot plot(0, 0, 5, false);
  EXPECT_EQ(plot.Line(0, 0, 0), "  #  ");
}

TEST(IntervalPlotTest, WritesEndsAndZeroOnTheAxis) {
  const IntervalPlot plot(-10, 10, 21, true);
  EXPECT_EQ(plot.Axis("-10.00", "+10.00"), "-10.00    0    +10.00");
}

TEST(IntervalPlotTest, LeavesZeroOutWhereItHasNoRoom) {
  const IntervalPlot plot(-10, 0.1, 21, true);
  EXPECT_EQ(plot.Axis("-10.00", "+0.10"), "-10.00          +0.10");
}

TEST(IntervalPlotTest, KeepsItsWidthInEveryLine) {
  const IntervalPlot plot(-1, 1, 30, true);
  EXPECT_EQ(DisplayWidth(plot.Line(-0.5, 0.1, 0.9)), 30U);
  EXPECT_EQ(DisplayWidth(plot.Axis("-1", "+1")), 30U);
}

}  // namespace
}  // namespace assay::cli
