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
    if (!(std::fabs(value.gate_derivative - expected) <= 1e-16)) {
      EXPECT_LE(UlpError(value.gate_derivative, expected), 4)
          << where << ": " << value.gate_derivative;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Levels, GoldenGatedUnitTest, testing::ValuesIn(kAllLevels),
                         [](const auto& test) { return LevelSuffix(test.param); });

// Where f' crosses zero, `up` multiplies whatever error is left. Expected values: mpmath at 45
// digits; gates are the double next to the zero, the float32 next to it, and others near it.
TEST(GatedUnitTest, DerivativesKeepTheirDigitsNextToTheirZero) {
  struct Case {
    GatedUnit unit;
    double gate;
    double up;
    double derivative;
  };
  constexpr std::array kCases = std::to_array<Case>({
      {GatedUnit::kSwiglu, -1.2784645427610737, 1e12, 2.3843834755243114e-05},
      {GatedUnit::kSwiglu, -1.2784645557403564, -1e4, 2.8270396683554367e-05},
      {GatedUnit::kSwiglu, -1.278468370437622, 1e4, -0.008337106093572298},
      {GatedUnit::kSwiglu, -1.4034645557403564, 1e4, -249.75457735374937},
      {GatedUnit::kGeglu, -0.7517915246935645, 1e12, -6.453751729367753e-06},
      {GatedUnit::kGeglu, -0.7517915368080139, -1e4, 5.227312104575155e-05},
      {GatedUnit::kGeglu, -0.7517938017845154, 1e4, -0.009825490519626744},
      {GatedUnit::kGeglu, -0.8767915368080139, 1e4, -478.6156544327409},
      {GatedUnit::kGegluTanh, -0.7524614220710163, 1e12, -1.5647455740893694e-05},
      {GatedUnit::kGegluTanh, -0.7524614334106445, -1e4, 4.8805769909549435e-05},
      {GatedUnit::kGegluTanh, -0.752463698387146, 1e4, -0.009797246614687923},
      {GatedUnit::kGegluTanh, -0.8774614334106445, 1e4, -477.41452414430165},
      {GatedUnit::kGegluQuick, -0.751154255441289, 1e12, -1.7410584010100853e-05},
      {GatedUnit::kGegluQuick, -0.7511542439460754, -1e4, -4.261454146728014e-05},
      {GatedUnit::kGegluQuick, -0.7511565089225769, 1e4, -0.008353983372646298},
      {GatedUnit::kGegluQuick, -0.8761542439460754, 1e4, -399.11804348902865},
  });
  for (const Case& c : kCases) {
    const GatedValue value = GatedUnitValue(GateActivation(c.unit), c.gate, c.up);
    EXPECT_LE(UlpError(value.gate_derivative, c.derivative), 4)
        << GatedUnitName(c.unit) << " at " << c.gate << ": " << value.gate_derivative;
  }
}

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
