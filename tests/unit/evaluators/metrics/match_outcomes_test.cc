#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <optional>
#include <random>
#include <string>
#include <variant>
#include <vector>

#include "evaluators/corpus_outcomes.h"
#include "evaluators/registry.h"
#include "evaluators/statistics/ordered_bootstrap.h"
#include "tests/unit/evaluators/column_makers.h"

namespace assay {
namespace {

using ::testing::DoubleNear;
using ::testing::Optional;

constexpr std::int64_t kRows = 120;

// Labels a and b with probabilities of few distinct values, so that some tie; every seventh row has
// no usable probabilities.
Rows MakeRows() {
  std::mt19937 random(3);
  Texts gold;
  std::vector<double> numbers;
  for (std::int64_t row = 0; row < kRows; ++row) {
    gold.emplace_back(row % 3 == 0 ? "b" : "a");
    const double share = static_cast<double>(random() % 20 + (row % 3 == 0 ? 10U : 0U)) / 30;
    numbers.push_back(row % 7 == 0 ? 2 : 1 - share);
    numbers.push_back(share);
  }
  return {.examples = {{"label", CodedTextColumn(gold)}},
          .outputs = {{"probabilities", DoubleVectorColumn(2, std::move(numbers))}}};
}

std::vector<std::int64_t> FirstRows(std::int64_t num_rows) {
  std::vector<std::int64_t> rows(static_cast<std::size_t>(num_rows));
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}

// What resampling starts from must be the metric: no resample, all rows.
TEST(MatchOutcomesTest, OrderedRowsGiveTheValuesOfTheMetrics) {
  const auto evaluator =
      MakeEvaluator("ground_truth_match:ece_mass,auc,auc[a],auc_ovr,labels=a|b,bins=7");
  ASSERT_TRUE(evaluator.ok()) << evaluator.status().ToString();
  const Rows rows = MakeRows();
  const std::vector<std::int64_t> all = FirstRows(kRows);
  const auto state = (*evaluator)->NewCorpusState();
  state->Add(rows.Batch(), all);
  const std::vector<std::optional<double>> values = state->Values();

  const auto* const source = dynamic_cast<const OutcomeSource*>(evaluator->get());
  ASSERT_NE(source, nullptr);
  const std::unique_ptr<CorpusOutcomes> outcomes = source->NewOutcomes(kRows);
  ASSERT_NE(outcomes, nullptr);
  outcomes->Add(rows.Batch(), all, all);
  const auto resampled = outcomes->Finish();
  ASSERT_EQ(resampled.size(), 4U);

  const std::vector<std::uint32_t> counted(all.begin(), all.end());
  const RandomSource random{.seed = 1, .stream = 1};
  for (std::size_t metric = 0; metric < resampled.size(); ++metric) {
    ASSERT_TRUE(resampled[metric].has_value());
    PairedBootstrap same;
    if (const auto* const areas = std::get_if<CorpusOutcomes::Areas>(&*resampled[metric])) {
      same = BootstrapAreas(areas->classes, areas->classes, 1, counted, {}, random, 10);
    } else {
      const auto& confidences = std::get<CorpusOutcomes::Confidences>(*resampled[metric]);
      EXPECT_EQ(confidences.num_bins, 7);
      same = BootstrapCalibration(confidences.column, confidences.column, 7, 1, counted, {}, random,
                                  10);
    }
    EXPECT_THAT(same.baseline, Optional(DoubleNear(*values[metric], 1e-12)));
    EXPECT_TRUE(same.is_identical);
  }
}

TEST(MatchOutcomesTest, EveryLabelHasACurveOfTheMeanOfAreas) {
  const auto evaluator = MakeEvaluator("ground_truth_match:auc_ovr,auc[b],labels=a|b");
  ASSERT_TRUE(evaluator.ok()) << evaluator.status().ToString();
  const auto outcomes = dynamic_cast<const OutcomeSource&>(**evaluator).NewOutcomes(kRows);
  std::vector<std::size_t> num_classes;
  for (const auto& metric : outcomes->Finish()) {
    num_classes.push_back(std::get<CorpusOutcomes::Areas>(*metric).classes.size());
  }
  EXPECT_THAT(num_classes, testing::ElementsAre(2U, 1U));
}

}  // namespace
}  // namespace assay
