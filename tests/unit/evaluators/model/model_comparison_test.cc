#include "evaluators/model/model_comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <string>
#include <vector>

#include "evaluators/kernels/softmax.h"
#include "evaluators/model/activation_swap.h"
#include "evaluators/model/diagnosis.h"
#include "evaluators/model/retrieval.h"
#include "tests/unit/evaluators/model/reference_data.h"

namespace assay {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;
using testing::HasSubstr;

const element& Summary() {
  static simdjson::dom::parser parser;
  static const element summary =
      parser.load(std::string(ASSAY_TEST_DATA) + "/reference_models/expected_summary.json");
  return summary;
}

double Number(const element& from, const char* key) { return from[key].get_double(); }

void ExpectRelative(double actual, double expected, double tolerance, const std::string& what) {
  EXPECT_LE(std::fabs(actual - expected), tolerance * std::fabs(expected) + 1e-15)
      << what << ": " << actual << " for " << expected;
}

// `relu->leaky_relu_0.1` as the summary writes it.
ReferenceModel Swapped(const ReferenceModel& model, const std::string& text) {
  std::string to = text.substr(text.find("->") + 2);
  const std::string from = text.substr(0, text.find("->"));
  double parameter = 0;
  for (const std::string prefix : {"elu_", "leaky_relu_"}) {
    if (to.starts_with(prefix)) {
      // The slopes of the summary are float32.
      parameter = static_cast<double>(std::stof(to.substr(prefix.size())));
      to = prefix.substr(0, prefix.size() - 1);
    }
  }
  auto swap = ParseActivationSwap(from + "=" + to);
  EXPECT_TRUE(swap.ok()) << swap.status();
  if (parameter != 0) {
    swap->to.parameter = parameter;
  }
  const auto architecture = SwapActivation(model.architecture(), *swap);
  EXPECT_TRUE(architecture.ok()) << architecture.status();
  return model.With(*architecture);
}

LayerCapture Capture(const ReferenceModel& model, const Numerics& numerics,
                     const std::vector<float>& features) {
  const auto forward = Forward::Make(model, numerics);
  EXPECT_TRUE(forward.ok()) << forward.status();
  LayerCapture capture(forward->program().steps.size());
  EXPECT_TRUE(forward->Run(features, capture).ok());
  return capture;
}

std::size_t StepNamed(const ReferenceModel& model, const std::string& name) {
  const Program program = MakeProgram(model.architecture());
  for (std::size_t i = 0; i < program.steps.size(); ++i) {
    if (program.steps[i].name == name) {
      return i;
    }
  }
  ADD_FAILURE() << "no layer " << name;
  return 0;
}

std::size_t Best(const std::vector<double>& logits, std::size_t row) {
  const auto begin = logits.begin() + static_cast<std::ptrdiff_t>(row * 10);
  return static_cast<std::size_t>(std::max_element(begin, begin + 10) - begin);
}

// Everything the summary says of logits before and after.
void ExpectLogits(const std::vector<double>& before, const std::vector<double>& after,
                  const std::vector<std::int32_t>& labels, const element& expected,
                  double tolerance, const std::string& what) {
  const LayerDifference difference = CompareLayer(before, after, 10);
  ExpectRelative(difference.max_abs, Number(expected, "max_abs"), tolerance, what);
  ExpectRelative(difference.mean_abs, Number(expected, "mean_abs"), tolerance, what);
  ExpectRelative(difference.rmse, Number(expected, "rmse"), tolerance, what);
  ExpectRelative(*difference.relative_l2, Number(expected, "rel_l2"), tolerance, what);
  ExpectRelative(*difference.sqnr_db, Number(expected, "sqnr_db"), tolerance, what);
  ExpectRelative(*difference.cosine, Number(expected, "cosine_all"), tolerance, what);
  ExpectRelative(*difference.lowest_cosine, Number(expected, "cosine_row_min"), tolerance, what);
  ExpectRelative(*difference.mean_cosine, Number(expected, "cosine_row_mean"), tolerance, what);
  std::int64_t flips = 0;
  std::int64_t fixed = 0;
  std::int64_t broken = 0;
  double divergence = 0;
  std::vector<double> p(10);
  std::vector<double> q(10);
  for (std::size_t row = 0; row < labels.size(); ++row) {
    const std::size_t a = Best(before, row);
    const std::size_t b = Best(after, row);
    const auto label = static_cast<std::size_t>(labels[row]);
    flips += a != b ? 1 : 0;
    fixed += a != label && b == label ? 1 : 0;
    broken += a == label && b != label ? 1 : 0;
    ASSERT_TRUE(LogSoftmax(std::span(before).subspan(row * 10, 10), 1, p).ok());
    ASSERT_TRUE(LogSoftmax(std::span(after).subspan(row * 10, 10), 1, q).ok());
    for (std::size_t i = 0; i < 10; ++i) {
      divergence += std::exp(p[i]) * (p[i] - q[i]);
    }
  }
  EXPECT_EQ(flips, expected["prediction_flips"].get_int64().value()) << what;
  EXPECT_EQ(fixed, expected["fixed"].get_int64().value()) << what;
  EXPECT_EQ(broken, expected["broken"].get_int64().value()) << what;
  ExpectRelative(divergence / static_cast<double>(labels.size()), Number(expected, "mean_kl"),
                 std::max(tolerance, 1e-6), what);
  ExpectRelative(MeanLoss(after, labels, 10, 1), Number(expected, "nll_after"), tolerance, what);
}

class SummaryTest : public testing::TestWithParam<std::string> {
 protected:
  const ReferenceModel model_ = LoadReferenceModel(GetParam());
  const Digits test_ = LoadDigits("test");
  const element expected_ = Summary()["models"][GetParam()].value();
};

TEST_P(SummaryTest, SwapsGiveTheExpectedStatistics) {
  const std::size_t head = StepNamed(model_, "head");
  const LayerCapture before = Capture(model_, {}, test_.features);
  int swaps = 0;
  for (const auto& swap : object(expected_["swap_without_retraining"].value())) {
    const std::string name = GetParam() + " " + std::string(swap.key);
    const LayerCapture after = Capture(Swapped(model_, std::string(swap.key)), {}, test_.features);
    ExpectLogits(before.layer(head), after.layer(head), test_.labels, swap.value, 1e-9, name);
    for (const auto& layer : object(swap.value["per_layer"].value())) {
      const std::size_t step = StepNamed(model_, std::string(layer.key));
      const LayerDifference difference =
          CompareLayer(before.layer(step), after.layer(step),
                       MakeProgram(model_.architecture()).steps[step].out);
      ExpectRelative(*difference.sqnr_db, Number(layer.value, "sqnr_db"), 1e-9, name);
      ExpectRelative(*difference.relative_l2, Number(layer.value, "rel_l2"), 1e-9, name);
    }
    ++swaps;
  }
  EXPECT_GE(swaps, 4);
}

TEST_P(SummaryTest, HealthOfEveryActivationIsAsExpected) {
  const LayerCapture capture = Capture(model_, {}, test_.features);
  const Program program = MakeProgram(model_.architecture());
  const std::vector<double> input = ScaledInput(model_, test_.features);
  for (const auto& layer : object(expected_["activation_health_test"].value())) {
    std::string name(layer.key);
    name = name.ends_with(".gate") ? name.substr(0, name.size() - 5) + ".mul" : name + ".act";
    const auto health = HealthOf(program, StepNamed(model_, name), capture, input);
    ASSERT_TRUE(health.has_value());
    const std::string what = GetParam() + " " + name;
    ExpectRelative(health->pre_mean, Number(layer.value, "pre_mean"), 1e-9, what);
    ExpectRelative(health->pre_std, Number(layer.value, "pre_std"), 1e-9, what);
    ExpectRelative(health->mean, Number(layer.value, "post_mean"), 1e-9, what);
    ExpectRelative(health->std, Number(layer.value, "post_std"), 1e-9, what);
    ExpectRelative(health->zero_share, Number(layer.value, "zero_fraction"), 1e-9, what);
    ExpectRelative(health->negative_share, Number(layer.value, "negative_fraction"), 1e-9, what);
    EXPECT_EQ(health->dead_units, layer.value["dead_units"].get_int64().value()) << what;
    EXPECT_EQ(health->constant_units, layer.value["constant_units"].get_int64().value()) << what;
    ExpectRelative(*health->kurtosis, Number(layer.value, "kurtosis_excess"), 1e-9, what);
    ExpectRelative(health->max_abs, Number(layer.value, "max_abs"), 1e-9, what);
    ExpectRelative(*health->outlier_ratio, Number(layer.value, "channel_absmax_over_median"), 1e-9,
                   what);
    ExpectRelative(*health->effective_rank, Number(layer.value, "effective_rank_entropy"), 1e-9,
                   what);
    ExpectRelative(*health->participation_ratio, Number(layer.value, "participation_ratio"), 1e-9,
                   what);
    ExpectRelative(health->min, Number(layer.value, "post_min"), 1e-9, what);
    ExpectRelative(health->max, Number(layer.value, "post_max"), 1e-9, what);
  }
}

INSTANTIATE_TEST_SUITE_P(All, SummaryTest,
                         testing::Values("mlp_relu", "mlp_gelu", "mlp_silu", "ffn_swiglu"),
                         [](const auto& test) { return test.param; });

class QuantizedSummaryTest : public SummaryTest {};

// The references ran in float32, so their statistics carry its rounding.
TEST_P(QuantizedSummaryTest, SchemesGiveTheExpectedStatistics) {
  const Digits calibration = LoadDigits("calib");
  const std::size_t head = StepNamed(model_, "head");
  const LayerCapture before = Capture(model_, {}, test_.features);
  int schemes = 0;
  for (const auto& scheme : object(expected_["int8"].value())) {
    Numerics numerics;
    numerics.dtype = Dtype::kInt8;
    const auto parsed = ParseQuantization(scheme.key);
    if (!parsed.ok()) {
      EXPECT_THAT(std::string(scheme.key), HasSubstr("dynamic_tensor"));
      continue;
    }
    numerics.scheme = *parsed;
    if (parsed->range == QuantizationScheme::Range::kStatic) {
      numerics.inputs = *CalibrateInputs(model_, *parsed, calibration.features);
    }
    const LayerCapture after = Capture(model_, numerics, test_.features);
    ExpectLogits(before.layer(head), after.layer(head), test_.labels, scheme.value, 2e-5,
                 GetParam() + " " + std::string(scheme.key));
    ++schemes;
  }
  EXPECT_EQ(schemes, 8);
}

TEST_P(QuantizedSummaryTest, SwapsUnderStaleCalibrationGiveTheExpectedStatistics) {
  object swaps;
  if (expected_["int8_swap_stale_calibration"].get(swaps) != simdjson::SUCCESS) {
    GTEST_SKIP() << "the expected values have no swaps under stale calibration for this model";
  }
  Numerics numerics;
  numerics.dtype = Dtype::kInt8;
  numerics.scheme = *ParseQuantization("static");
  numerics.inputs = *CalibrateInputs(model_, numerics.scheme, LoadDigits("calib").features);
  const std::size_t head = StepNamed(model_, "head");
  const LayerCapture before = Capture(model_, {}, test_.features);
  for (const auto& swap : swaps) {
    const LayerCapture after =
        Capture(Swapped(model_, std::string(swap.key)), numerics, test_.features);
    ExpectLogits(before.layer(head), after.layer(head), test_.labels, swap.value, 2e-5,
                 GetParam() + " " + std::string(swap.key));
  }
}

INSTANTIATE_TEST_SUITE_P(All, QuantizedSummaryTest,
                         testing::Values("mlp_relu", "mlp_gelu", "mlp_silu"),
                         [](const auto& test) { return test.param; });

class EmbeddingTest : public testing::Test {
 protected:
  std::vector<double> Encode(const ReferenceModel& model, const std::vector<float>& features) {
    return Capture(model, {}, features).layer(StepNamed(model, "norm"));
  }
  RetrievalQuality Measure(const std::vector<std::int32_t>& rankings) {
    std::vector<std::int64_t> num_relevant;
    for (const std::int32_t label : test_.labels) {
      num_relevant.push_back(std::count(train_.labels.begin(), train_.labels.end(), label));
    }
    return MeasureRetrieval(rankings, 10, num_relevant,
                            [this](std::int64_t query, std::int32_t document) {
                              return test_.labels[static_cast<std::size_t>(query)] ==
                                     train_.labels[static_cast<std::size_t>(document)];
                            });
  }
  void ExpectQuality(const RetrievalQuality& quality, const element& expected,
                     const std::string& what) {
    ExpectRelative(quality.precision_at_1, Number(expected, "precision@1"), 1e-9, what);
    ExpectRelative(quality.precision_at_k, Number(expected, "precision@10"), 1e-9, what);
    ExpectRelative(quality.mrr, Number(expected, "mrr@10"), 1e-9, what);
    ExpectRelative(quality.ndcg, Number(expected, "ndcg@10"), 1e-9, what);
  }

  const ReferenceModel model_ = LoadReferenceModel("embed_gelu");
  const Digits train_ = LoadDigits("train");
  const Digits test_ = LoadDigits("test");
  const element expected_ = Summary()["models"]["embed_gelu"].value();
};

TEST_F(EmbeddingTest, SearchFindsTheExpectedDocuments) {
  const std::vector<std::int32_t> rankings =
      SearchExactly(Encode(model_, test_.features), Encode(model_, train_.features), 24, 10);
  const ExpectedTensors expected("embed_gelu.expected.safetensors");
  EXPECT_THAT(rankings, testing::ElementsAreArray(expected.Values("top10_train_positions")));
  ExpectQuality(Measure(rankings), expected_["retrieval_float64"].value(), "baseline");
}

TEST_F(EmbeddingTest, BothSidesAndStaleIndexAreAsExpected) {
  const std::vector<double> queries = Encode(model_, test_.features);
  const std::vector<double> documents = Encode(model_, train_.features);
  const std::vector<std::int32_t> reference = SearchExactly(queries, documents, 24, 10);
  for (const auto& swap : object(expected_["swap"].value())) {
    const std::string name(swap.key);
    const ReferenceModel swapped = Swapped(model_, name);
    const std::vector<double> new_queries = Encode(swapped, test_.features);
    const std::vector<std::int32_t> both =
        SearchExactly(new_queries, Encode(swapped, train_.features), 24, 10);
    const std::vector<std::int32_t> stale = SearchExactly(new_queries, documents, 24, 10);
    ExpectQuality(Measure(both), swap.value["both_sides"].value(), name);
    ExpectQuality(Measure(stale), swap.value["query_side_only (stale index)"].value(), name);
    ExpectRelative(MeanJaccard(reference, both, 10), Number(swap.value, "top10_jaccard_both"), 1e-9,
                   name);
    ExpectRelative(MeanJaccard(reference, stale, 10), Number(swap.value, "top10_jaccard_stale"),
                   1e-9, name);
    std::int64_t changed = 0;
    for (std::size_t i = 0; i < both.size(); i += 10) {
      changed += both[i] != reference[i] ? 1 : 0;
    }
    EXPECT_EQ(changed, swap.value["top1_changed_both"].get_int64().value()) << name;
    const LayerDifference difference = CompareLayer(queries, new_queries, 24);
    ExpectRelative(*difference.mean_cosine, Number(swap.value, "embedding_cosine_mean"), 1e-9,
                   name);
    ExpectRelative(*difference.lowest_cosine, Number(swap.value, "embedding_cosine_min"), 1e-9,
                   name);
  }
}

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
