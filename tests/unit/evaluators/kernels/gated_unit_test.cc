#include "evaluators/kernels/gated_unit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <string>

#include "evaluators/kernels/activation_registry.h"
#include "tests/unit/evaluators/kernels/golden_rows.h"
#include "tests/unit/evaluators/kernels/levels.h"

namespace assay {
namespace {

// At a level of instructions: units are scalar code that should not depend on it.
class GoldenGatedUnitTest : public testing::TestWithParam<Isa> {
 protected:
  void SetUp() override {
    if (!SelectIsa(GetParam())) {
      GTEST_SKIP() << "this machine cannot run " << IsaName(GetParam());
    }
  }

 private:
  const LevelScope restore_;
};

// The derivative by the gate is f'(gate) * up. Where f' crosses zero it is right to 1e-16 and no
// better, and `up`, as far as 10,000 here, multiplies that error: so the absolute limit is
// 1e-16 * |up|. Values and the derivative by `up` have no such place.
TEST_P(GoldenGatedUnitTest, ValuesAreWithinTwoUlpAndDerivativesWithinFour) {
  const auto rows = GoldenRows("activations/gated.csv");
  ASSERT_GT(rows.size(), 500U);
  for (const auto& row : rows) {
    const auto unit = FindGatedUnit(row[0]);
    ASSERT_TRUE(unit.has_value()) << row[0];
    const double up = FloatOfBits(row[2]);
    const GatedValue value = GatedUnitValue(GateActivation(*unit), FloatOfBits(row[1]), up);
    const std::string where = row[0] + " " + row[1] + " " + row[2];
    EXPECT_LE(UlpError(value.value, GoldenNumber(row[3])), 2) << where << ": " << value.value;
    EXPECT_LE(UlpError(value.up_derivative, GoldenNumber(row[5])), 2)
        << where << ": " << value.up_derivative;
    const double expected = GoldenNumber(row[4]);
    if (!(std::fabs(value.gate_derivative - expected) <= 1e-16 * std::fmax(1, std::fabs(up)))) {
      EXPECT_LE(UlpError(value.gate_derivative, expected), 4)
          << where << ": " << value.gate_derivative;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Levels, GoldenGatedUnitTest, testing::ValuesIn(kAllLevels),
                         [](const auto& test) { return LevelSuffix(test.param); });

TEST(GatedUnitTest, TheOrderSaysWhichHalfIsTheGate) {
  const std::array<double, 4> fused = {1, 2, 10, 20};
  std::array<double, 2> y{};
  ApplyGatedUnit({ActivationKind::kIdentity}, GateOrder::kGateFirst, fused, y);
  EXPECT_THAT(y, testing::ElementsAre(10, 40));
  ApplyGatedUnit({ActivationKind::kRelu2}, GateOrder::kUpFirst, fused, y);
  EXPECT_THAT(y, testing::ElementsAre(100, 800));
}

}  // namespace
}  // namespace assay
