#include "server/base/json_depth.h"

#include <gtest/gtest.h>

#include <string>

namespace assay {
namespace {

TEST(JsonDepthTest, CountsOpenArraysAndObjects) {
  EXPECT_FALSE(IsNestedDeeper("", 0));
  EXPECT_FALSE(IsNestedDeeper("1", 0));
  EXPECT_TRUE(IsNestedDeeper("[]", 0));
  EXPECT_FALSE(IsNestedDeeper(R"([{"a":[]},[[]],{}])", 3));
  EXPECT_TRUE(IsNestedDeeper(R"([{"a":[]}])", 2));
  EXPECT_FALSE(IsNestedDeeper("[][][][]", 1));
}

TEST(JsonDepthTest, BracketsInStringsAreText) {
  EXPECT_FALSE(IsNestedDeeper(R"({"[[[":"{{{","\"[":"\\"})", 1));
  EXPECT_TRUE(IsNestedDeeper(R"(["\\",[]])", 1));
  EXPECT_FALSE(IsNestedDeeper(R"("[[[)", 0));
}

TEST(JsonDepthTest, OpenLevelsNeedNoEnd) {
  EXPECT_TRUE(IsNestedDeeper(std::string(1'000'000, '['), 100));
}

}  // namespace
}  // namespace assay
