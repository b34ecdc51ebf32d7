#include "server/run/embedding_change.h"

#include <gtest/gtest.h>

#include <string>

namespace assay::run {
namespace {

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
