#include "server/base/sha256.h"

#include <gtest/gtest.h>

#include <string>

#include "server/base/hex.h"

namespace assay {
namespace {

// FIPS 180-4 examples.
TEST(Sha256Test, HashesTheEmptyString) {
  EXPECT_EQ(HexText(Sha256::Of("")),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Sha256Test, HashesAbc) {
  EXPECT_EQ(HexText(Sha256::Of("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256Test, HashesAMillionTimesATenAtATime) {
  Sha256 hash;
  for (int i = 0; i < 100'000; ++i) {
    hash.Update("aaaaaaaaaa");
  }
  EXPECT_EQ(HexText(hash.Finish()),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256Test, AMovedHashGoesOn) {
  Sha256 first;
  first.Update("a");
  Sha256 second = std::move(first);
  second.Update("bc");
  EXPECT_EQ(second.Finish(), Sha256::Of("abc"));
}

}  // namespace
}  // namespace assay
