#include "evaluators/model/forward.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "evaluators/model/activation_swap.h"
#include "evaluators/model/normalization.h"
#include "tests/unit/evaluators/kernels/levels.h"
#include "tests/unit/evaluators/model/reference_data.h"

namespace assay {
namespace {

// Logits, or the embedding of a model without them.
int OutputStep(const Program& program) {
  return program.logits == kInput ? program.embedding : program.logits;
}

std::vector<double> Outputs(const ReferenceModel& model, const Numerics& numerics,
                            const std::vector<float>& features) {
  const auto forward = Forward::Make(model, numerics);
  EXPECT_TRUE(forward.ok()) << forward.status();
  const int step = OutputStep(forward->program());
  LayerCapture capture(forward->program().steps.size(), std::vector<int>{step});
  EXPECT_TRUE(forward->Run(features, capture).ok());
  return capture.TakeLayer(static_cast<std::size_t>(step));
}

// Largest difference in a row over the row's largest magnitude, worst row.
double WorstRowError(const std::vector<double>& actual, const std::vector<double>& expected,
                     std::size_t width) {
  EXPECT_EQ(actual.size(), expected.size());
  double worst = 0;
  for (std::size_t begin = 0; begin < expected.size(); begin += width) {
    double size = 0;
    double error = 0;
    for (std::size_t i = begin; i < begin + width; ++i) {
      size = std::max(size, std::fabs(expected[i]));
      error = std::max(error, std::fabs(actual[i] - expected[i]));
    }
    worst = std::max(worst, error / size);
  }
  return worst;
}

// `relu` of mlp_relu, `silu` of ffn_swiglu.
Activation ActivationOf(const ReferenceModel& model) {
  for (const Block& block : model.architecture().blocks) {
    if (block.activation) {
      return *block.activation;
    }
  }
  return {};
}

ReferenceModel Swapped(const ReferenceModel& model, const std::string& to) {
  // The files write elu_1 and leaky_relu_0.1.
  std::string name = to;
  for (const std::string prefix : {"elu_", "leaky_relu_"}) {
    if (name.starts_with(prefix)) {
      name = name.substr(0, prefix.size() - 1) + "(" + name.substr(prefix.size()) + ")";
    }
  }
  const auto activation = ParseActivationSwap("relu=" + name);
  EXPECT_TRUE(activation.ok()) << activation.status();
  ActivationSwap swap = *activation;
  swap.from = ActivationOf(model);
  if (swap.to.kind == ActivationKind::kLeakyRelu) {  // the files have a float32 slope
    swap.to.parameter = static_cast<float>(swap.to.parameter);
  }
  const auto architecture = SwapActivation(model.architecture(), swap);
  EXPECT_TRUE(architecture.ok()) << architecture.status();
  return model.With(*architecture);
}

// A trained model at a level of instructions.
class ModelAtLevelTest : public testing::TestWithParam<std::tuple<std::string, Isa>> {
 protected:
  void SetUp() override {
    if (!SelectIsa(isa_)) {
      GTEST_SKIP() << "this machine cannot run " << IsaName(isa_);
    }
  }

  const std::string name_ = std::get<0>(GetParam());
  const ReferenceModel model_ = LoadReferenceModel(name_);
  const ExpectedTensors expected_{name_ + ".expected.safetensors"};
  const Digits test_ = LoadDigits("test");
  const std::string output_ = expected_.Has("logits") ? "logits" : "embedding";
  const std::size_t width_ = output_ == "logits" ? 10 : 24;

 private:
  const LevelScope restore_;
  const Isa isa_ = std::get<1>(GetParam());
};

std::string ModelAtLevelName(const testing::TestParamInfo<std::tuple<std::string, Isa>>& test) {
  return std::get<0>(test.param) + "_" + LevelSuffix(std::get<1>(test.param));
}

class TrainedModelTest : public ModelAtLevelTest {};

TEST_P(TrainedModelTest, RefereeOutputsMatchTheExpectedOnes) {
  EXPECT_LT(WorstRowError(Outputs(model_, {}, test_.features), expected_.Values(output_), width_),
            1e-12);
}

TEST_P(TrainedModelTest, EverySwapGivesTheExpectedOutputs) {
  int swaps = 0;
  for (const std::string& name : expected_.Names()) {
    const std::string prefix = output_ + ".swap.";
    if (!name.starts_with(prefix)) {
      continue;
    }
    const ReferenceModel swapped = Swapped(model_, name.substr(prefix.size()));
    EXPECT_LT(WorstRowError(Outputs(swapped, {}, test_.features), expected_.Values(name), width_),
              expected_.IsDouble(name) ? 1e-12 : 2e-6)
        << name;
    ++swaps;
  }
  EXPECT_GE(swaps, 4);
}

TEST_P(TrainedModelTest, Float32StaysWithinItsNoiseFloor) {
  const std::vector<double> referee = Outputs(model_, {}, test_.features);
  const std::vector<double> deployed = Outputs(model_, {Dtype::kF32, {}, {}}, test_.features);
  const double error = WorstRowError(deployed, referee, width_);
  EXPECT_GT(error, 0);
  EXPECT_LT(error, 5e-6);
}

TEST_P(TrainedModelTest, ARowDoesNotDependOnItsNeighbours) {
  const std::vector<float> features(test_.features.begin(), test_.features.begin() + 70 * 64);
  for (const Dtype dtype : {Dtype::kF64, Dtype::kF32, Dtype::kBf16, Dtype::kInt8}) {
    const Numerics numerics = {dtype, {}, {}};
    const std::vector<double> together = Outputs(model_, numerics, features);
    for (const std::int64_t row : {0, 3, 63, 64, 69}) {
      const std::vector<float> alone(features.begin() + row * 64, features.begin() + row * 64 + 64);
      const std::vector<double> expected(together.begin() + row * static_cast<int>(width_),
                                         together.begin() + (row + 1) * static_cast<int>(width_));
      EXPECT_EQ(Outputs(model_, numerics, alone), expected) << DtypeName(dtype) << " row " << row;
    }
  }
}

// A thread for each body, started from the last to the first.
void OnThreads(std::int64_t n, const std::function<void(std::int64_t)>& body) {
  std::vector<std::thread> threads;
  for (std::int64_t i = n; i-- > 0;) {
    threads.emplace_back(body, i);
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
}

TEST_P(TrainedModelTest, ThreadsChangeNoBit) {
  for (const Dtype dtype : {Dtype::kF64, Dtype::kF32, Dtype::kF16, Dtype::kInt8}) {
    const auto forward = Forward::Make(model_, {dtype, {}, {}});
    ASSERT_TRUE(forward.ok()) << forward.status();
    const std::size_t num_steps = forward->program().steps.size();
    LayerCapture alone(num_steps);
    LayerCapture shared(num_steps);
    ASSERT_TRUE(forward->Run(test_.features, alone).ok());
    ASSERT_TRUE(forward->Run(test_.features, shared, OnThreads).ok());
    for (std::size_t step = 0; step < num_steps; ++step) {
      EXPECT_EQ(alone.layer(step), shared.layer(step)) << forward->program().steps[step].name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, TrainedModelTest,
                         testing::Combine(testing::Values("mlp_relu", "mlp_gelu", "mlp_silu",
                                                          "ffn_swiglu", "embed_gelu"),
                                          testing::ValuesIn(kAllLevels)),
                         ModelAtLevelName);

class QuantizedModelTest : public ModelAtLevelTest {
 protected:
  const Digits calibration_ = LoadDigits("calib");

  Numerics NumericsOf(const std::string& scheme) const {
    Numerics numerics;
    numerics.dtype = Dtype::kInt8;
    numerics.scheme = *ParseQuantization(scheme);
    if (numerics.scheme.range == QuantizationScheme::Range::kStatic) {
      numerics.inputs = *CalibrateInputs(model_, numerics.scheme, calibration_.features);
    }
    return numerics;
  }
};

TEST_P(QuantizedModelTest, OutputsMatchTheExpectedOnes) {
  for (const std::string scheme :
       {"static_asym_u8_per_channel_minmax", "dynamic_row_asym_per_channel"}) {
    const std::string name = "int8." + scheme;
    ASSERT_TRUE(expected_.Has(name));
    EXPECT_LT(WorstRowError(Outputs(model_, NumericsOf(scheme), test_.features),
                            expected_.Values(name), width_),
              2e-6)
        << scheme;
  }
}

TEST_P(QuantizedModelTest, IntegersAreExact) {
  const ExpectedTensors expected(name_ + ".int8_static.safetensors");
  const Numerics numerics = NumericsOf("static_asym_u8_per_channel_minmax");
  const auto forward = Forward::Make(model_, {});
  for (const Step& step : forward->program().steps) {
    if (step.type != StepType::kLinear) {
      continue;
    }
    const InputCode code = numerics.inputs.at(step.name);
    EXPECT_EQ(code.scale, expected.Values(step.name + ".input_scale")[0]);
    EXPECT_EQ(code.zero_point, expected.Values(step.name + ".input_zero_point")[0]);
    const QuantizedLinear linear(model_.Tensor(step.name + ".weight"),
                                 model_.Tensor(step.name + ".bias"), step.in, step.out,
                                 numerics.scheme, code);
    EXPECT_THAT(linear.weight_codes(),
                testing::ElementsAreArray(expected.Values(step.name + ".weight_q")));
    EXPECT_THAT(linear.weight_scales(),
                testing::ElementsAreArray(expected.Values(step.name + ".weight_scale")));
    const std::vector<double> inputs = expected.Values(step.name + ".input_q_rows0_7");
    const std::vector<double> accumulators = expected.Values(step.name + ".acc_rows0_7");
    std::vector<std::int16_t> codes(static_cast<std::size_t>(step.in));
    std::vector<std::int32_t> sums(static_cast<std::size_t>(step.out));
    for (std::size_t row = 0; row < 8; ++row) {
      std::copy_n(inputs.begin() + static_cast<int>(row * codes.size()), codes.size(),
                  codes.begin());
      linear.Accumulate(codes, code.zero_point, sums);
      EXPECT_TRUE(std::equal(sums.begin(), sums.end(),
                             accumulators.begin() + static_cast<int>(row * sums.size())))
          << step.name << " row " << row;
    }
  }
}

TEST_P(QuantizedModelTest, CalibrationFindsTheExpectedCodes) {
  simdjson::dom::parser parser;
  const simdjson::dom::element summary =
      parser.load(std::string(ASSAY_TEST_DATA) + "/reference_models/expected_summary.json");
  int schemes = 0;
  for (const auto& scheme : simdjson::dom::object(summary["models"][name_]["int8"].value())) {
    simdjson::dom::object calibration;
    if (scheme.value["calibration"].get(calibration) != simdjson::SUCCESS) {
      continue;
    }
    const Numerics numerics = NumericsOf(std::string(scheme.key));
    for (const auto& layer : calibration) {
      const InputCode code = numerics.inputs.at(std::string(layer.key));
      EXPECT_EQ(code.scale, layer.value["scale"].get_double().value())
          << scheme.key << " " << layer.key;
      EXPECT_EQ(code.zero_point, layer.value["zero_point"].get_int64().value())
          << scheme.key << " " << layer.key;
    }
    ++schemes;
  }
  EXPECT_EQ(schemes, 6);
}

INSTANTIATE_TEST_SUITE_P(All, QuantizedModelTest,
                         testing::Combine(testing::Values("mlp_relu", "mlp_gelu", "mlp_silu",
                                                          "embed_gelu"),
                                          testing::ValuesIn(kAllLevels)),
                         ModelAtLevelName);

TEST(NormalizationTest, MatchesTheGoldenValues) {
  simdjson::dom::parser parser;
  const simdjson::dom::element file =
      parser.load(std::string(ASSAY_TEST_DATA) + "/activations/norms.json");
  const auto numbers = [](simdjson::dom::element array) {
    std::vector<double> values;
    for (const simdjson::dom::element value : array.get_array()) {
      values.push_back(value.get_double());
    }
    return values;
  };
  int cases = 0;
  for (const simdjson::dom::element golden : file["cases"].get_array()) {
    const std::vector<double> x = numbers(golden["x"]);
    const std::vector<double> gamma = numbers(golden["gamma"]);
    const double epsilon = golden["eps"].get_double();
    std::vector<double> y(x.size());
    LayerNorm(x, gamma, numbers(golden["beta"]), epsilon, y);
    const std::vector<double> layer_norm = numbers(golden["layer_norm"]);
    const std::string_view kind = golden["kind"].get_string();
    for (std::size_t i = 0; i < y.size(); ++i) {
      // Large offsets cancel: the deviations themselves carry a rounding error.
      EXPECT_NEAR(y[i], layer_norm[i], kind == "offset" || kind == "outlier" ? 1e-7 : 1e-11)
          << kind;
    }
    RmsNorm(x, gamma, epsilon, y);
    const std::vector<double> rms_norm = numbers(golden["rms_norm"]);
    for (std::size_t i = 0; i < y.size(); ++i) {
      EXPECT_NEAR(y[i], rms_norm[i], 1e-13) << kind;
    }
    ++cases;
  }
  EXPECT_GT(cases, 10);
}

TEST(ForwardTest, AStaticSchemeNeedsCalibration) {
  Numerics numerics;
  numerics.dtype = Dtype::kInt8;
  numerics.scheme = *ParseQuantization("static");
  EXPECT_TRUE(
      absl::IsFailedPrecondition(Forward::Make(LoadReferenceModel("mlp_relu"), numerics).status()));
}

TEST(ForwardTest, AnEmptyCalibrationSliceIsRefused) {
  EXPECT_TRUE(
      absl::IsInvalidArgument(CalibrateInputs(LoadReferenceModel("mlp_relu"), {}, {}).status()));
}

TEST(ForwardTest, NanFeaturesGiveNanOutputsInEveryArithmetic) {
  const ReferenceModel model = LoadReferenceModel("mlp_relu");
  std::vector<float> features(64, 1);
  features[5] = std::nanf("");
  for (const Dtype dtype : {Dtype::kF64, Dtype::kF32, Dtype::kInt8}) {
    EXPECT_THAT(Outputs(model, {dtype, {}, {}}, features), testing::Each(testing::IsNan()));
  }
}

// Writes down what it is told about one step.
class CallLog : public LayerObserver {
 public:
  void OnStart(std::size_t step) override { Add(step, "start"); }
  void OnComputed(std::size_t step, std::int64_t first_row, std::int64_t num_rows) override {
    Add(step, absl::StrFormat("computed %d+%d", first_row, num_rows));
  }
  void OnDone(std::size_t step, std::int64_t first_row, std::span<const double> values) override {
    Add(step, absl::StrFormat("done %d: %d", first_row, values.size()));
  }
  const std::vector<std::string>& calls() const { return calls_; }

 private:
  void Add(std::size_t step, std::string call) {
    if (step == 1) {
      calls_.push_back(std::move(call));
    }
  }
  std::vector<std::string> calls_;
};

TEST(ForwardTest, ObserversAreToldWhenAStepIsComputedBeforeItsResults) {
  const auto forward = Forward::Make(LoadReferenceModel("mlp_relu"), {Dtype::kF32, {}, {}});
  ASSERT_TRUE(forward.ok()) << forward.status();
  CallLog log;
  LayerObserver nothing;
  ObserverPair both(nothing, log);
  ASSERT_TRUE(forward->Run(std::vector<float>(std::size_t{1030} * 64, 1), both).ok());
  EXPECT_THAT(log.calls(), testing::ElementsAre("start", "computed 0+1024", "done 0: 131072",
                                                "start", "computed 1024+6", "done 1024: 768"));
}

TEST(ForwardTest, ResultsThatNobodyWantsAreNotHandedOver) {
  const auto forward = Forward::Make(LoadReferenceModel("mlp_relu"), {});
  ASSERT_TRUE(forward.ok()) << forward.status();
  LayerCapture head(forward->program().steps.size(), std::vector<int>{4});
  EXPECT_FALSE(head.WantsResults(1));
  ASSERT_TRUE(forward->Run(std::vector<float>(64, 1), head).ok());
  EXPECT_TRUE(head.layer(1).empty());
  EXPECT_EQ(head.layer(4).size(), 10U);
}

TEST(ForwardTest, DynamicRangesPerBatchAreRefusedWithTheReason) {
  EXPECT_THAT(std::string(ParseQuantization("dynamic_tensor").status().message()),
              testing::HasSubstr("depend on its neighbours"));
}

TEST(QuantizationTest, NamesReadBack) {
  for (const char* name : {"dynamic_row_asym_u8_per_channel", "dynamic_row_sym_s8_per_tensor",
                           "static_asym_u8_per_tensor_minmax", "static_sym_s8_per_channel_pct99.9",
                           "static_asym_u8_per_channel_entropy"}) {
    const auto scheme = ParseQuantization(name);
    ASSERT_TRUE(scheme.ok()) << scheme.status();
    EXPECT_EQ(QuantizationName(*scheme), name);
  }
}

}  // namespace
}  // namespace assay
