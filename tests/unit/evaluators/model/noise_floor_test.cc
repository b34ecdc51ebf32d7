#include "evaluators/model/noise_floor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "tests/unit/evaluators/kernels/levels.h"
#include "tests/unit/evaluators/model/reference_data.h"

namespace assay {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::Gt;

// One product of three terms, which are its weights when every feature is 1.
ReferenceModel SumOf(const std::vector<float>& terms) {
  std::string header = R"({"sum.weight":{"dtype":"F32","shape":[1,3],"data_offsets":[0,12]}})";
  std::string file(8, '\0');
  const std::uint64_t size = header.size();
  std::memcpy(file.data(), &size, sizeof(size));
  file += header;
  file.append(reinterpret_cast<const char*>(terms.data()), 12);
  const auto architecture = ParseArchitecture(
      R"({"format":"assay.architecture/v1","input":{"features":3},"outputs":{"logits":"sum"},)"
      R"("blocks":[{"type":"linear","name":"sum","in":3,"out":1,"bias":false}]})");
  EXPECT_TRUE(architecture.ok()) << architecture.status();
  auto model = ReferenceModel::Load(*architecture, file);
  EXPECT_TRUE(model.ok()) << model.status();
  return *std::move(model);
}

LayerCapture Referee(const ReferenceModel& model, const std::vector<float>& features) {
  const auto forward = Forward::Make(model, {});
  EXPECT_TRUE(forward.ok()) << forward.status();
  LayerCapture capture(forward->program().steps.size());
  EXPECT_TRUE(forward->Run(features, capture).ok());
  return capture;
}

std::vector<double> Floor(const ReferenceModel& model, const std::vector<float>& features) {
  const auto floor = MeasureNoiseFloor(model, features, Referee(model, features));
  EXPECT_TRUE(floor.ok()) << floor.status();
  return *floor;
}

constexpr float kLarge = 16777216;  // 2^24: adding 1 changes nothing in float32

TEST(NoiseFloorTest, SeesWhatFloat32LosesInOrder) {
  const LevelScope restore;
  for (const Isa isa : Levels()) {
    ASSERT_TRUE(SelectIsa(isa));
    EXPECT_THAT(Floor(SumOf({kLarge, 1, -kLarge}), {1, 1, 1}), ElementsAre(1));
  }
}

TEST(NoiseFloorTest, SeesWhatOnlyTheOtherOrderLoses) {
  const LevelScope restore;
  for (const Isa isa : Levels()) {
    ASSERT_TRUE(SelectIsa(isa));
    // -2^24 + 1 is a float32, so nothing is lost from left to right.
    EXPECT_THAT(Floor(SumOf({-kLarge, 1, kLarge}), {1, 1, 1}), ElementsAre(1));
  }
}

TEST(NoiseFloorTest, ExactSumsHaveNone) {
  EXPECT_THAT(Floor(SumOf({1, 2, 3}), {1, 0.5, 0.25}), ElementsAre(0));
}

TEST(NoiseFloorTest, WhatOverflowsInFloat32IsNoNoise) {
  // 3e38 * 2 is beyond float32 and no trouble to double; the row of ones has a floor of its own.
  EXPECT_THAT(Floor(SumOf({2, 0, 0}), {3e38F, 1, 1}), ElementsAre(0));
  EXPECT_THAT(Floor(SumOf({kLarge, 1, -kLarge}), {1, 1, 1, 3e38F, 1, 1}), ElementsAre(1));
}

TEST(NoiseFloorTest, CoversTheFloorOfFloat32InOrder) {
  const ReferenceModel model = LoadReferenceModel("mlp_gelu");
  const Digits test = LoadDigits("test");
  const LayerCapture referee = Referee(model, test.features);
  const auto deployed = Forward::Make(model, {Dtype::kF32, {}, {}});
  LayerCapture floats(deployed->program().steps.size());
  ASSERT_TRUE(deployed->Run(test.features, floats).ok());
  const std::vector<double> floor = Floor(model, test.features);
  for (std::size_t step = 0; step < floor.size(); ++step) {
    double in_order = 0;
    for (std::size_t i = 0; i < referee.layer(step).size(); ++i) {
      in_order = std::max(in_order, std::fabs(referee.layer(step)[i] - floats.layer(step)[i]));
    }
    EXPECT_GE(floor[step], in_order);
    EXPECT_LT(floor[step], 1e-4);
  }
  EXPECT_THAT(floor, Each(Gt(0)));
}

// The rows of several tiles are each held against their own.
TEST(NoiseFloorTest, DoesNotGrowWhenRowsRepeat) {
  const ReferenceModel model = LoadReferenceModel("mlp_relu");
  const Digits test = LoadDigits("test");
  std::vector<float> thrice;
  for (int i = 0; i < 3; ++i) {
    thrice.insert(thrice.end(), test.features.begin(), test.features.end());
  }
  EXPECT_EQ(Floor(model, thrice), Floor(model, test.features));
}

TEST(SumOrderTest, ARowDoesNotDependOnItsNeighbours) {
  const ReferenceModel model = LoadReferenceModel("mlp_relu");
  const auto forward = Forward::Make(model, {Dtype::kF32, {}, {}}, SumOrder::kDescending);
  ASSERT_TRUE(forward.ok()) << forward.status();
  const Digits test = LoadDigits("test");
  LayerCapture together(forward->program().steps.size());
  ASSERT_TRUE(forward->Run(test.features, together).ok());
  LayerCapture alone(forward->program().steps.size());
  ASSERT_TRUE(forward->Run(std::span(test.features).subspan(std::size_t{5} * 64, 64), alone).ok());
  const std::size_t head = forward->program().steps.size() - 1;
  EXPECT_TRUE(std::equal(alone.layer(head).begin(), alone.layer(head).end(),
                         together.layer(head).begin() + 5 * 10));
}

}  // namespace
}  // namespace assay
