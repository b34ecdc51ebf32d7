#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/base/hex.h"
#include "tests/integration/store/store_fixture.h"

namespace assay::store {
namespace {

using testing::HasSubstr;

class DatasetStoreTest : public StoreTest {
 protected:
  DatasetStore& datasets() { return store().datasets(); }
  DatasetVersionRecord Make(const std::string& name, const std::string& prefix) {
    return MakeVersion(name, {NumberedTexts("key", prefix, 3)});
  }
};

TEST_F(DatasetStoreTest, TheDefaultProjectIsThereFromTheStart) {
  EXPECT_EQ(datasets().FindProject("default")->id, kDefaultProject);
}

TEST_F(DatasetStoreTest, AnUnknownProjectIsNotFoundByName) {
  EXPECT_EQ(datasets().FindProject("other").status(),
            absl::NotFoundError("no such project: 'other'"));
}

TEST_F(DatasetStoreTest, AVersionIsReadBack) {
  const DatasetVersionRecord made = Make("digits", "k");
  const absl::StatusOr<DatasetVersionRecord> read = datasets().GetVersion(kDefaultProject, made.id);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->dataset_name, "digits");
  EXPECT_EQ(read->number, 1);
  EXPECT_EQ(read->num_rows, 3);
  EXPECT_EQ(read->created_us, test::FakeClock::kStartUs);
  EXPECT_EQ(read->dataset_id, datasets().FindDataset(kDefaultProject, "digits")->id);
}

TEST_F(DatasetStoreTest, VersionsAreNumberedWithinTheirDataset) {
  EXPECT_EQ(Make("a", "x").number, 1);
  EXPECT_EQ(Make("a", "y").number, 2);
  EXPECT_EQ(Make("b", "x").number, 1);
}

TEST_F(DatasetStoreTest, LatestIsTheHighestNumber) {
  Make("a", "x");
  const Id second = Make("a", "y").id;
  EXPECT_EQ(datasets().FindVersion(kDefaultProject, "a", "latest")->id, second);
}

TEST_F(DatasetStoreTest, AVersionIsFoundByNumber) {
  const Id first = Make("a", "x").id;
  Make("a", "y");
  EXPECT_EQ(datasets().FindVersion(kDefaultProject, "a", "1")->id, first);
}

TEST_F(DatasetStoreTest, AVersionIsFoundByAnyUniquePrefixOfItsDigest) {
  const DatasetVersionRecord made = Make("a", "x");
  const std::string digits = HexText(made.digest);
  for (std::size_t length = 4; length <= digits.size(); ++length) {
    EXPECT_EQ(
        datasets().FindVersion(kDefaultProject, "a", "sha256:" + digits.substr(0, length))->id,
        made.id);
  }
}

TEST_F(DatasetStoreTest, APrefixOfSeveralDigestsIsRefused) {
  Make("a", "x");
  Make("a", "y");
  Execute("UPDATE dataset_versions SET digest = CAST(x'ABCD' || substr(digest, 3) AS BLOB)");
  const absl::Status status = datasets().FindVersion(kDefaultProject, "a", "sha256:abcd").status();
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
}

TEST_F(DatasetStoreTest, WhatDoesNotExistIsNotFoundByName) {
  Make("a", "x");
  EXPECT_EQ(datasets().FindVersion(kDefaultProject, "b", "1").status(),
            absl::NotFoundError("no such dataset: 'b'"));
  EXPECT_EQ(datasets().FindVersion(kDefaultProject, "a", "2").status(),
            absl::NotFoundError("no such dataset version: 'a@2'"));
  EXPECT_TRUE(
      absl::IsNotFound(datasets().FindVersion(kDefaultProject, "a", "sha256:00000").status()));
  EXPECT_TRUE(absl::IsNotFound(datasets().GetVersion(kDefaultProject, 999).status()));
}

TEST_F(DatasetStoreTest, OtherProjectsSeeNothing) {
  const Id version = Make("a", "x").id;
  EXPECT_TRUE(absl::IsNotFound(datasets().GetVersion(kDefaultProject + 1, version).status()));
  EXPECT_TRUE(absl::IsNotFound(datasets().FindDataset(kDefaultProject + 1, "a").status()));
  EXPECT_TRUE(datasets().ListDatasets(kDefaultProject + 1, {})->empty());
}

TEST_F(DatasetStoreTest, DatasetsAreListedNewestFirstInPages) {
  for (const char* name : {"a", "b", "c"}) {
    Make(name, "x");
  }
  const auto first = datasets().ListDatasets(kDefaultProject, {.size = 2});
  ASSERT_EQ(first->size(), 2U);
  EXPECT_EQ((*first)[0].name, "c");
  EXPECT_EQ((*first)[1].name, "b");
  const auto second =
      datasets().ListDatasets(kDefaultProject, {.before = (*first)[1].id, .size = 2});
  ASSERT_EQ(second->size(), 1U);
  EXPECT_EQ((*second)[0].name, "a");
}

TEST_F(DatasetStoreTest, VersionsAreListedByNumberInPages) {
  for (const char* prefix : {"x", "y", "z"}) {
    Make("a", prefix);
  }
  const Id dataset = datasets().FindDataset(kDefaultProject, "a")->id;
  const auto page = datasets().ListVersions(kDefaultProject, dataset, {.before = 3, .size = 10});
  ASSERT_EQ(page->size(), 2U);
  EXPECT_EQ((*page)[0].number, 2);
  EXPECT_EQ((*page)[1].number, 1);
}

}  // namespace
}  // namespace assay::store
