#include "server/run/embedding_change.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
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

store::ModelVersionRecord Model(const std::string& space, const std::string& weights) {
  store::ModelVersionRecord model;
  if (!space.empty()) {
    model.config["embedding_space"] = space;
  }
  model.weights_digest = weights;
  return model;
}

TEST(HaveOneSpaceTest, GoesByTheDeclarationAndThenByTheWeights) {
  EXPECT_TRUE(HaveOneSpace(Model("s", "w1"), Model("s", "w2")));
  EXPECT_FALSE(HaveOneSpace(Model("s", "w1"), Model("t", "w1")));
  EXPECT_TRUE(HaveOneSpace(Model("", "w1"), Model("", "w1")));
  EXPECT_TRUE(HaveOneSpace(Model("s", "w1"), Model("", "w1")));
  EXPECT_FALSE(HaveOneSpace(Model("", "w1"), Model("", "w2")));
}

TEST(HaveOneSpaceTest, NothingDeclaredIsNotTheSame) {
  EXPECT_FALSE(HaveOneSpace(Model("", ""), Model("", "")));
}

}  // namespace
}  // namespace assay::run
