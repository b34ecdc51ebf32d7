#include "server/run/first_outputs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace assay::run {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(SampleRowsTest, TakesEveryPairThatFits) {
  EXPECT_THAT(SampleRows(std::vector<std::uint8_t>{0, 1, 1, 0, 1}, 3), ElementsAre(1, 2, 4));
  EXPECT_THAT(SampleRows(std::vector<std::uint8_t>{0, 0}, 3), IsEmpty());
}

TEST(SampleRowsTest, SpreadsTheSampleOverThePairsAlone) {
  // Pairs are the rows 1, 3, 4, 5, 7, 9, of which every second is taken.
  EXPECT_THAT(SampleRows(std::vector<std::uint8_t>{0, 1, 0, 1, 1, 1, 0, 1, 0, 1}, 3),
              ElementsAre(1, 4, 7));
}

}  // namespace
}  // namespace assay::run
