#include "evaluators/model/model_comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "evaluators/model/activation_swap.h"
#include "evaluators/model/diagnosis.h"
#include "tests/unit/evaluators/model/model_runs.h"
#include "tests/unit/evaluators/model/reference_data.h"

namespace assay {
namespace {

using testing::HasSubstr;

ModelComparison Compared(const ReferenceModel& before, const ReferenceModel& after,
                         const Numerics& numerics, const Digits& digits) {
  LayerObserver timer;
  const Numerics referee;
  const auto comparison = CompareModels({before, referee, timer}, {after, numerics, timer},
                                        digits.features, digits.labels);
  EXPECT_TRUE(comparison.ok()) << comparison.status();
  return *comparison;
}

TEST(ModelComparisonTest, TheSwapIsNamedWithItsLayer) {
  const ReferenceModel model = LoadReferenceModel("mlp_gelu");
  const auto architecture =
      SwapActivation(model.architecture(), *ParseActivationSwap("fc1:gelu=quick_gelu"));
  const ModelComparison comparison =
      Compared(model, model.With(*architecture), {}, LoadDigits("test"));
  EXPECT_EQ(comparison.swap.name, "fc1: gelu -> quick_gelu");
  EXPECT_EQ(comparison.first_diverging, "fc1.act");
  EXPECT_LT(comparison.swap.runner_up_explained, 0.999);
}

TEST(ModelComparisonTest, ASwapIsNamedFromFloat32OutputsToo) {
  const ReferenceModel model = LoadReferenceModel("mlp_gelu");
  const Digits test = LoadDigits("test");
  const std::vector<float> features(test.features.begin(), test.features.begin() + 64 * 64);
  const ReferenceModel deployed = Swapped(model, "gelu->gelu_tanh");
  const LayerCapture outputs = Capture(deployed, {Dtype::kF32, {}, {}}, features);
  const auto swap = NameSwap(model, {}, features, outputs.layer(StepNamed(model, "head")));
  ASSERT_TRUE(swap.ok()) << swap.status();
  EXPECT_EQ(swap->name, "every layer: gelu -> gelu_tanh");
}

ModelComparison ComparedWith(const ReferenceModel& model, const std::vector<float>& features,
                             const std::vector<double>& observed) {
  LayerObserver timer;
  const Numerics referee;
  const auto comparison = CompareOutputs({model, referee, timer}, features, observed);
  EXPECT_TRUE(comparison.ok()) << comparison.status();
  return *comparison;
}

TEST(CompareOutputsTest, OutputsOfAnotherArithmeticNeedNoExplanation) {
  const ReferenceModel model = LoadReferenceModel("mlp_gelu");
  const Digits test = LoadDigits("test");
  const LayerCapture floats = Capture(model, {Dtype::kF32, {}, {}}, test.features);
  const ModelComparison comparison =
      ComparedWith(model, test.features, floats.layer(StepNamed(model, "head")));
  ASSERT_EQ(comparison.layers.size(), 1U);
  EXPECT_EQ(comparison.layers[0].name, "head");
  EXPECT_EQ(comparison.layers[0].tier, DifferenceTier::kEquivalent);
  EXPECT_EQ(comparison.first_diverging, "");
  EXPECT_EQ(comparison.swap.num_tried, 0);
}

TEST(CompareOutputsTest, OutputsOfASwapAreNamed) {
  const ReferenceModel model = LoadReferenceModel("mlp_gelu");
  const Digits test = LoadDigits("test");
  const LayerCapture swapped = Capture(Swapped(model, "gelu->quick_gelu"), {}, test.features);
  const ModelComparison comparison =
      ComparedWith(model, test.features, swapped.layer(StepNamed(model, "head")));
  EXPECT_EQ(comparison.swap.name, "every layer: gelu -> quick_gelu");
  EXPECT_EQ(comparison.layers[0].tier, DifferenceTier::kQuantizationLike);
}

TEST(CompareOutputsTest, NanOutputsAreBrokenAndUnexplained) {
  const ReferenceModel model = LoadReferenceModel("mlp_relu");
  const std::vector<float> features(64, 1);
  const ModelComparison comparison =
      ComparedWith(model, features, std::vector<double>(10, std::nan("")));
  EXPECT_EQ(comparison.layers[0].tier, DifferenceTier::kBroken);
  EXPECT_EQ(comparison.swap.num_tried, 0);
}

TEST(CompareOutputsTest, AnotherNumberOfOutputsIsRefused) {
  const ReferenceModel model = LoadReferenceModel("mlp_relu");
  LayerObserver timer;
  const Numerics referee;
  const std::vector<float> features(64, 1);
  const std::vector<double> observed(9);
  EXPECT_TRUE(absl::IsInvalidArgument(
      CompareOutputs({model, referee, timer}, features, observed).status()));
}

// What went into and came out of layer fc1 of a model.
struct Captured {
  std::vector<double> inputs;
  std::vector<double> outputs;
};

Captured CaptureFirstLayer(const ReferenceModel& model, const Numerics& numerics) {
  const LayerCapture capture = Capture(model, numerics, LoadDigits("test").features);
  return {capture.layer(StepNamed(model, "fc1")), capture.layer(StepNamed(model, "fc1.act"))};
}

TEST(NameCapturedSwapTest, EveryExpectedPairIsNamedFromFloat32Captures) {
  const ReferenceModel model = LoadReferenceModel("mlp_gelu");
  const Numerics deployed = {Dtype::kF32, {}, {}};
  const Captured before = CaptureFirstLayer(model, deployed);
  for (const std::string to : {"gelu_tanh", "quick_gelu", "silu", "relu"}) {
    const Captured after = CaptureFirstLayer(Swapped(model, "gelu->" + to), deployed);
    const auto swap = NameCapturedSwap(before.inputs, before.outputs, after.outputs);
    ASSERT_TRUE(swap.ok()) << swap.status();
    EXPECT_EQ(swap->name, "gelu -> " + to);
    EXPECT_LE(swap->runner_up_explained, swap->explained);
  }
}

TEST(NameCapturedSwapTest, ADifferenceOfTheWeightsIsNoSwap) {
  const ReferenceModel model = LoadReferenceModel("mlp_gelu");
  const Captured before = CaptureFirstLayer(model, {});
  const Captured after =
      CaptureFirstLayer(model.WithTensors([](double value) { return 1.1 * value; }), {});
  const auto swap = NameCapturedSwap(before.inputs, before.outputs, after.outputs);
  ASSERT_TRUE(swap.ok()) << swap.status();
  EXPECT_EQ(swap->name, "");
  EXPECT_GT(swap->num_tried, 300);
}

TEST(NameCapturedSwapTest, EqualCapturesNeedNoName) {
  const std::vector<double> values = {-1, 0, 2};
  const auto swap = NameCapturedSwap(values, values, values);
  ASSERT_TRUE(swap.ok()) << swap.status();
  EXPECT_EQ(swap->num_tried, 0);
}

TEST(NameCapturedSwapTest, CapturesOfDifferentLengthsAreRefused) {
  const std::vector<double> values = {-1, 0, 2};
  EXPECT_TRUE(absl::IsInvalidArgument(
      NameCapturedSwap(values, values, std::span(values).first(2)).status()));
}

class RunCounter : public LayerObserver {
 public:
  void OnStart(std::size_t step) override { runs_ += step == 0 ? 1 : 0; }
  int runs() const { return runs_; }

 private:
  int runs_ = 0;
};

// The run that finds cold caches and fresh memory would be the baseline's.
TEST(ModelComparisonTest, BothSidesAreTimedEquallyOften) {
  const ReferenceModel model = LoadReferenceModel("mlp_relu");
  const Digits test = LoadDigits("test");
  const Numerics referee;
  RunCounter before;
  RunCounter after;
  ASSERT_TRUE(
      CompareModels({model, referee, before}, {model, referee, after}, test.features, test.labels)
          .ok());
  EXPECT_EQ(before.runs(), 3);
  EXPECT_EQ(after.runs(), 3);
}

TEST(ModelComparisonTest, QuantisationIsNoSwap) {
  const ReferenceModel model = LoadReferenceModel("mlp_gelu");
  Numerics numerics;
  numerics.dtype = Dtype::kInt8;
  const ModelComparison comparison = Compared(model, model, numerics, LoadDigits("test"));
  EXPECT_EQ(comparison.swap.name, "");
  EXPECT_GT(comparison.swap.num_tried, 20);
  EXPECT_EQ(comparison.layers.back().tier, DifferenceTier::kQuantizationLike);
}

TEST(ModelComparisonTest, ASwapIsNamedBeneathQuantisation) {
  const ReferenceModel model = LoadReferenceModel("mlp_gelu");
  Numerics numerics;
  numerics.dtype = Dtype::kInt8;
  const ModelComparison comparison =
      Compared(model, Swapped(model, "gelu->gelu_tanh"), numerics, LoadDigits("test"));
  EXPECT_EQ(comparison.swap.name, "every layer: gelu -> gelu_tanh");
  EXPECT_EQ(comparison.swap.sqnr_db, std::nullopt);  // bit for bit
}

TEST(ModelComparisonTest, EqualModelsDivergeNowhere) {
  const ReferenceModel model = LoadReferenceModel("mlp_relu");
  const ModelComparison comparison = Compared(model, model, {}, LoadDigits("test"));
  EXPECT_EQ(comparison.first_diverging, "");
  EXPECT_EQ(comparison.layers[0].tier, DifferenceTier::kIdentical);
}

TEST(ModelComparisonTest, Float32IsEquivalentToTheReferee) {
  const ReferenceModel model = LoadReferenceModel("mlp_silu");
  const ModelComparison comparison =
      Compared(model, model, {Dtype::kF32, {}, {}}, LoadDigits("test"));
  EXPECT_EQ(comparison.layers.back().tier, DifferenceTier::kEquivalent);
  EXPECT_GT(*comparison.layers.back().difference.sqnr_db, 120);
}

TEST(ModelComparisonTest, FeaturesBeyondFloat32HideNoChange) {
  const ReferenceModel model = LoadReferenceModel("mlp_relu");
  Digits test = LoadDigits("test");
  for (float& feature : test.features) {
    feature *= 2e37F;
  }
  const ModelComparison comparison = Compared(model, Swapped(model, "relu->relu2"), {}, test);
  EXPECT_EQ(comparison.first_diverging, "fc1.act");
  EXPECT_EQ(comparison.layers.back().tier, DifferenceTier::kBroken);
}

TEST(ModelComparisonTest, ReluToGeluRevivesDeadUnits) {
  const ReferenceModel model = LoadReferenceModel("mlp_relu");
  const ModelComparison comparison =
      Compared(model, Swapped(model, "relu->gelu"), {}, LoadDigits("test"));
  EXPECT_EQ(comparison.layers[1].name, "fc1.act");
  EXPECT_EQ(comparison.layers[1].revived_units, 18);
}

TEST(DiagnosisTest, DeadUnitsOfTheReluModelAreFound) {
  const ReferenceModel model = LoadReferenceModel("mlp_relu");
  const Digits test = LoadDigits("test");
  const auto findings = Diagnose(model, {}, test.features, test.labels);
  ASSERT_TRUE(findings.ok()) << findings.status();
  EXPECT_EQ((*findings)[0].severity, Severity::kWarning);
  EXPECT_EQ((*findings)[0].check, "dead units");
  EXPECT_THAT((*findings)[0].text, HasSubstr("18 of 128"));
}

TEST(DiagnosisTest, ConstantOutputsAreAProblem) {
  const ReferenceModel zero =
      LoadReferenceModel("mlp_relu").WithTensors([](double) { return 0.0; });
  const Digits test = LoadDigits("test");
  const auto findings = Diagnose(zero, {}, test.features, test.labels);
  ASSERT_TRUE(findings.ok()) << findings.status();
  EXPECT_TRUE(std::any_of(findings->begin(), findings->end(), [](const Finding& finding) {
    return finding.check == "constant outputs" && finding.severity == Severity::kProblem;
  }));
}

TEST(DiagnosisTest, TheBestTemperatureUndoesScaling) {
  const ReferenceModel model = LoadReferenceModel("mlp_relu");
  const Digits test = LoadDigits("test");
  std::vector<double> logits = Capture(model, {}, test.features).layer(StepNamed(model, "head"));
  const double best = BestTemperature(logits, test.labels, 10);
  for (double& value : logits) {
    value *= 3;
  }
  EXPECT_NEAR(BestTemperature(logits, test.labels, 10), 3 * best, 0.01);
}

}  // namespace
}  // namespace assay
