#include "server/base/clock.h"

#include <gtest/gtest.h>

namespace assay {
namespace {

TEST(SystemClockTest, TellsMicrosecondsSinceTheEpoch) {
  const std::int64_t now_us = SystemClock().NowUs();
  EXPECT_GT(now_us, 1'577'836'800'000'000);  // 2020
  EXPECT_LT(now_us, 7'258'118'400'000'000);  // 2200
}

TEST(SystemClockTest, SteadyTimeNeverGoesBack) {
  const auto before = SystemClock().Steady();
  EXPECT_GE(SystemClock().Steady(), before);
}

}  // namespace
}  // namespace assay
