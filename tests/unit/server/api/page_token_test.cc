#include "server/api/page_token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace assay::api {
namespace {

using ::testing::ElementsAre;

TEST(PageTokensTest, GivesBackThePositionItWasMadeFor) {
  const PageTokens tokens({"ListRuns", "projects/default"});
  for (const std::int64_t position : {std::int64_t{1}, std::int64_t{300}, INT64_MAX}) {
    const absl::StatusOr<std::int64_t> read = tokens.Read(tokens.Make(position));
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(*read, position);
  }
}

TEST(PageTokensTest, StartsAtTheBeginningWithoutAToken) {
  EXPECT_EQ(*PageTokens({"ListRuns"}).Read(""), 0);
}

TEST(PageTokensTest, RefusesATokenOfOtherArguments) {
  const std::string token = PageTokens({"ListRuns", "projects/a", "x"}).Make(5);
  EXPECT_EQ(PageTokens({"ListRuns", "projects/b", "x"}).Read(token).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(PageTokens({"ListTraces", "projects/a", "x"}).Read(token).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(PageTokensTest, TellsArgumentsApartThatJoinToTheSameText) {
  const std::string token = PageTokens({"List", "ab", "c"}).Make(5);
  EXPECT_FALSE(PageTokens({"List", "a", "bc"}).Read(token).ok());
}

TEST(PageTokensTest, RefusesDamagedTokens) {
  const PageTokens tokens({"ListRuns"});
  std::string changed = tokens.Make(5);
  changed.back() = changed.back() == 'A' ? 'B' : 'A';
  for (const std::string& token :
       {std::string("x"), std::string("!!!!"), std::string(1000, 'A'), changed,
        tokens.Make(5).substr(1), tokens.Make(0), tokens.Make(-1)}) {
    EXPECT_EQ(tokens.Read(token).status().code(), absl::StatusCode::kInvalidArgument) << token;
  }
}

TEST(PageSizeTest, HasADefaultAndALimit) {
  EXPECT_EQ(*PageSize(0), 50);
  EXPECT_EQ(*PageSize(7), 7);
  EXPECT_EQ(*PageSize(1000), 1000);
  EXPECT_EQ(*PageSize(1'000'000), 1000);
}

TEST(PageSizeTest, RefusesANegativeSize) {
  EXPECT_EQ(PageSize(-1).status().message(), "page_size: must not be negative: -1");
}

TEST(CutToPageTest, KeepsAPageAndSaysThatThereIsMore) {
  std::vector<int> records = {5, 4, 3};
  EXPECT_TRUE(CutToPage(records, 2));
  EXPECT_THAT(records, ElementsAre(5, 4));
  EXPECT_FALSE(CutToPage(records, 2));
  EXPECT_THAT(records, ElementsAre(5, 4));
}

}  // namespace
}  // namespace assay::api
