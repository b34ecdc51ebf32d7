#include "server/http/limits.h"

#include <gtest/gtest.h>

namespace assay::http {
namespace {

TEST(CensusTest, CountsConnectionsOfAnAddressAndOfAll) {
  Census census({.max_connections = 3, .max_connections_per_address = 2});
  EXPECT_TRUE(census.Enter("10.0.0.1", false));
  EXPECT_TRUE(census.Enter("10.0.0.1", false));
  EXPECT_FALSE(census.Enter("10.0.0.1", false));
  EXPECT_TRUE(census.Enter("10.0.0.2", false));
  EXPECT_FALSE(census.Enter("10.0.0.3", false));
  census.Leave("10.0.0.1");
  EXPECT_TRUE(census.Enter("10.0.0.1", false));
}

TEST(CensusTest, LetsLoopbackHaveAllOfThem) {
  Census census({.max_connections = 3, .max_connections_per_address = 1});
  EXPECT_TRUE(census.Enter("127.0.0.1", true));
  EXPECT_TRUE(census.Enter("127.0.0.1", true));
  EXPECT_TRUE(census.Enter("127.0.0.1", true));
  EXPECT_FALSE(census.Enter("127.0.0.1", true));
}

TEST(CensusTest, BoundsTheBytesInHand) {
  Census census({.max_body_bytes_in_hand = 100});
  EXPECT_TRUE(census.TakeBytes(60));
  EXPECT_FALSE(census.TakeBytes(41));
  EXPECT_TRUE(census.TakeBytes(40));
  census.ReturnBytes(60);
  EXPECT_TRUE(census.TakeBytes(60));
}

}  // namespace
}  // namespace assay::http
