#include "server/base/key_hash.h"

#include <gtest/gtest.h>

namespace assay {
namespace {

// Stored hashes must never change, whatever version of the library is linked.
TEST(KeyHashTest, IsXxh3WithSeedZero) {
  EXPECT_EQ(KeyHash(""), 0x2D06800538D394C2U);
  EXPECT_EQ(KeyHash("a"), 0xE6C632B61E964E1FU);
  EXPECT_EQ(KeyHash("abc"), 0x78AF5F94892F3950U);
}

}  // namespace
}  // namespace assay
