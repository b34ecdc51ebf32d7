#include "server/api/listen_address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace assay::api {
namespace {

ListenAddress Parse(std::string_view text) {
  const absl::StatusOr<ListenAddress> address = ParseListenAddress("--listen", text);
  EXPECT_TRUE(address.ok()) << address.status();
  return address.value_or(ListenAddress{});
}

TEST(ListenAddressTest, ReadsAndPrintsAddresses) {
  for (const std::string text : {"127.0.0.1:7317", "0.0.0.0:0", "[::1]:7317", "[::]:1"}) {
    EXPECT_EQ(FormatAddress(Parse(text)), text);
  }
}

TEST(ListenAddressTest, TakesLocalhostForTheLoopbackAddress) {
  EXPECT_EQ(FormatAddress(Parse("localhost:80")), "127.0.0.1:80");
}

TEST(ListenAddressTest, KnowsWhatOnlyThisMachineCanReach) {
  for (const std::string text : {"127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "localhost:1"}) {
    EXPECT_TRUE(IsLoopback(Parse(text))) << text;
  }
  for (const std::string text : {"0.0.0.0:1", "[::]:1", "10.0.0.1:1", "128.0.0.1:1",
                                 "[::ffff:127.0.0.1]:1", "[fe80::1]:1"}) {
    EXPECT_FALSE(IsLoopback(Parse(text))) << text;
  }
}

TEST(ListenAddressTest, RefusesEverythingElse) {
  for (const std::string text :
       {"", ":", "7317", ":7317", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536",
        "127.0.0.1:-1", "127.0.0.1:+1", "127.1:80", "example.org:80", "::1:80", "[127.0.0.1]:80",
        "[::1:80", "unix:/tmp/x", " 127.0.0.1:80"}) {
    EXPECT_EQ(ParseListenAddress("--listen", text).status().code(),
              absl::StatusCode::kInvalidArgument)
        << text;
  }
}

}  // namespace
}  // namespace assay::api
