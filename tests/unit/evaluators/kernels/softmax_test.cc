#include "evaluators/kernels/softmax.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace assay {
namespace {

using testing::DoubleEq;
using testing::Each;
using testing::ElementsAre;
using testing::IsNan;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::vector<double> Numbers(simdjson::dom::element array) {
  std::vector<double> values;
  for (const simdjson::dom::element value : array.get_array()) {
    values.push_back(value.is_string() ? std::strtod(value.get_c_str().value(), nullptr)
                                       : value.get_double().value());
  }
  return values;
}

TEST(SoftmaxTest, MatchesTheGoldenValues) {
  simdjson::dom::parser parser;
  const simdjson::dom::element file =
      parser.load(std::string(ASSAY_TEST_DATA) + "/activations/softmax.json");
  int cases = 0;
  for (const simdjson::dom::element golden : file["cases"].get_array()) {
    const std::vector<double> logits = Numbers(golden["logits"]);
    const double temperature = golden["temperature"].get_double();
    const std::vector<double> expected = Numbers(golden["softmax"]);
    const std::vector<double> expected_log = Numbers(golden["log_softmax"]);
    std::vector<double> actual(logits.size());
    std::vector<double> actual_log(logits.size());
    ASSERT_TRUE(Softmax(logits, temperature, actual).ok());
    ASSERT_TRUE(LogSoftmax(logits, temperature, actual_log).ok());
    for (std::size_t i = 0; i < logits.size(); ++i) {
      EXPECT_NEAR(actual[i], expected[i], 1e-13 * expected[i] + 1e-300);
      if (std::isfinite(expected_log[i])) {
        EXPECT_NEAR(actual_log[i], expected_log[i], 1e-13 * std::fabs(expected_log[i]) + 1e-15);
      } else {
        EXPECT_EQ(actual_log[i], expected_log[i]);
      }
    }
    ++cases;
  }
  EXPECT_EQ(cases, 92);
}

std::vector<double> SoftmaxOf(std::vector<double> logits, double temperature = 1) {
  EXPECT_TRUE(Softmax(logits, temperature, logits).ok());
  return logits;
}

TEST(SoftmaxTest, EverythingMaskedIsAnError) {
  std::vector<double> logits = {-kInfinity, -kInfinity};
  EXPECT_TRUE(absl::IsInvalidArgument(Softmax(logits, 1, logits)));
}

TEST(SoftmaxTest, AMaskedEntryIsExactlyZero) {
  EXPECT_THAT(SoftmaxOf({1, -kInfinity, 1}), ElementsAre(0.5, 0, 0.5));
}

TEST(SoftmaxTest, ANanSpreadsToEveryEntry) {
  EXPECT_THAT(SoftmaxOf({1, std::numeric_limits<double>::quiet_NaN(), 2}), Each(IsNan()));
}

TEST(SoftmaxTest, InfiniteLogitsShareTheMass) {
  EXPECT_THAT(SoftmaxOf({1, kInfinity, 2, kInfinity}), ElementsAre(0, 0.5, 0, 0.5));
}

TEST(SoftmaxTest, TemperaturesNotAboveZeroAreRefused) {
  std::vector<double> logits = {1, 2};
  for (const double temperature : {0.0, -1.0, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_TRUE(absl::IsInvalidArgument(Softmax(logits, temperature, logits)));
  }
}

TEST(SoftmaxTest, AnInfiniteTemperatureIsUniformOverUnmaskedEntries) {
  EXPECT_THAT(SoftmaxOf({1, 2, -kInfinity, 9}, kInfinity),
              ElementsAre(DoubleEq(1.0 / 3), DoubleEq(1.0 / 3), 0, DoubleEq(1.0 / 3)));
}

TEST(SoftmaxTest, ATinyTemperatureIsTheArgmax) {
  EXPECT_THAT(SoftmaxOf({1, 3, 3, -2}, 1e-300), ElementsAre(0, 0.5, 0.5, 0));
}

TEST(SoftmaxTest, NoLogitsGiveNoProbabilities) { EXPECT_TRUE(SoftmaxOf({}).empty()); }

}  // namespace
}  // namespace assay
