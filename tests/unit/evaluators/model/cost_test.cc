#include "evaluators/model/cost.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <cstdint>
#include <string>
#include <vector>

#include "tests/unit/evaluators/model/reference_data.h"

namespace assay {
namespace {

using testing::ElementsAre;
using testing::FieldsAre;

Architecture ArchitectureOf(const std::string& name) {
  const auto architecture = ParseArchitecture(ReadReferenceFile(name + ".arch.json"));
  EXPECT_TRUE(architecture.ok()) << architecture.status();
  return *architecture;
}

Numerics In(Dtype dtype) {
  Numerics numerics;
  numerics.dtype = dtype;
  return numerics;
}

Numerics Quantized(const char* scheme) {
  Numerics numerics = In(Dtype::kInt8);
  numerics.scheme = *ParseQuantization(scheme);
  return numerics;
}

LayerCost Total(const std::string& name, const Numerics& numerics) {
  return TotalCost(CostOf(ArchitectureOf(name), numerics));
}

// Every number below is counted by hand.
TEST(CostTest, LayersOfAnMlpInDouble) {
  EXPECT_THAT(
      CostOf(ArchitectureOf("mlp_relu"), {}),
      ElementsAre(FieldsAre("fc1", 2 * 64 * 128 + 128, 64 * 128 + 128, 8 * 8320, 8 * (64 + 128)),
                  FieldsAre("fc1.act", 128, 0, 0, 8 * (128 + 128)),
                  FieldsAre("fc2", 2 * 128 * 64 + 64, 128 * 64 + 64, 8 * 8256, 8 * (128 + 64)),
                  FieldsAre("fc2.act", 64, 0, 0, 8 * (64 + 64)),
                  FieldsAre("head", 2 * 64 * 10 + 10, 64 * 10 + 10, 8 * 650, 8 * (64 + 10))));
  EXPECT_THAT(Total("mlp_relu", {}), FieldsAre("", 34'442, 17'226, 137'808, 6'736));
}

TEST(CostTest, BytesFollowTheArithmetic) {
  EXPECT_THAT(Total("mlp_relu", In(Dtype::kF32)), FieldsAre("", 34'442, 17'226, 68'904, 3'368));
  EXPECT_THAT(Total("mlp_relu", In(Dtype::kBf16)), FieldsAre("", 34'442, 17'226, 34'452, 6'736));
  EXPECT_THAT(Total("mlp_relu", In(Dtype::kF16)), FieldsAre("", 34'442, 17'226, 34'452, 6'736));
}

TEST(CostTest, Int8TakesAByteAWeightAndACode) {
  // 17,024 weights, 202 biases and as many scales; 256 codes in, 202 + 192 floats out and so on.
  EXPECT_THAT(Total("mlp_relu", Quantized("dynamic_row")),
              FieldsAre("", 34'442, 17'226, 17'024 + 8 * 202, 576 + 1024 + 384 + 512 + 104));
  EXPECT_THAT(Total("mlp_relu", Quantized("static_per_tensor")),
              FieldsAre("", 34'442, 17'226, 17'024 + 4 * 202 + 4 * 3, 2'600));
}

TEST(CostTest, GatedBlocksReadBothInputsAndTheResidual) {
  const std::vector<LayerCost> layers = CostOf(ArchitectureOf("ffn_swiglu"), In(Dtype::kF32));
  ASSERT_EQ(layers.size(), 12U);
  EXPECT_THAT(layers[1], FieldsAre("ffn1.gate", 2 * 64 * 96, 64 * 96, 4 * 6144, 4 * (64 + 96)));
  EXPECT_THAT(layers[3], FieldsAre("ffn1.mul", 2 * 96, 0, 0, 4 * (96 + 96 + 96)));
  EXPECT_THAT(layers[5], FieldsAre("ffn1", 64, 0, 0, 4 * (64 + 64 + 64)));
  const LayerCost total = TotalCost(layers);
  EXPECT_EQ(total.flops, 83'786);
  EXPECT_EQ(total.weight_bytes, 4 * 41'674);
}

TEST(CostTest, NormsAndSoftmax) {
  const auto architecture = ParseArchitecture(
      R"({"format":"assay.architecture/v1","input":{"features":5},"outputs":{"logits":"s"},)"
      R"("blocks":[{"type":"layer_norm","name":"l","dim":5},{"type":"rms_norm","name":"r","dim":5},)"
      R"({"type":"l2_norm","name":"n"},{"type":"softmax","name":"s"}]})");
  ASSERT_TRUE(architecture.ok()) << architecture.status();
  EXPECT_THAT(CostOf(*architecture, In(Dtype::kF32)),
              ElementsAre(FieldsAre("l", 35, 10, 40, 40), FieldsAre("r", 20, 5, 20, 40),
                          FieldsAre("n", 15, 0, 0, 40), FieldsAre("s", 30, 0, 0, 40)));
}

TEST(CostTest, WeightsAreAsManyAsTheFilesHold) {
  simdjson::dom::parser parser;
  const simdjson::dom::element summary =
      parser.load(std::string(ASSAY_TEST_DATA) + "/reference_models/expected_summary.json");
  for (const std::string name : {"mlp_relu", "mlp_gelu", "mlp_silu", "ffn_swiglu", "embed_gelu"}) {
    EXPECT_EQ(Total(name, {}).num_weights, summary["models"][name]["params"].get_int64().value())
        << name;
  }
  EXPECT_EQ(Total("embed_gelu", {}).flops, 35'808);
}

}  // namespace
}  // namespace assay
