#include "server/http/rpc_status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace assay::http {
namespace {

TEST(RpcStatusTest, HasNoDetailsWhenThereAreNone) {
  EXPECT_TRUE(ParseRpcStatus("").empty());
  EXPECT_TRUE(ParseRpcStatus(std::string_view("\x08\x05\x12\x01x", 5)).empty());
}

TEST(RpcStatusTest, HasNoDetailsWhenItIsDamaged) {
  for (const std::string_view bytes :
       {std::string_view("\x1a\x7f"), std::string_view("\x1a\x02\x0a\x7f"),
        std::string_view("\xff\xff\xff\xff\xff\xff"), std::string_view("\x0b")}) {
    EXPECT_TRUE(ParseRpcStatus(bytes).empty());
  }
}

}  // namespace
}  // namespace assay::http
