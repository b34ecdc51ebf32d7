#include "client/cli/numbers.h"

#include <gtest/gtest.h>

#include <limits>

namespace assay::cli {
namespace {

TEST(CountTextTest, GroupsByThousands) {
  EXPECT_EQ(CountText(0), "0");
  EXPECT_EQ(CountText(999), "999");
  EXPECT_EQ(CountText(1'000), "1,000");
  EXPECT_EQ(CountText(1'234'567), "1,234,567");
  EXPECT_EQ(CountText(-123'456), "-123,456");
}

TEST(CountTextTest, TakesTheSmallestNumber) {
  EXPECT_EQ(CountText(std::numeric_limits<std::int64_t>::min()), "-9,223,372,036,854,775,808");
}

TEST(CountTextTest, NamesOneAndMany) {
  EXPECT_EQ(CountText(0, "row"), "0 rows");
  EXPECT_EQ(CountText(1, "row"), "1 row");
  EXPECT_EQ(CountText(1'234, "row"), "1,234 rows");
}

TEST(ShortCountTextTest, KeepsThreeDigits) {
  EXPECT_EQ(ShortCountText(999), "999");
  EXPECT_EQ(ShortCountText(1'234), "1.23k");
  EXPECT_EQ(ShortCountText(612'345), "612k");
  EXPECT_EQ(ShortCountText(999'600), "1.00M");
  EXPECT_EQ(ShortCountText(1'200'000'000), "1.20G");
}

TEST(DurationTextTest, PicksTheUnit) {
  EXPECT_EQ(DurationText(0.000412), "412 µs");
  EXPECT_EQ(DurationText(0.0032), "3.2 ms");
  EXPECT_EQ(DurationText(0.25), "250 ms");
  EXPECT_EQ(DurationText(1.54), "1.5 s");
  EXPECT_EQ(DurationText(125), "2 min 05 s");
  EXPECT_EQ(DurationText(3 * 3600 + 120), "3 h 02 min");
}

TEST(BytesTextTest, PicksTheUnit) {
  EXPECT_EQ(BytesText(812), "812 B");
  EXPECT_EQ(BytesText(3'400), "3.4 kB");
  EXPECT_EQ(BytesText(1.2e9), "1.2 GB");
}

TEST(ProbabilityTextTest, NeverClaimsZeroOrRoundsUpToOneTooSoon) {
  EXPECT_EQ(ProbabilityText(1e-12), "<.001");
  EXPECT_EQ(ProbabilityText(0.0134), ".013");
  EXPECT_EQ(ProbabilityText(0.9994), ".999");
  EXPECT_EQ(ProbabilityText(1.0), "1");
  EXPECT_EQ(ProbabilityText(std::nullopt), "");
}

TEST(TimeTextTest, IsUtc) { EXPECT_EQ(TimeText(1'738'367'999), "2025-01-31 23:59:59"); }

TEST(MetricStyleTest, ShowsSharesInPercentPoints) {
  const MetricStyle style(true, "");
  EXPECT_EQ(style.Value(0.9514), "0.9514");
  EXPECT_EQ(style.Delta(-0.0235), "-2.35 pp");
  EXPECT_EQ(style.Interval(-0.036, 0.011), "[-3.60, +1.10]");
}

TEST(MetricStyleTest, ShowsMeansOnTheirOwnScale) {
  const MetricStyle style(false, "");
  EXPECT_EQ(style.Value(0.4321), "0.4321");
  EXPECT_EQ(style.Delta(0.0079), "+0.0079");
}

TEST(MetricStyleTest, ShowsUnits) {
  const MetricStyle style(false, "us");
  EXPECT_EQ(style.Value(412.04), "412.0 µs");
  EXPECT_EQ(style.Delta(-23), "-23.0 µs");
}

TEST(MetricStyleTest, GivesNoSignToWhatRoundsToZero) {
  const MetricStyle style(true, "");
  EXPECT_EQ(style.Delta(-0.00001), "0.00 pp");
}

TEST(MetricStyleTest, ShowsADashForWhatIsUndefined) {
  const MetricStyle style(true, "");
  EXPECT_EQ(style.Value(std::nullopt), "-");
  EXPECT_EQ(style.Delta(std::nullopt), "-");
  EXPECT_EQ(style.Interval(std::nullopt, 0.1), "-");
}

TEST(NumberTextTest, DropsZerosThatSayNothing) {
  EXPECT_EQ(NumberText(1), "1");
  EXPECT_EQ(NumberText(0.5), "0.5");
  EXPECT_EQ(NumberText(12.3456), "12.35");
  EXPECT_EQ(NumberText(1e-7), "1e-07");
}

}  // namespace
}  // namespace assay::cli
