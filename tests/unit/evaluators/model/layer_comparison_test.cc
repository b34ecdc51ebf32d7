#include "evaluators/model/layer_comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace assay {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(RowsFurthestApartTest, OrdersRowsByTheNormOfTheirDifference) {
  const std::vector<double> before = {0, 0, 0, 0, 0, 0};
  // Norms 1.4, 2 and 1.5: a row counts as a whole, not by its largest value.
  const std::vector<double> after = {1, 1, 0, 2, -1.5, 0};
  EXPECT_THAT(RowsFurthestApart(before, after, 2, 10), ElementsAre(1, 2, 0));
}

TEST(RowsFurthestApartTest, LeavesOutEqualRowsAndThoseBeyondTheLimit) {
  const std::vector<double> before = {1, 2, 3, 4};
  const std::vector<double> after = {2, 2, 5, 5};
  EXPECT_THAT(RowsFurthestApart(before, after, 1, 10), ElementsAre(2, 0, 3));
  EXPECT_THAT(RowsFurthestApart(before, after, 1, 2), ElementsAre(2, 0));
  EXPECT_THAT(RowsFurthestApart(before, before, 1, 10), IsEmpty());
}

TEST(RowsFurthestApartTest, ARowThatIsNotFiniteIsFurthest) {
  const std::vector<double> before = {0, 0, 0};
  const std::vector<double> after = {1e200, std::numeric_limits<double>::quiet_NaN(),
                                     std::numeric_limits<double>::infinity()};
  // 1e200 squared is infinite as well; of equal rows the first comes first.
  EXPECT_THAT(RowsFurthestApart(before, after, 1, 10), ElementsAre(0, 1, 2));
}

}  // namespace
}  // namespace assay
