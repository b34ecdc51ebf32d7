#include "evaluators/statistics/multiplicity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace assay {
namespace {

using testing::DoubleEq;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(HolmTest, MultipliesByWhatIsLeftAndNeverFalls) {
  EXPECT_THAT(HolmAdjusted(std::vector<double>{0.01, 0.04, 0.03}),
              ElementsAre(DoubleEq(0.03), DoubleEq(0.06), DoubleEq(0.06)));
}

TEST(HolmTest, StopsAtOne) {
  EXPECT_THAT(HolmAdjusted(std::vector<double>{0.7, 0.9}), ElementsAre(1.0, 1.0));
}

TEST(HolmTest, LeavesASingleTestAlone) {
  EXPECT_THAT(HolmAdjusted(std::vector<double>{0.049}), ElementsAre(0.049));
}

TEST(BenjaminiHochbergTest, ScalesByRankAndNeverFalls) {
  EXPECT_THAT(BenjaminiHochbergAdjusted(std::vector<double>{0.01, 0.04, 0.03}),
              ElementsAre(DoubleEq(0.03), DoubleEq(0.04), DoubleEq(0.04)));
}

TEST(MultiplicityTest, AcceptsAnEmptyFamily) {
  EXPECT_THAT(HolmAdjusted({}), IsEmpty());
  EXPECT_THAT(BenjaminiHochbergAdjusted({}), IsEmpty());
}

}  // namespace
}  // namespace assay
