// Every statistical function against tests/data/statistics.csv, whose values were computed with 50
// digits by other means (tests/data/generate_statistics.py).

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "evaluators/compare/paired_summary.h"
#include "evaluators/statistics/bootstrap.h"
#include "evaluators/statistics/count_table.h"
#include "evaluators/statistics/distributions.h"
#include "evaluators/statistics/incomplete_beta.h"
#include "evaluators/statistics/interval.h"
#include "evaluators/statistics/multiplicity.h"
#include "evaluators/statistics/paired_binary.h"
#include "evaluators/statistics/paired_mean.h"
#include "evaluators/statistics/power.h"
#include "evaluators/statistics/sign_flip.h"
#include "tests/unit/evaluators/compare/paired_data.h"

namespace assay {
namespace {

using Arguments = std::array<double, 4>;

struct ReferenceValue {
  Arguments arguments{};
  double value = 0;
};

// Reference values by function.
const std::map<std::string, std::vector<ReferenceValue>>& ReferenceValues() {
  static const auto* const values = [] {
    auto* const read = new std::map<std::string, std::vector<ReferenceValue>>;
    std::ifstream file(ASSAY_TEST_DATA "/statistics.csv");
    std::string line;
    std::getline(file, line);
    while (std::getline(file, line)) {
      std::istringstream fields(line);
      std::string function;
      std::getline(fields, function, ',');
      ReferenceValue reference;
      std::string field;
      for (double& argument : reference.arguments) {
        std::getline(fields, field, ',');
        argument = field.empty() ? 0 : std::strtod(field.c_str(), nullptr);
      }
      std::getline(fields, field, ',');
      reference.value = std::strtod(field.c_str(), nullptr);
      (*read)[function].push_back(reference);
    }
    return read;
  }();
  return *values;
}

std::int64_t Whole(double value) { return static_cast<std::int64_t>(value); }

MeanDifference DifferenceOf(const Arguments& a) {
  return {.num_rows = Whole(a[0]), .mean = a[1], .standard_deviation = a[2]};
}

PairedCounts CountsOf(const Arguments& a) {
  return {.num_rows = a[0], .num_better = a[1], .num_worse = a[2]};
}

constexpr RandomSource kSource{.seed = 17, .stream = 4};

// The numbers that the generator makes from the same arguments.
std::vector<double> Numbers(const Arguments& a) {
  std::vector<double> numbers;
  for (std::int64_t i = 0; i < Whole(a[0]); ++i) {
    numbers.push_back(static_cast<double>(i * Whole(a[1]) % Whole(a[2])) / a[2] - a[3]);
  }
  return numbers;
}

double ResampledEnd(const Arguments& a, bool is_lower) {
  const Interval interval =
      *BootstrapMean(Numbers(a), kSource, 100'000).replicates.PercentileInterval(0.025);
  return is_lower ? interval.lower : interval.upper;
}

double ClusterError(const Arguments& a) {
  PairedData data("score", MetricKind::kMean);
  std::vector<std::int32_t> cluster_of;
  for (const double number : Numbers(a)) {
    cluster_of.push_back(static_cast<std::int32_t>(cluster_of.size() / 3));
    data.Add(1, 0, number);
  }
  return SummarizePairs(data.Scores(), {}, Serial, cluster_of)[0].cluster_error;
}

double PoissonAtMost(const Arguments& a) {
  const CountTable table = CountTable::Poisson(a[1]);
  std::uint64_t low = 0;
  std::uint64_t high = std::uint64_t{1} << 32;
  while (low < high) {
    const std::uint64_t middle = (low + high) / 2;
    if (table.Draw(static_cast<std::uint32_t>(middle)) <= Whole(a[0])) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return static_cast<double>(low) * 0x1p-32;
}

std::vector<double> Family(const std::string& function) {
  std::vector<double> p;
  for (const ReferenceValue& reference : ReferenceValues().at(function)) {
    p.push_back(reference.arguments[1]);
  }
  return p;
}

struct Function {
  std::function<double(const Arguments&)> call;
  double tolerance = 1e-12;  // relative
};

const std::map<std::string, Function>& Functions() {
  static const auto* const functions = new std::map<std::string, Function>{
      {"normal_upper", {[](const Arguments& a) { return NormalTails(a[0]).upper; }}},
      {"normal_quantile", {[](const Arguments& a) { return NormalQuantile(a[0]); }, 1e-15}},
      {"student_upper", {[](const Arguments& a) { return StudentTails(a[0], a[1]).upper; }}},
      {"student_quantile", {[](const Arguments& a) { return StudentQuantile(a[0], a[1]); }}},
      {"binomial_at_most", {[](const Arguments& a) { return BinomialAtMost(a[0], a[1], a[2]); }}},
      {"binomial_at_least", {[](const Arguments& a) { return BinomialAtLeast(a[0], a[1], a[2]); }}},
      {"clopper_pearson_upper",
       {[](const Arguments& a) { return ClopperPearsonUpper(Whole(a[0]), Whole(a[1]), a[2]); }}},
      {"clopper_pearson_lower",
       {[](const Arguments& a) { return ClopperPearsonLower(Whole(a[0]), Whole(a[1]), a[2]); }}},
      {"beta_lower",
       {[](const Arguments& a) { return IncompleteBeta(a[0], a[1], a[2], 1 - a[2]).lower; }}},
      {"beta_upper",
       {[](const Arguments& a) { return IncompleteBeta(a[0], a[1], a[2], 1 - a[2]).upper; }}},
      {"mean_lower",
       {[](const Arguments& a) { return MeanInterval(Whole(a[0]), a[1], a[2])->lower; }}},
      {"mean_upper",
       {[](const Arguments& a) { return MeanInterval(Whole(a[0]), a[1], a[2])->upper; }}},
      {"wilson_lower",
       {[](const Arguments& a) { return WilsonInterval(Whole(a[0]), Whole(a[1]))->lower; }}},
      {"wilson_upper",
       {[](const Arguments& a) { return WilsonInterval(Whole(a[0]), Whole(a[1]))->upper; }}},
      {"mcnemar_exact",
       {[](const Arguments& a) { return McNemarExactP(Whole(a[0]), Whole(a[1])); }}},
      {"mcnemar_midp", {[](const Arguments& a) { return McNemarMidP(Whole(a[0]), Whole(a[1])); }}},
      {"tango_lower", {[](const Arguments& a) { return TangoInterval(CountsOf(a), a[3]).lower; }}},
      {"tango_upper", {[](const Arguments& a) { return TangoInterval(CountsOf(a), a[3]).upper; }}},
      {"tango_statistic", {[](const Arguments& a) { return TangoStatistic(CountsOf(a), a[3]); }}},
      {"paired_t_lower",
       {[](const Arguments& a) { return PairedTInterval(DifferenceOf(a), 0.025).lower; }}},
      {"paired_t_upper",
       {[](const Arguments& a) { return PairedTInterval(DifferenceOf(a), 0.025).upper; }}},
      {"paired_t_p", {[](const Arguments& a) { return PairedTP(DifferenceOf(a)); }}},
      {"paired_t_below_p",
       {[](const Arguments& a) { return PairedTBelowP(DifferenceOf(a), a[3]); }}},
      {"detectable_effect",
       {[](const Arguments& a) { return MinimumDetectableEffect(a[0], Whole(a[1])); }}},
      {"detectable_drop", {[](const Arguments& a) { return DetectableDrop(a[0], Whole(a[1])); }}},
      {"cluster_error", {ClusterError}},
      {"sign_flip_exact",
       {[](const Arguments& a) { return SignFlipTest(Numbers(a), kSource, 2'000).p; }}},
      {"sign_flip_drawn",
       {[](const Arguments& a) { return SignFlipTest(Numbers(a), kSource, 2'000).p; }}},
      // Both sides are drawn: within the Monte-Carlo error of 100,000 resamples.
      {"bootstrap_lower", {[](const Arguments& a) { return ResampledEnd(a, true); }, 0.025}},
      {"bootstrap_upper", {[](const Arguments& a) { return ResampledEnd(a, false); }, 0.025}},
      {"poisson_at_most", {PoissonAtMost, 1e-7}},
      {"holm", {[](const Arguments& a) {
         return HolmAdjusted(Family("holm"))[static_cast<std::size_t>(a[0])];
       }}},
      {"benjamini_hochberg", {[](const Arguments& a) {
         return BenjaminiHochbergAdjusted(
             Family("benjamini_hochberg"))[static_cast<std::size_t>(a[0])];
       }}},
  };
  return *functions;
}

std::vector<std::string> FunctionNames() {
  std::vector<std::string> names;
  for (const auto& [name, function] : Functions()) {
    names.push_back(name);
  }
  return names;
}

class ReferenceValuesTest : public testing::TestWithParam<std::string> {};

TEST_P(ReferenceValuesTest, AreReproduced) {
  const Function& function = Functions().at(GetParam());
  const auto values = ReferenceValues().find(GetParam());
  ASSERT_NE(values, ReferenceValues().end());
  for (const ReferenceValue& reference : values->second) {
    const double value = function.call(reference.arguments);
    EXPECT_NEAR(value, reference.value, function.tolerance * std::fabs(reference.value) + 1e-300)
        << GetParam() << "(" << testing::PrintToString(reference.arguments) << "), relative error "
        << value / reference.value - 1;
  }
}

INSTANTIATE_TEST_SUITE_P(Each, ReferenceValuesTest, testing::ValuesIn(FunctionNames()),
                         [](const auto& suite) { return suite.param; });

TEST(ReferenceFileTest, HoldsNoFunctionThatIsNotTested) {
  std::vector<std::string> names;
  for (const auto& [name, values] : ReferenceValues()) {
    names.push_back(name);
  }
  EXPECT_EQ(names, FunctionNames());
}

}  // namespace
}  // namespace assay
