#include "server/store/sqlite/version_reference.h"

#include <gtest/gtest.h>

namespace assay::store {
namespace {

TEST(VersionReferenceTest, LatestIsNeitherNumberNorDigest) {
  const absl::StatusOr<VersionReference> reference = ParseVersionReference("latest");
  ASSERT_TRUE(reference.ok());
  EXPECT_FALSE(reference->number.has_value());
  EXPECT_FALSE(reference->digests.has_value());
}

TEST(VersionReferenceTest, NumbersCountFromOne) {
  EXPECT_EQ(ParseVersionReference("17")->number, 17);
  EXPECT_TRUE(absl::IsInvalidArgument(ParseVersionReference("0").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(ParseVersionReference("-1").status()));
}

TEST(VersionReferenceTest, ADigestPrefixIsARange) {
  const absl::StatusOr<VersionReference> reference = ParseVersionReference("sha256:12abc");
  ASSERT_TRUE(reference.ok());
  const auto& [lowest, highest] = *reference->digests;
  EXPECT_EQ(DigestText(lowest), "sha256:12abc" + std::string(59, '0'));
  EXPECT_EQ(DigestText(highest), "sha256:12abc" + std::string(59, 'f'));
}

TEST(VersionReferenceTest, OtherTextsAreRefused) {
  for (const std::string& text :
       {std::string(), std::string("Latest"), std::string("1.0"), std::string("sha256:"),
        std::string("sha256:123"), std::string("sha256:xyzw"), "sha256:" + std::string(65, '0'),
        std::string("99999999999999999999"), std::string("1 ")}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParseVersionReference(text).status())) << text;
  }
}

}  // namespace
}  // namespace assay::store
