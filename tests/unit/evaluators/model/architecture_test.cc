#include "evaluators/model/architecture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "evaluators/model/activation_swap.h"
#include "tests/unit/evaluators/model/reference_data.h"

namespace assay {
namespace {

using testing::HasSubstr;

TEST(ArchitectureTest, TheTextReadsBackToTheSameArchitecture) {
  for (const char* name : {"mlp_relu", "ffn_swiglu", "embed_gelu"}) {
    const auto first = ParseArchitecture(ReadReferenceFile(std::string(name) + ".arch.json"));
    ASSERT_TRUE(first.ok()) << first.status();
    const auto second = ParseArchitecture(ArchitectureText(*first));
    ASSERT_TRUE(second.ok()) << second.status();
    EXPECT_EQ(ArchitectureText(*second), ArchitectureText(*first));
  }
}

struct BadArchitecture {
  const char* blocks;
  const char* problem;
};

class BadArchitectureTest : public testing::TestWithParam<BadArchitecture> {};

TEST_P(BadArchitectureTest, IsRefusedWithBlockAndReason) {
  const std::string text = absl::StrFormat(
      R"({"format":"assay.architecture/v1","input":{"features":4},"outputs":{"logits":"a"},)"
      R"("blocks":[%s]})",
      GetParam().blocks);
  EXPECT_THAT(std::string(ParseArchitecture(text).status().message()),
              HasSubstr(GetParam().problem));
}

INSTANTIATE_TEST_SUITE_P(
    All, BadArchitectureTest,
    testing::Values(
        BadArchitecture{"", "'blocks' is not a list of blocks"},
        BadArchitecture{R"({"type":"linear","name":"b","in":4,"out":2})",
                        "'logits' names no block"},
        BadArchitecture{R"({"type":"linear","name":"a","in":5,"out":2})",
                        "block 'a': it takes 5 values, but 4 come in"},
        BadArchitecture{R"({"type":"linear","name":"a","in":4,"out":2,"Bias":true})",
                        "block 'a': unknown key 'Bias'"},
        BadArchitecture{R"({"type":"linear","name":"a","in":4,"out":0})", "'out' is not a whole"},
        BadArchitecture{R"({"type":"linear","name":"a","in":4,"out":2.5})", "'out' is not a whole"},
        BadArchitecture{R"({"type":"linear","name":"a","in":4})", "'out' is missing"},
        BadArchitecture{R"({"type":"conv","name":"a"})", "block 'a': unknown type 'conv'"},
        BadArchitecture{R"({"type":"linear","name":"a","in":4,"out":2,"activation":"GELU"})",
                        "ggml/GELU is gelu_tanh"},
        BadArchitecture{R"({"type":"linear","name":"a","in":4,"out":2,"activation":"geluu"})",
                        "no such activation: 'geluu'"},
        BadArchitecture{
            R"({"type":"linear","name":"a","in":4,"out":2,"activation":{"name":"elu","beta":1}})",
            "elu has no 'beta'"},
        BadArchitecture{R"({"type":"linear","name":"a","in":4,"out":2,"activation":"swiglu"})",
                        "block 'a': 'swiglu' is a gated unit of two inputs"},
        BadArchitecture{R"({"type":"activation","name":"a","activation":"softmax"})",
                        "block 'a': 'softmax' is a function of a whole vector"},
        BadArchitecture{R"({"type":"linear","name":"a","in":4,"out":2,"slopes":true})",
                        "block 'a': 'slopes' without an activation"},
        BadArchitecture{R"({"type":"gated_ffn","name":"a","dim":4,"hidden":3,)"
                        R"("activation":"silu","slopes":true})",
                        "block 'a': unknown key 'slopes'"},
        BadArchitecture{R"({"type":"ffn","name":"a","dim":4,"hidden":3})",
                        "'activation' is missing"},
        BadArchitecture{R"({"type":"softmax","name":"a","temperature":0})",
                        "'temperature' is not a number above 0"},
        BadArchitecture{R"({"type":"l2_norm","name":"a"},{"type":"l2_norm","name":"a"})",
                        "block 'a' occurs twice"},
        BadArchitecture{R"({"type":"l2_norm","name":"a b"})", "a name has no blank"}));

TEST(ReferenceModelTest, AMissingTensorIsNamedWithItsBlock) {
  auto architecture = *ParseArchitecture(ReadReferenceFile("mlp_relu.arch.json"));
  architecture.blocks[1].name = "fc9";
  EXPECT_THAT(
      std::string(ReferenceModel::Load(architecture, ReadReferenceFile("mlp_relu.safetensors"))
                      .status()
                      .message()),
      HasSubstr("block 'fc9': the weights have no tensor 'fc9.weight' of shape [64, 128]"));
}

TEST(ReferenceModelTest, ASurplusTensorIsNamed) {
  auto architecture = *ParseArchitecture(ReadReferenceFile("mlp_relu.arch.json"));
  architecture.blocks[0].has_bias = false;
  EXPECT_THAT(
      std::string(ReferenceModel::Load(architecture, ReadReferenceFile("mlp_relu.safetensors"))
                      .status()
                      .message()),
      HasSubstr("a tensor 'fc1.bias' that no block needs"));
}

TEST(ReferenceModelTest, AnotherShapeIsNamedWithBoth) {
  auto architecture = *ParseArchitecture(ReadReferenceFile("mlp_relu.arch.json"));
  architecture.blocks[0].out = 127;
  EXPECT_THAT(
      std::string(ReferenceModel::Load(architecture, ReadReferenceFile("mlp_relu.safetensors"))
                      .status()
                      .message()),
      HasSubstr("tensor 'fc1.weight' has shape [128, 64], want [127, 64]"));
}

TEST(ReferenceModelTest, ANanWeightIsNamedWithBlockAndPosition) {
  std::string file = ReadReferenceFile("mlp_relu.safetensors");
  const auto index = ReadSafetensorsIndex(file);
  ASSERT_TRUE(index.ok()) << index.status();
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  // Row 2, column 5 of [128, 64].
  const auto position =
      static_cast<std::size_t>(index->Find("fc1.weight")->begin) + (2 * 64 + 5) * sizeof(float);
  std::memcpy(file.data() + position, &kNan, sizeof(float));
  const auto architecture = *ParseArchitecture(ReadReferenceFile("mlp_relu.arch.json"));
  EXPECT_EQ(std::string(ReferenceModel::Load(architecture, file).status().message()),
            "block 'fc1': tensor 'fc1.weight': element [2, 5] is nan");
}

TEST(ArchitectureTest, SlopesStayWhenAnotherFunctionTakesTheirPlace) {
  const auto architecture = ParseArchitecture(
      R"({"format":"assay.architecture/v1","input":{"features":4},"outputs":{"logits":"a"},)"
      R"("blocks":[{"type":"linear","name":"a","in":4,"out":2,"activation":"prelu",)"
      R"("slopes":true}]})");
  ASSERT_TRUE(architecture.ok()) << architecture.status();
  const auto swapped = SwapActivation(*architecture, *ParseActivationSwap("prelu=relu"));
  ASSERT_TRUE(swapped.ok()) << swapped.status();
  const auto read = ParseArchitecture(ArchitectureText(*swapped));
  ASSERT_TRUE(read.ok()) << read.status();
  for (const Architecture* const each : {&*architecture, &*swapped, &*read}) {
    const std::vector<TensorNeed> needs = TensorsOf(each->blocks[0]);
    ASSERT_EQ(needs.size(), 3U);
    EXPECT_EQ(needs[2].name, "a.slope");
    EXPECT_EQ(needs[2].shape, std::vector<std::int64_t>{2});
  }
}

TEST(ActivationSwapTest, ALayerOrEveryLayerIsSwapped) {
  const auto architecture = *ParseArchitecture(ReadReferenceFile("mlp_relu.arch.json"));
  const auto all = SwapActivation(architecture, *ParseActivationSwap("relu=silu"));
  EXPECT_EQ(all->blocks[0].activation->kind, ActivationKind::kSilu);
  EXPECT_EQ(all->blocks[1].activation->kind, ActivationKind::kSilu);
  const auto one = SwapActivation(architecture, *ParseActivationSwap("fc2:relu=silu"));
  EXPECT_EQ(one->blocks[0].activation->kind, ActivationKind::kRelu);
  EXPECT_EQ(one->blocks[1].activation->kind, ActivationKind::kSilu);
}

TEST(ActivationSwapTest, AnUnknownOldActivationIsRefusedWithThoseThereAre) {
  const auto architecture = *ParseArchitecture(ReadReferenceFile("mlp_relu.arch.json"));
  EXPECT_THAT(
      std::string(
          SwapActivation(architecture, *ParseActivationSwap("gelu=silu")).status().message()),
      HasSubstr("no gelu in the model; activations: fc1: relu, fc2: relu"));
  EXPECT_THAT(
      std::string(
          SwapActivation(architecture, *ParseActivationSwap("fc7:relu=silu")).status().message()),
      HasSubstr("no layer 'fc7'"));
}

TEST(ActivationSwapTest, AGatedUnitConcernsGatedBlocksAlone) {
  const auto gated = *ParseArchitecture(ReadReferenceFile("ffn_swiglu.arch.json"));
  const auto swapped = SwapActivation(gated, *ParseActivationSwap("swiglu=geglu"));
  ASSERT_TRUE(swapped.ok()) << swapped.status();
  EXPECT_EQ(swapped->blocks[1].activation->kind, ActivationKind::kGelu);
  EXPECT_EQ(ActivationSwapText(*ParseActivationSwap("ffn1:swiglu=geglu")), "ffn1.swiglu=geglu");
  const auto plain = *ParseArchitecture(ReadReferenceFile("mlp_silu.arch.json"));
  EXPECT_THAT(
      std::string(SwapActivation(plain, *ParseActivationSwap("swiglu=geglu")).status().message()),
      HasSubstr("no swiglu in the model; activations: fc1: silu, fc2: silu"));
  EXPECT_FALSE(SwapActivation(plain, *ParseActivationSwap("silu=geglu")).ok());
}

TEST(ActivationSwapTest, TheTextSaysParametersThatAreNotTheDefault) {
  EXPECT_EQ(ActivationSwapText(*ParseActivationSwap("fc1:hf/gelu_new=leaky_relu(0.1)")),
            "fc1.gelu_tanh=leaky_relu(0.1)");
  EXPECT_EQ(ActivationSwapText(*ParseActivationSwap("relu=leaky_relu")), "relu=leaky_relu");
}

}  // namespace
}  // namespace assay
