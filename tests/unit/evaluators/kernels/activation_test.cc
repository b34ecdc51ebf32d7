#include "evaluators/kernels/activation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <tuple>
#include <vector>

#include "evaluators/kernels/float_activation.h"
#include "tests/unit/evaluators/kernels/float_limits.h"
#include "tests/unit/evaluators/kernels/golden_rows.h"
#include "tests/unit/evaluators/kernels/levels.h"

namespace assay {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct GoldenFile {
  std::string name;
  Activation activation;
};

std::vector<GoldenFile> GoldenFiles() {
  return {{"identity", {ActivationKind::kIdentity}},
          {"relu", {ActivationKind::kRelu}},
          {"relu2", {ActivationKind::kRelu2}},
          {"relu6", {ActivationKind::kRelu6}},
          {"leaky_relu_0.01", {ActivationKind::kLeakyRelu, 0.01F}},
          {"prelu_0.25", {ActivationKind::kPrelu, 0.25}},
          {"elu_1", {ActivationKind::kElu, 1}},
          {"selu", {ActivationKind::kSelu}},
          {"gelu", {ActivationKind::kGelu}},
          {"gelu_tanh", {ActivationKind::kGeluTanh}},
          {"quick_gelu", {ActivationKind::kQuickGelu}},
          {"silu", {ActivationKind::kSilu}},
          {"mish", {ActivationKind::kMish}},
          {"sigmoid", {ActivationKind::kSigmoid}},
          {"tanh", {ActivationKind::kTanh}},
          {"softplus", {ActivationKind::kSoftplus}},
          {"softsign", {ActivationKind::kSoftsign}},
          {"hardswish", {ActivationKind::kHardswish}},
          {"hardsigmoid", {ActivationKind::kHardsigmoid}},
          {"hardtanh", {ActivationKind::kHardtanh}},
          {"log_sigmoid", {ActivationKind::kLogSigmoid}}};
}

// A function at a level of instructions.
class GoldenActivationTest : public testing::TestWithParam<std::tuple<GoldenFile, Isa>> {
 protected:
  void SetUp() override {
    if (!SelectIsa(isa_)) {
      GTEST_SKIP() << "this machine cannot run " << IsaName(isa_);
    }
  }

  std::vector<std::vector<std::string>> Rows() const {
    auto rows = GoldenRows("activations/" + std::get<0>(GetParam()).name + ".csv");
    EXPECT_EQ(rows.size(), 569U);
    return rows;
  }

  const Activation activation_ = std::get<0>(GetParam()).activation;

 private:
  const LevelScope restore_;
  const Isa isa_ = std::get<1>(GetParam());
};

TEST_P(GoldenActivationTest, ValuesAreWithinTwoUlp) {
  double worst = 0;
  for (const auto& row : Rows()) {
    const double x = FloatOfBits(row[0]);
    const double error = UlpError(ActivationValue(activation_, x), GoldenNumber(row[1]));
    EXPECT_LE(error, 2) << "at " << x;
    worst = std::fmax(worst, error);
  }
  RecordProperty("worst_ulp", std::to_string(worst));
}

TEST_P(GoldenActivationTest, DerivativesAreWithinFourUlp) {
  for (const auto& row : Rows()) {
    const double x = FloatOfBits(row[0]);
    const double expected = GoldenNumber(row[2]);
    const double actual = ActivationDerivative(activation_, x);
    if (!(std::fabs(actual - expected) <= 1e-290)) {
      EXPECT_LE(UlpError(actual, expected), 4) << "at " << x << ": " << actual;
    }
  }
}

TEST_P(GoldenActivationTest, FloatValuesAreWithinOneUlp) {
  for (const auto& row : Rows()) {
    std::array<float, 1> value = {FloatOfBits(row[0])};
    ApplyActivation(activation_, value, value);
    const auto expected = static_cast<float>(GoldenNumber(row[1]));
    const bool is_close = value[0] == expected || (std::isnan(value[0]) && std::isnan(expected)) ||
                          std::nextafter(value[0], expected) == expected;
    EXPECT_TRUE(is_close) << "at " << FloatOfBits(row[0]) << ": " << value[0];
  }
}

TEST_P(GoldenActivationTest, FastFloatValuesAreWithinTheirLimits) {
  std::vector<float> inputs;
  std::vector<double> expected;
  for (const auto& row : Rows()) {
    inputs.push_back(FloatOfBits(row[0]));
    expected.push_back(GoldenNumber(row[1]));
  }
  std::vector<float> values(inputs.size());
  ApplyFloatActivation(activation_, inputs, values);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    EXPECT_TRUE(
        IsWithinFloatLimits(FloatMaxUlps(activation_.kind), inputs[i], values[i], expected[i]));
  }
}

TEST_P(GoldenActivationTest, DerivativesMatchCentralDifferences) {
  constexpr double kStep = 1e-5;
  // Off the grid of kinks.
  for (double x = -7.9137; x < 8; x += 0.0731) {
    const double difference =
        (ActivationValue(activation_, x + kStep) - ActivationValue(activation_, x - kStep)) /
        (2 * kStep);
    EXPECT_NEAR(ActivationDerivative(activation_, x), difference, 2e-9) << "at " << x;
  }
}

INSTANTIATE_TEST_SUITE_P(All, GoldenActivationTest,
                         testing::Combine(testing::ValuesIn(GoldenFiles()),
                                          testing::ValuesIn(kAllLevels)),
                         [](const auto& test) {
                           std::string name = std::get<0>(test.param).name + "_" +
                                              LevelSuffix(std::get<1>(test.param));
                           for (char& character : name) {
                             character = character == '.' ? '_' : character;
                           }
                           return name;
                         });

TEST(ActivationTest, SwishWithBetaOneIsSilu) {
  for (double x = -9; x < 9; x += 0.37) {
    EXPECT_EQ(ActivationValue({ActivationKind::kSwish, 1}, x),
              ActivationValue({ActivationKind::kSilu}, x));
  }
}

TEST(ActivationTest, LimitsOfSwishFollowTheSignOfBeta) {
  EXPECT_EQ(ActivationValue({ActivationKind::kSwish, 2}, -kInfinity), 0);
  EXPECT_EQ(ActivationValue({ActivationKind::kSwish, -2}, kInfinity), 0);
  EXPECT_EQ(ActivationValue({ActivationKind::kSwish, -2}, -kInfinity), -kInfinity);
  EXPECT_EQ(ActivationValue({ActivationKind::kSwish, 0}, -kInfinity), -kInfinity);
}

TEST(ActivationTest, HugeValuesStayFinite) {
  constexpr double kHuge = std::numeric_limits<double>::max();
  for (int kind = 0; kind < kNumActivationKinds; ++kind) {
    const Activation activation = {static_cast<ActivationKind>(kind), 0.5};
    if (activation.kind == ActivationKind::kRelu2 || activation.kind == ActivationKind::kSelu) {
      continue;  // the value itself overflows
    }
    EXPECT_TRUE(std::isfinite(ActivationValue(activation, kHuge))) << kind;
    EXPECT_TRUE(std::isfinite(ActivationValue(activation, -kHuge))) << kind;
    EXPECT_TRUE(std::isfinite(ActivationDerivative(activation, -kHuge))) << kind;
  }
}

// Users read these: a rectified value is no negative zero, and f(0) = 0 has the sign of its input.
TEST(ActivationTest, ZerosHaveTheSignOfTheFormula) {
  for (const ActivationKind kind : {ActivationKind::kRelu, ActivationKind::kRelu2,
                                    ActivationKind::kRelu6, ActivationKind::kHardsigmoid}) {
    EXPECT_FALSE(std::signbit(ActivationValue({kind}, -5))) << static_cast<int>(kind);
  }
  for (int kind = 0; kind < kNumActivationKinds; ++kind) {
    const double value = ActivationValue({static_cast<ActivationKind>(kind), 1}, 0);
    EXPECT_TRUE(value != 0 || !std::signbit(value)) << kind;
  }
}

TEST(ActivationTest, PreluTakesASlopePerChannel) {
  const std::vector<double> slopes = {0.5, -1, 0};
  std::vector<double> y(6);
  ApplyPrelu(slopes, std::vector<double>{-2, -2, -kInfinity, 3, 3, 3}, y);
  EXPECT_THAT(y, testing::ElementsAre(-1, 2, 0, 3, 3, 3));
  std::vector<float> floats(3);
  ApplyPrelu(slopes, std::vector<float>{-2, 4, std::nanf("")}, floats);
  EXPECT_EQ(floats[0], -1);
  EXPECT_EQ(floats[1], 4);
  EXPECT_TRUE(std::isnan(floats[2]));
}

TEST(ActivationTest, TheDerivativeOfMishKeepsItsDigitsNextToItsZero) {
  // mpmath at 45 digits, at the double and at the float32 next to the zero.
  const Activation mish = {ActivationKind::kMish};
  EXPECT_LE(UlpError(ActivationDerivative(mish, -1.1924312145154952), 1.2942924190978498e-17), 4);
  EXPECT_LE(UlpError(ActivationDerivative(mish, -1.1924312114715576), 8.12572793365832e-10), 4);
}

TEST(ActivationTest, SubnormalTailsOfSiluKeepTheirDigits) {
  // mpmath: -720 / (1 + exp(720)).
  EXPECT_LE(UlpError(ActivationValue({ActivationKind::kSilu}, -720), -1.46320617774547e-310), 1);
}

TEST(ActivationTest, InputAndOutputMayBeTheSameMemory) {
  std::array<double, 3> values = {-1, 0.5, 2};
  ApplyActivation({ActivationKind::kRelu}, values, values);
  EXPECT_THAT(values, testing::ElementsAre(0, 0.5, 2));
}

}  // namespace
}  // namespace assay
