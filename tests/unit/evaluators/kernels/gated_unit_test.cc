#include "evaluators/kernels/gated_unit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <string>

#include "evaluators/kernels/activation_registry.h"
#include "tests/unit/evaluators/kernels/golden_rows.h"

namespace assay {
namespace {

// Within `ulps`, or so small that a product underflows on the way.
void ExpectClose(double actual, double expected, double ulps, const std::string& what) {
  if (!(std::fabs(actual - expected) <= 1e-300)) {
    EXPECT_LE(UlpError(actual, expected), ulps) << what << ": " << actual << " for " << expected;
  }
}

TEST(GatedUnitTest, ValuesAndDerivativesMatchTheGoldenOnes) {
  const auto rows = GoldenRows("activations/gated.csv");
  ASSERT_GT(rows.size(), 500U);
  for (const auto& row : rows) {
    const auto unit = FindGatedUnit(row[0]);
    ASSERT_TRUE(unit.has_value()) << row[0];
    const GatedValue value =
        GatedUnitValue(GateActivation(*unit), FloatOfBits(row[1]), FloatOfBits(row[2]));
    const std::string where = row[0] + " " + row[1] + " " + row[2];
    ExpectClose(value.value, GoldenNumber(row[3]), 3, where);
    ExpectClose(value.up_derivative, GoldenNumber(row[5]), 2, where);
    const double scale = std::fmax(1, std::fabs(static_cast<double>(FloatOfBits(row[2]))));
    if (!(std::fabs(value.gate_derivative - GoldenNumber(row[4])) <= 1e-16 * scale)) {
      ExpectClose(value.gate_derivative, GoldenNumber(row[4]), 5, where);
    }
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
