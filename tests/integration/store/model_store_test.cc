#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/integration/store/store_fixture.h"

namespace assay::store {
namespace {

using testing::ElementsAre;
using testing::Pair;

class ModelStoreTest : public StoreTest {
 protected:
  ModelStore& models() { return store().models(); }
  std::pair<ModelVersionRecord, bool> Add(const ModelVersionRecord& version,
                                          const std::string& request_id = "") {
    return *models().AddVersion(kDefaultProject, version, request_id, {});
  }
};

ModelVersionRecord Version(const std::string& name, std::uint8_t digest_byte) {
  ModelVersionRecord version;
  version.model_name = name;
  version.digest = DigestOfByte(digest_byte);
  return version;
}

TEST_F(ModelStoreTest, AVersionIsReadBackWhole) {
  ModelVersionRecord version = Version("mlp", 7);
  version.external = false;
  version.config = {{"", "empty"}, {"lr", "0.1"}};
  version.activation = "gelu";
  version.weights_digest = "sha256:12";
  version.architecture = "mlp 64-32";
  version.dtype = "float32";
  version.quantization = "none";
  version.preprocessing = "sha256:34";
  const Id id = Add(version).first.id;
  const absl::StatusOr<ModelVersionRecord> read = models().GetVersion(kDefaultProject, id);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->model_name, "mlp");
  EXPECT_EQ(read->number, 1);
  EXPECT_EQ(read->digest, version.digest);
  EXPECT_FALSE(read->external);
  EXPECT_THAT(read->config, ElementsAre(Pair("", "empty"), Pair("lr", "0.1")));
  EXPECT_EQ(read->activation, "gelu");
  EXPECT_EQ(read->weights_digest, "sha256:12");
  EXPECT_EQ(read->architecture, "mlp 64-32");
  EXPECT_EQ(read->dtype, "float32");
  EXPECT_EQ(read->quantization, "none");
  EXPECT_EQ(read->preprocessing, "sha256:34");
  EXPECT_EQ(read->created_us, test::FakeClock::kStartUs);
}

TEST_F(ModelStoreTest, TheSameDigestIsTheSameVersion) {
  const auto [first, first_existed] = Add(Version("m", 1));
  const auto [second, second_existed] = Add(Version("m", 1));
  EXPECT_FALSE(first_existed);
  EXPECT_TRUE(second_existed);
  EXPECT_EQ(first.id, second.id);
}

TEST_F(ModelStoreTest, TheSameDigestUnderAnotherNameIsAnotherVersion) {
  EXPECT_NE(Add(Version("a", 1)).first.id, Add(Version("b", 1)).first.id);
}

TEST_F(ModelStoreTest, ARepeatedRequestGivesItsVersionWhateverTheDigest) {
  const auto [first, first_existed] = Add(Version("m", 1), "request");
  const auto [second, second_existed] = Add(Version("m", 2), "request");
  EXPECT_EQ(first.id, second.id);
  EXPECT_FALSE(second_existed);
  EXPECT_EQ(models().ListVersions(kDefaultProject, first.model_id, {})->size(), 1U);
}

TEST_F(ModelStoreTest, VersionsAreFoundByNumberLatestAndDigest) {
  const Id first = Add(Version("m", 0x11)).first.id;
  const Id second = Add(Version("m", 0x22)).first.id;
  EXPECT_EQ(models().FindVersion(kDefaultProject, "m", "1")->id, first);
  EXPECT_EQ(models().FindVersion(kDefaultProject, "m", "latest")->id, second);
  EXPECT_EQ(models().FindVersion(kDefaultProject, "m", "sha256:11111")->id, first);
}

TEST_F(ModelStoreTest, WhatDoesNotExistIsNotFoundByName) {
  EXPECT_EQ(models().FindModel(kDefaultProject, "m").status(),
            absl::NotFoundError("no such model: 'm'"));
  Add(Version("m", 1));
  EXPECT_EQ(models().FindVersion(kDefaultProject, "m", "2").status(),
            absl::NotFoundError("no such model version: 'm@2'"));
  EXPECT_EQ(models().GetOutputSet(kDefaultProject, 99).status(),
            absl::NotFoundError("no such output set: 'outputSets/99'"));
}

TEST_F(ModelStoreTest, ModelsAreListedNewestFirst) {
  Add(Version("a", 1));
  Add(Version("b", 1));
  const auto models_found = models().ListModels(kDefaultProject, {});
  ASSERT_EQ(models_found->size(), 2U);
  EXPECT_EQ((*models_found)[0].name, "b");
}

TEST_F(ModelStoreTest, OutputSetsAreListedByEitherVersion) {
  const Id dataset = MakeVersion("d", {NumberedTexts("key", "k", 2)}).id;
  const Id other_dataset = MakeVersion("e", {NumberedTexts("key", "j", 2)}).id;
  const Id model = Add(Version("m", 1)).first.id;
  const Id other_model = Add(Version("m", 2)).first.id;
  const Id a = PushOutputs(dataset, model, {NumberedTexts("label", "a", 2)}).result_id;
  const Id b = PushOutputs(dataset, other_model, {NumberedTexts("label", "b", 2)}).result_id;
  const Id c = PushOutputs(other_dataset, model, {NumberedTexts("label", "c", 2)}).result_id;
  const auto list = [&](Id dataset_version, Id model_version) {
    const auto sets = models().ListOutputSets(kDefaultProject, dataset_version, model_version, {});
    std::vector<Id> ids;
    for (const OutputSetRecord& set : *sets) {
      ids.push_back(set.id);
    }
    return ids;
  };
  EXPECT_THAT(list(0, 0), ElementsAre(c, b, a));
  EXPECT_THAT(list(dataset, 0), ElementsAre(b, a));
  EXPECT_THAT(list(0, model), ElementsAre(c, a));
  EXPECT_THAT(list(other_dataset, other_model), ElementsAre());
}

}  // namespace
}  // namespace assay::store
