#include "client/cpp/references.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace assay::client {
namespace {

TEST(ParseVersionReferenceTest, SplitsNameAndNumber) {
  const auto reference = ParseVersionReference("digits@3");
  ASSERT_TRUE(reference.ok());
  EXPECT_EQ(reference->name, "digits");
  EXPECT_EQ(reference->version, "3");
}

TEST(ParseVersionReferenceTest, TakesANameAloneAsTheLatestVersion) {
  const auto reference = ParseVersionReference("digits");
  ASSERT_TRUE(reference.ok());
  EXPECT_EQ(reference->version, "latest");
}

TEST(ParseVersionReferenceTest, TakesLatestByName) {
  EXPECT_EQ(ParseVersionReference("digits@latest")->version, "latest");
}

TEST(ParseVersionReferenceTest, TakesADigestPrefixOfFourDigits) {
  EXPECT_EQ(ParseVersionReference("digits@sha256:1f3a")->version, "sha256:1f3a");
}

class BadVersionReferenceTest : public testing::TestWithParam<const char*> {};

TEST_P(BadVersionReferenceTest, IsRefusedAndQuoted) {
  const auto reference = ParseVersionReference(GetParam());
  EXPECT_TRUE(absl::IsInvalidArgument(reference.status()));
}

INSTANTIATE_TEST_SUITE_P(All, BadVersionReferenceTest,
                         testing::Values("", "@3", "digits@", "digits@x", "digits@-1", "digits@3@4",
                                         "digits@sha256:1f3", "digits@sha256:1f3g", ".digits",
                                         "-digits", "a/b", "di gits@1",
                                         "digits@1234567890123456789"));

TEST(CheckResourceIdTest, RefusesMoreThan128Bytes) {
  EXPECT_TRUE(CheckResourceId(std::string(128, 'a')).ok());
  EXPECT_FALSE(CheckResourceId(std::string(129, 'a')).ok());
}

TEST(ResolveTest, MakesAResourceNameOfADatasetVersion) {
  EXPECT_EQ(*ResolveDatasetVersion("default", "digits@3"),
            "projects/default/datasets/digits/versions/3");
}

TEST(ResolveTest, MakesAResourceNameOfAModelVersion) {
  EXPECT_EQ(*ResolveModelVersion("team", "mlp"), "projects/team/models/mlp/versions/latest");
}

TEST(ResolveTest, PassesFullResourceNamesOn) {
  EXPECT_EQ(*ResolveDatasetVersion("default", "projects/p/datasets/d/versions/2"),
            "projects/p/datasets/d/versions/2");
}

TEST(ResolveTest, TakesRunsWithAndWithoutPrefix) {
  for (const char* text : {"run:12", "runs/12", "12", "projects/default/runs/12"}) {
    EXPECT_EQ(*ResolveRun("default", text), "projects/default/runs/12") << text;
  }
}

TEST(ResolveTest, RefusesARunThatIsNoNumber) {
  EXPECT_EQ(ResolveRun("default", "run:abc").status().message(), "not a run: 'run:abc'");
}

TEST(ResolveTest, RefusesTheNameOfAnotherKind) {
  EXPECT_FALSE(ResolveRun("default", "projects/default/comparisons/12").ok());
}

TEST(ResolveTest, TakesBareComparisonAndOutputSetIds) {
  EXPECT_EQ(*ResolveComparison("default", "14"), "projects/default/comparisons/14");
  EXPECT_EQ(*ResolveOutputSet("default", "5"), "projects/default/outputSets/5");
}

TEST(ResolveTest, LowersTheDigitsOfATrace) {
  EXPECT_EQ(*ResolveTrace("default", "4BE1"), "projects/default/traces/4be1");
}

TEST(ResolveTest, RefusesATracePrefixThatIsTooShort) {
  EXPECT_FALSE(ResolveTrace("default", "4be").ok());
}

TEST(IsRunReferenceTest, TellsRunsFromModels) {
  EXPECT_TRUE(IsRunReference("12"));
  EXPECT_TRUE(IsRunReference("run:12"));
  EXPECT_TRUE(IsRunReference("projects/default/runs/12"));
  EXPECT_FALSE(IsRunReference("mlp"));
  EXPECT_FALSE(IsRunReference("12@1"));
  EXPECT_FALSE(IsRunReference("projects/default/models/mlp/versions/1"));
}

TEST(ShortNameTest, IsWhatTheResolversTakeBack) {
  for (const char* name : {"projects/default/datasets/digits/versions/3"}) {
    EXPECT_EQ(*ResolveDatasetVersion("default", ShortName(name)), name);
  }
  EXPECT_EQ(*ResolveRun("default", ShortName("projects/default/runs/12")),
            "projects/default/runs/12");
  EXPECT_EQ(*ResolveComparison("default", ShortName("projects/default/comparisons/7")),
            "projects/default/comparisons/7");
}

TEST(ShortNameTest, LeavesOtherTextAlone) { EXPECT_EQ(ShortName("nothing"), "nothing"); }

}  // namespace
}  // namespace assay::client
