#include "server/http/site_guard.h"

#include <gtest/gtest.h>

namespace assay::http {
namespace {

const std::vector<std::string> kNames = {"assay.example"};

TEST(OwnHostTest, TakesAddressesLocalhostAndItsNames) {
  for (const std::string_view host : {"127.0.0.1:7318", "localhost", "LocalHost:1", "[::1]:7318",
                                      "10.1.2.3", "assay.example", "Assay.Example:8080"}) {
    EXPECT_TRUE(IsOwnHost(host, kNames)) << host;
  }
}

TEST(OwnHostTest, RefusesOthers) {
  for (const std::string_view host :
       {"evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "x@localhost", "[::1",
        "[evil]", "", ":80", "0x7f.1"}) {
    EXPECT_FALSE(IsOwnHost(host, kNames)) << host;
  }
}

TEST(OwnOriginTest, IsTheHostWithItsPort) {
  EXPECT_TRUE(IsOwnOrigin("http://127.0.0.1:7318", "127.0.0.1:7318", kNames));
  EXPECT_TRUE(IsOwnOrigin("https://LOCALHOST:7318", "localhost:7318", kNames));
  EXPECT_FALSE(IsOwnOrigin("http://127.0.0.1:8000", "127.0.0.1:7318", kNames));
  EXPECT_FALSE(IsOwnOrigin("http://127.0.0.1:7318.evil.example", "127.0.0.1:7318", kNames));
}

TEST(OwnOriginTest, IsAPublicNameBehindAProxy) {
  EXPECT_TRUE(IsOwnOrigin("https://assay.example", "127.0.0.1:7318", kNames));
  EXPECT_FALSE(IsOwnOrigin("https://assay.example.evil", "127.0.0.1:7318", kNames));
}

TEST(OwnOriginTest, IsNeverOpaque) {
  EXPECT_FALSE(IsOwnOrigin("null", "null", kNames));
  EXPECT_FALSE(IsOwnOrigin("", "127.0.0.1", kNames));
  EXPECT_FALSE(IsOwnOrigin("file://127.0.0.1", "127.0.0.1", kNames));
}

}  // namespace
}  // namespace assay::http
