#include "evaluators/kernels/float_activation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "tests/unit/evaluators/kernels/float_limits.h"
#include "tests/unit/evaluators/kernels/levels.h"

namespace assay {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

// A function with the most ulp that its float32 form may be off for x >= -1.
struct Case {
  Activation activation;
  std::string name;
  double max_ulps;
};

std::vector<float> Apply(const Activation& activation, const std::vector<float>& x) {
  std::vector<float> y(x.size());
  ApplyFloatActivation(activation, x, y);
  return y;
}

// Every 20,011th float32, every sign and exponent among them, and a fine grid where it matters.
std::vector<float> Inputs() {
  std::vector<float> inputs;
  for (std::uint64_t bits = 0; bits < std::uint64_t{1} << 32; bits += 20011) {
    const auto x = std::bit_cast<float>(static_cast<std::uint32_t>(bits));
    if (!std::isnan(x)) {
      inputs.push_back(x);
    }
  }
  for (int i = -120'000; i < 120'000; ++i) {
    inputs.push_back(static_cast<float>(i) * 0.0009765F);
  }
  return inputs;
}

class FloatActivationTest : public ::testing::TestWithParam<Case> {
 private:
  const LevelScope restore_;
};

TEST_P(FloatActivationTest, IsAsExactAsStatedAtEveryLevel) {
  const std::vector<float> inputs = Inputs();
  std::vector<double> exact;
  for (const float x : inputs) {
    exact.push_back(ActivationValue(GetParam().activation, static_cast<double>(x)));
  }
  for (const Isa isa : Levels()) {
    ASSERT_TRUE(SelectIsa(isa));
    const std::vector<float> values = Apply(GetParam().activation, inputs);
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      ASSERT_TRUE(IsWithinFloatLimits(GetParam().max_ulps, inputs[i], values[i], exact[i]))
          << IsaName(isa);
    }
  }
}

TEST_P(FloatActivationTest, LimitsAreExactAndNanStaysNan) {
  const Activation& activation = GetParam().activation;
  for (const Isa isa : Levels()) {
    ASSERT_TRUE(SelectIsa(isa));
    const std::vector<float> y = Apply(activation, {kInfinity, -kInfinity, kNan, -kNan, 0, -0.0F});
    EXPECT_EQ(y[0], static_cast<float>(ActivationValue(activation, HUGE_VAL)));
    EXPECT_EQ(y[1], static_cast<float>(ActivationValue(activation, -HUGE_VAL)));
    EXPECT_TRUE(std::isnan(y[2]));
    EXPECT_TRUE(std::isnan(y[3]));
    EXPECT_EQ(y[4], static_cast<float>(ActivationValue(activation, 0)));
    EXPECT_EQ(y[5], static_cast<float>(ActivationValue(activation, -0.0)));
  }
}

TEST_P(FloatActivationTest, AValueHasTheSameBitsInEveryPosition) {
  for (const Isa isa : Levels()) {
    ASSERT_TRUE(SelectIsa(isa));
    for (const float x : {-13.3F, -1.7F, -0.3F, 0.01F, 0.7F, 2.5F}) {
      const float alone = Apply(GetParam().activation, {x})[0];
      for (std::size_t size = 1; size < 70; ++size) {
        for (const float y : Apply(GetParam().activation, std::vector<float>(size, x))) {
          ASSERT_EQ(y, alone) << IsaName(isa) << ' ' << size;
        }
      }
    }
  }
}

TEST_P(FloatActivationTest, InputAndOutputMayBeTheSameMemory) {
  for (const Isa isa : Levels()) {
    ASSERT_TRUE(SelectIsa(isa));
    std::vector<float> values;
    for (int i = 0; i < 37; ++i) {
      values.push_back(0.3F * static_cast<float>(i - 18));
    }
    const std::vector<float> expected = Apply(GetParam().activation, values);
    ApplyFloatActivation(GetParam().activation, values, values);
    EXPECT_EQ(values, expected);
  }
}

TEST_P(FloatActivationTest, TheBitsAreTheSameFromV3On) {
  if (BestIsa() < Isa::kV4) {
    GTEST_SKIP() << "needs two levels";
  }
  const std::vector<float> inputs = Inputs();
  ASSERT_TRUE(SelectIsa(Isa::kV3));
  const std::vector<float> values = Apply(GetParam().activation, inputs);
  ASSERT_TRUE(SelectIsa(Isa::kV4));
  EXPECT_TRUE(values == Apply(GetParam().activation, inputs));
}

INSTANTIATE_TEST_SUITE_P(Functions, FloatActivationTest,
                         ::testing::Values(Case{{ActivationKind::kRelu, 0}, "relu", 0},
                                           Case{
                                               {ActivationKind::kLeakyRelu, 0.01}, "leaky_relu", 2},
                                           Case{{ActivationKind::kPrelu, -0.5}, "prelu", 2},
                                           Case{{ActivationKind::kElu, 1.5}, "elu", 2},
                                           Case{{ActivationKind::kSoftplus, 0}, "softplus", 2},
                                           Case{{ActivationKind::kGelu, 0}, "gelu", 4},
                                           Case{{ActivationKind::kGeluTanh, 0}, "gelu_tanh", 4},
                                           Case{{ActivationKind::kQuickGelu, 0}, "quick_gelu", 4},
                                           Case{{ActivationKind::kSilu, 0}, "silu", 4},
                                           Case{{ActivationKind::kMish, 0}, "mish", 4},
                                           Case{{ActivationKind::kSigmoid, 0}, "sigmoid", 2},
                                           Case{{ActivationKind::kTanh, 0}, "tanh", 2}),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace assay
