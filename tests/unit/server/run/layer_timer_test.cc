#include "server/run/layer_timer.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace assay::run {
namespace {

class LayerTimerTest : public testing::Test {
 protected:
  void Spend(std::size_t step, std::int64_t first_row, int microseconds) {
    timer_.OnStart(step);
    now_ += std::chrono::microseconds(microseconds);
    timer_.OnComputed(step, first_row, 10);
    now_ += std::chrono::microseconds(1000);  // what observers take is not the layer's
  }

  LayerTimer::Time now_;
  LayerTimer timer_{[this] { return now_; }};
};

TEST_F(LayerTimerTest, BlocksOfOneRunAddUp) {
  Spend(0, 0, 5);
  Spend(1, 0, 50);
  Spend(0, 10, 7);
  Spend(1, 10, 70);
  EXPECT_EQ(timer_.BestUs(0), 12);
  EXPECT_EQ(timer_.BestUs(1), 120);
}

TEST_F(LayerTimerTest, TheShortestRunCounts) {
  for (const int microseconds : {40, 3, 9}) {
    Spend(0, 0, microseconds);
    Spend(0, 10, microseconds);
  }
  EXPECT_EQ(timer_.BestUs(0), 6);
}

TEST_F(LayerTimerTest, ALayerThatHasNotRunTakesNoTime) {
  Spend(1, 0, 5);
  EXPECT_EQ(timer_.BestUs(0), 0);
  EXPECT_EQ(timer_.BestUs(7), 0);
}

}  // namespace
}  // namespace assay::run
