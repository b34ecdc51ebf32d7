#include <gtest/gtest.h>

#include "client/cpp/local_server.h"

namespace assay::client {
namespace {

TEST(ParseServerAddressesTest, ReadsTheReadyLine) {
  const auto addresses = ParseServerAddresses("ready grpc=127.0.0.1:7317 http=127.0.0.1:7318");
  ASSERT_TRUE(addresses.ok());
  EXPECT_EQ(addresses->grpc, "127.0.0.1:7317");
  EXPECT_EQ(addresses->http, "127.0.0.1:7318");
}

TEST(ParseServerAddressesTest, ReadsTheEndpointFile) {
  EXPECT_EQ(ParseServerAddresses("grpc=[::1]:1 http=[::1]:2")->grpc, "[::1]:1");
}

TEST(ParseServerAddressesTest, RefusesALineWithoutBoth) {
  EXPECT_FALSE(ParseServerAddresses("").ok());
  EXPECT_FALSE(ParseServerAddresses("ready grpc=127.0.0.1:7317").ok());
}

}  // namespace
}  // namespace assay::client
