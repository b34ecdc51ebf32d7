#include "server/api/model_digest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

namespace assay::api {
namespace {

store::ModelVersionRecord Declared() {
  store::ModelVersionRecord version;
  version.model_name = "mlp";
  version.config = {{"hidden", "64"}, {"seed", "1"}};
  version.activation = "relu";
  return version;
}

TEST(ModelDigestTest, IsEqualForEqualDescriptionsWhateverTheName) {
  store::ModelVersionRecord other = Declared();
  other.model_name = "other";
  EXPECT_EQ(*ModelVersionDigest(Declared()), *ModelVersionDigest(other));
}

TEST(ModelDigestTest, DiffersWhenAnyFieldDiffers) {
  const store::Digest digest = *ModelVersionDigest(Declared());
  store::ModelVersionRecord activation = Declared();
  activation.activation = "gelu";
  EXPECT_NE(*ModelVersionDigest(activation), digest);
  store::ModelVersionRecord weights = Declared();
  weights.weights_digest = "sha256:" + std::string(64, '0');
  EXPECT_NE(*ModelVersionDigest(weights), digest);
  store::ModelVersionRecord config = Declared();
  config.config["seed"] = "2";
  EXPECT_NE(*ModelVersionDigest(config), digest);
}

TEST(ModelDigestTest, DiffersWhenAnotherDeclaredFieldDiffers) {
  const store::Digest digest = *ModelVersionDigest(Declared());
  using Field = std::string store::ModelVersionRecord::*;
  const Field fields[] = {
      &store::ModelVersionRecord::architecture, &store::ModelVersionRecord::dtype,
      &store::ModelVersionRecord::quantization, &store::ModelVersionRecord::preprocessing};
  std::set<store::Digest> digests = {digest};
  for (const Field field : fields) {
    store::ModelVersionRecord version = Declared();
    version.*field = "x";
    EXPECT_TRUE(digests.insert(*ModelVersionDigest(version)).second);
  }
}

TEST(ModelDigestTest, TellsKeysFromValues) {
  store::ModelVersionRecord a;
  a.config = {{"x", "y\n1:z"}};
  store::ModelVersionRecord b;
  b.config = {{"x", "y"}, {"z", ""}};
  EXPECT_NE(*ModelVersionDigest(a), *ModelVersionDigest(b));
}

TEST(ModelDigestTest, IsNewEveryTimeWhenNothingIsDeclared) {
  EXPECT_NE(*ModelVersionDigest({}), *ModelVersionDigest({}));
}

TEST(CheckModelVersionTest, TakesWhatTheSchemaAllows) {
  store::ModelVersionRecord version = Declared();
  version.weights_digest = "sha256:" + std::string(64, 'a');
  version.config[std::string(128, 'k')] = std::string(4096, 'v');
  EXPECT_TRUE(CheckModelVersion(version).ok());
}

TEST(CheckModelVersionTest, NamesTheFieldThatIsTooMuch) {
  store::ModelVersionRecord version = Declared();
  version.config["big"] = std::string(4097, 'v');
  EXPECT_EQ(CheckModelVersion(version).message(),
            "version.config['big']: 4097 bytes, at most 4096 are taken");
}

TEST(CheckModelVersionTest, RefusesWhatIsNoDigest) {
  for (const std::string digest : {"x", "sha256:", "sha256:0123", "md5:00"}) {
    store::ModelVersionRecord version = Declared();
    version.weights_digest = digest;
    EXPECT_EQ(CheckModelVersion(version).code(), absl::StatusCode::kInvalidArgument) << digest;
  }
}

}  // namespace
}  // namespace assay::api
