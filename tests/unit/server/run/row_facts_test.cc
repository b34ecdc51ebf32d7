#include "server/run/row_facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace assay::run {
namespace {

using ::testing::ElementsAre;

TEST(RowFactsTest, ZeroCountsAreLeftOut) {
  RowFacts facts;
  facts.Add({{"tied at cut-off 10", 0}});
  EXPECT_TRUE(facts.empty());
}

TEST(RowFactsTest, CountsOfOneNameAddUp) {
  RowFacts facts;
  facts.Add({{"tied at cut-off 10", 2}, {"without a ranking", 1}});
  facts.Add({{"tied at cut-off 10", 3}});
  EXPECT_THAT(facts.Sentences(),
              ElementsAre("5 examples tied at cut-off 10", "1 example without a ranking"));
}

TEST(RowFactsTest, ColumnCarriesThemFromAChunkToTheSum) {
  RowFacts chunk;
  chunk.Add({{"tied at cut-off 10", 2}, {"without a ranking", 4}});
  const Column column = chunk.ToColumn(3);
  EXPECT_EQ(column.num_rows, 3);
  EXPECT_TRUE(column.IsValid(0));
  EXPECT_FALSE(column.IsValid(1));
  EXPECT_FALSE(FindFault(column).has_value());
  RowFacts sum;
  sum.AddColumn(column);
  sum.AddColumn(column);
  EXPECT_THAT(sum.Sentences(),
              ElementsAre("4 examples tied at cut-off 10", "8 examples without a ranking"));
}

}  // namespace
}  // namespace assay::run
