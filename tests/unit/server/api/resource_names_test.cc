#include "server/api/resource_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace assay::api {
namespace {

using ::testing::HasSubstr;

TEST(ResourceNamesTest, ReadsTheNameOfARun) {
  const absl::StatusOr<NumberedName> name =
      ParseNumberedName("name", "runs", "projects/default/runs/12");
  ASSERT_TRUE(name.ok()) << name.status();
  EXPECT_EQ(name->project, "default");
  EXPECT_EQ(name->id, 12);
}

TEST(ResourceNamesTest, PrintsWhatItReads) {
  EXPECT_EQ(FormatNumberedName("default", "outputSets", 7), "projects/default/outputSets/7");
  EXPECT_EQ(FormatNamedName("default", "datasets", "digits"), "projects/default/datasets/digits");
  EXPECT_EQ(FormatVersionName("default", "models", "mlp", 3),
            "projects/default/models/mlp/versions/3");
}

TEST(ResourceNamesTest, ReadsAVersionByNumberByWordAndByDigest) {
  for (const std::string version : {"3", "latest", "sha256:1f3a"}) {
    const absl::StatusOr<VersionName> name = ParseVersionName(
        "name", "datasets", "projects/default/datasets/digits/versions/" + version);
    ASSERT_TRUE(name.ok()) << name.status();
    EXPECT_EQ(name->id, "digits");
    EXPECT_EQ(name->version, version);
  }
}

TEST(ResourceNamesTest, SaysWhichFieldIsWrongAndWhatWasExpected) {
  const absl::StatusOr<NumberedName> name = ParseNumberedName("run.name", "runs", "x");
  EXPECT_EQ(name.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(name.status().message(), "run.name: expected projects/{project}/runs/{run}: 'x'");
}

TEST(ResourceNamesTest, SpellsOutputSetAsTheSchemaDoes) {
  EXPECT_THAT(std::string(ParseNumberedName("name", "outputSets", "").status().message()),
              HasSubstr("projects/{project}/outputSets/{output_set}"));
}

class BadRunName : public ::testing::TestWithParam<const char*> {};

TEST_P(BadRunName, IsRefused) {
  EXPECT_EQ(ParseNumberedName("name", "runs", GetParam()).status().code(),
            absl::StatusCode::kInvalidArgument);
}

INSTANTIATE_TEST_SUITE_P(
    ResourceNamesTest, BadRunName,
    ::testing::Values("", "/", "projects", "projects/", "projects//runs/1", "projects/p/runs",
                      "projects/p/runs/", "projects/p/runs/1/", "projects/p/runs/1/scores",
                      "projects/p/models/1", "projects/p/runs/0", "projects/p/runs/01",
                      "projects/p/runs/-1", "projects/p/runs/+1", "projects/p/runs/1x",
                      "projects/p/runs/9223372036854775808", "/projects/p/runs/1",
                      "projects/p/runs/../../runs/1", "projects/p/runs/1\n"));

TEST(ResourceNamesTest, RefusesANameOfManyBytesWithoutRepeatingIt) {
  const std::string name = "projects/default/runs/" + std::string(100'000, '1');
  const absl::Status status = ParseNumberedName("name", "runs", name).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_LT(status.message().size(), 300U);
}

TEST(ResourceNamesTest, EscapesWhatItRepeats) { EXPECT_EQ(Quoted("a\nb'\x01"), "a\\nb\\'\\001"); }

TEST(ResourceNamesTest, TakesIdsOfLettersDigitsAndThreeSigns) {
  for (const std::string id : {"a", "digits", "robust03_subset", "v1.2-x", "0", "_x"}) {
    EXPECT_TRUE(CheckUserId("dataset", id).ok()) << id;
  }
}

TEST(ResourceNamesTest, RefusesIdsThatCouldBePathsOrFlags) {
  for (const std::string& id :
       {std::string(), std::string(".."), std::string(".x"), std::string("-x"), std::string("a/b"),
        std::string("a b"), std::string("a@b"), std::string("\xc3\xa9"), std::string("a\0b", 3),
        std::string(129, 'a')}) {
    EXPECT_EQ(CheckUserId("dataset", id).code(), absl::StatusCode::kInvalidArgument) << id;
  }
}

}  // namespace
}  // namespace assay::api
