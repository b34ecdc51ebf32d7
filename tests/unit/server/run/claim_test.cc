#include "server/run/claim.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/run/fairness.h"

namespace assay::run {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

store::ModelVersionRecord Declared() {
  store::ModelVersionRecord version;
  version.activation = "gelu";
  version.weights_digest = "sha256:1";
  version.architecture = "mlp 64-32-10";
  version.dtype = "float32";
  version.quantization = "none";
  version.preprocessing = "sha256:2";
  version.config = {{"rate", "1"}};
  return version;
}

auto Fields(std::initializer_list<const char*> names) {
  std::vector<testing::Matcher<store::FieldDifference>> fields;
  for (const char* const name : names) {
    fields.push_back(Field(&store::FieldDifference::field, name));
  }
  return testing::ElementsAreArray(fields);
}

TEST(ClaimTest, IsProvenWhenEverythingElseIsDeclaredAndEqual) {
  store::ModelVersionRecord candidate = Declared();
  candidate.activation = "gelu_tanh";
  const ClaimFindings findings =
      CheckClaim(std::vector<std::string>{"activation"}, Declared(), candidate);
  EXPECT_THAT(findings.broken, IsEmpty());
  EXPECT_THAT(findings.unproven, IsEmpty());
}

// One case a field: a difference outside the claim breaks it, with both values, and the same
// difference inside the claim does not.
TEST(ClaimTest, EveryFieldBreaksAClaimThatDoesNotNameIt) {
  for (const DeclaredField& field : kDeclaredFields) {
    store::ModelVersionRecord candidate = Declared();
    candidate.*field.value = "other";
    const std::string claimed = field.name == "activation" ? "weights" : "activation";
    const ClaimFindings findings =
        CheckClaim(std::vector<std::string>{claimed}, Declared(), candidate);
    ASSERT_EQ(findings.broken.size(), 1U) << field.name;
    EXPECT_EQ(findings.broken[0].field, field.name);
    EXPECT_EQ(findings.broken[0].baseline, Declared().*field.value);
    EXPECT_EQ(findings.broken[0].candidate, "other");
    const ClaimFindings allowed =
        CheckClaim(std::vector<std::string>{std::string(field.name)}, Declared(), candidate);
    EXPECT_THAT(allowed.broken, IsEmpty()) << field.name;
    EXPECT_THAT(allowed.unproven, IsEmpty()) << field.name;
  }
}

TEST(ClaimTest, EveryUndeclaredFieldLeavesTheClaimUnproven) {
  for (const DeclaredField& field : kDeclaredFields) {
    const std::string claimed = field.name == "activation" ? "weights" : "activation";
    store::ModelVersionRecord silent = Declared();
    (silent.*field.value).clear();
    for (const auto& [baseline, candidate] :
         {std::pair(Declared(), silent), std::pair(silent, Declared()),
          std::pair(silent, silent)}) {
      const ClaimFindings findings =
          CheckClaim(std::vector<std::string>{claimed}, baseline, candidate);
      EXPECT_THAT(findings.broken, IsEmpty()) << field.name;
      ASSERT_EQ(findings.unproven.size(), 1U) << field.name;
      EXPECT_EQ(findings.unproven[0].field, field.name);
    }
  }
}

TEST(ClaimTest, ConfigurationBreaksAClaimUnlessItsKeysAreNamed) {
  store::ModelVersionRecord candidate = Declared();
  candidate.config = {{"rate", "2"}, {"seed", "7"}};
  EXPECT_THAT(CheckClaim(std::vector<std::string>{"activation"}, Declared(), candidate).broken,
              Fields({"config.rate", "config.seed"}));
  EXPECT_THAT(CheckClaim(std::vector<std::string>{"config.rate"}, Declared(), candidate).broken,
              Fields({"config.seed"}));
  EXPECT_THAT(CheckClaim(std::vector<std::string>{"config.*"}, Declared(), candidate).broken,
              IsEmpty());
}

TEST(ClaimTest, NothingDeclaredProvesNothing) {
  EXPECT_THAT(CheckClaim(std::vector<std::string>{"activation"}, {}, {}).unproven,
              Fields({"weights", "architecture", "dtype", "quantization", "preprocessing"}));
}

TEST(ClaimTest, IsPutInWords) {
  EXPECT_EQ(ClaimText({}), "");
  EXPECT_EQ(ClaimText(std::vector<std::string>{"activation"}), "only activation changed");
  EXPECT_EQ(ClaimText(std::vector<std::string>{"activation", "dtype", "config.*"}),
            "only activation, dtype and config.* changed");
}

TEST(CheckClaimFieldTest, KnowsTheFieldsOfAModel) {
  for (const char* const field : {"activation", "quantization", "weights", "dtype", "architecture",
                                  "preprocessing", "config.*", "config.rate"}) {
    EXPECT_TRUE(CheckClaimField(field).ok()) << field;
  }
  for (const char* const field : {"", "config", "config.", "weight", "Activation"}) {
    EXPECT_THAT(CheckClaimField(field).message(), HasSubstr("no such field of a model")) << field;
  }
}

}  // namespace
}  // namespace assay::run
