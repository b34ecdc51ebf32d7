#include "evaluators/model/backpropagation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "tests/unit/evaluators/model/reference_data.h"

namespace assay {
namespace {

// A model with every kind of block, its weights from a fixed sequence.
ReferenceModel EveryBlock() {
  const auto architecture = ParseArchitecture(R"({
    "format": "assay.architecture/v1", "input": {"features": 5},
    "outputs": {"logits": "head", "embedding": "unit", "temperature": 1.5},
    "blocks": [
      {"type": "linear", "name": "in", "in": 5, "out": 6, "activation": "mish"},
      {"type": "ffn", "name": "ffn", "dim": 6, "hidden": 7, "pre_norm": "layer_norm",
       "residual": true, "activation": "gelu_tanh"},
      {"type": "gated_ffn", "name": "gated", "dim": 6, "hidden": 4, "pre_norm": "rms_norm",
       "bias": false, "residual": true, "activation": "silu"},
      {"type": "gated_ffn", "name": "fused", "dim": 6, "hidden": 3, "bias": false,
       "gate_order": "up_first", "activation": "geglu"},
      {"type": "layer_norm", "name": "norm", "dim": 6},
      {"type": "activation", "name": "act", "activation": {"name": "elu", "alpha": 0.7}},
      {"type": "activation", "name": "channels", "activation": "prelu", "slopes": true},
      {"type": "softmax", "name": "soft", "temperature": 0.5},
      {"type": "rms_norm", "name": "rms", "dim": 6},
      {"type": "l2_norm", "name": "unit"},
      {"type": "linear", "name": "head", "in": 6, "out": 3}
    ]})");
  EXPECT_TRUE(architecture.ok()) << architecture.status();
  std::string header = "{";
  std::string data;
  std::uint32_t state = 1;
  for (const Block& block : architecture->blocks) {
    for (const TensorNeed& need : TensorsOf(block)) {
      const std::size_t begin = data.size();
      std::int64_t count = 1;
      for (const std::int64_t size : need.shape) {
        count *= size;
      }
      for (std::int64_t i = 0; i < count; ++i) {
        state = state * 1664525U + 1013904223U;
        const double value = static_cast<double>(state >> 8) / (1U << 24) * 2 - 1;
        data.append(reinterpret_cast<const char*>(&value), sizeof(value));
      }
      header += absl::StrFormat(
          "%s\"%s\":{\"dtype\":\"F64\",\"shape\":%s,\"data_offsets\":[%d,%d]}",
          header.size() > 1 ? "," : "", need.name, ShapeText(need.shape), begin, data.size());
    }
  }
  header += "}";
  std::string file(8, '\0');
  const std::uint64_t length = header.size();
  std::memcpy(file.data(), &length, sizeof(length));
  auto model = ReferenceModel::Load(*architecture, file + header + data);
  EXPECT_TRUE(model.ok()) << model.status();
  return *std::move(model);
}

TEST(BackpropagationTest, InputGradientsOfEveryBlockMatchCentralDifferences) {
  const ReferenceModel model = EveryBlock();
  const std::vector<float> features = {0.5F, -1.25F, 2, 0.125F, -0.75F, 1, 0.25F, -0.5F, 1.5F, -2};
  const std::vector<std::int32_t> targets = {2, 0};
  const auto gradients = Backpropagate(model, features, targets);
  ASSERT_TRUE(gradients.ok()) << gradients.status();
  constexpr float kStep = 0x1p-11F;  // steps are exact in float32
  for (std::size_t i = 0; i < features.size(); ++i) {
    std::vector<float> moved = features;
    moved[i] = features[i] + kStep;
    const double above = Backpropagate(model, moved, targets)->loss;
    moved[i] = features[i] - kStep;
    const double below = Backpropagate(model, moved, targets)->loss;
    const double difference = (above - below) / (2 * static_cast<double>(kStep));
    EXPECT_NEAR(gradients->input[i], difference, 2e-6 + 2e-5 * std::fabs(difference)) << i;
    EXPECT_NE(gradients->input[i], 0);
  }
}

TEST(BackpropagationTest, TheLossIsTheMeanNegativeLogLikelihood) {
  const Digits test = LoadDigits("test");
  const auto gradients = Backpropagate(LoadReferenceModel("mlp_relu"), test.features, test.labels);
  ASSERT_TRUE(gradients.ok()) << gradients.status();
  EXPECT_NEAR(gradients->loss, 0.17601535465837106, 1e-12);  // nll_before of expected_summary.json
}

TEST(BackpropagationTest, AModelWithoutLogitsHasNoLoss) {
  const Digits test = LoadDigits("test");
  EXPECT_TRUE(absl::IsFailedPrecondition(
      Backpropagate(LoadReferenceModel("embed_gelu"), test.features, test.labels).status()));
}

}  // namespace
}  // namespace assay
