#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <optional>
#include <random>
#include <string>
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

TEST(MatchOutcomesTest, OrderedRowsGiveTheAreasOfTheMetric) {
  const auto evaluator = MakeEvaluator("ground_truth_match:auc,auc[a],auc_ovr,labels=a|b");
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
  ASSERT_EQ(resampled.size(), 3U);

  std::vector<std::uint32_t> counted(all.begin(), all.end());
  for (std::size_t metric = 0; metric < resampled.size(); ++metric) {
    if ((*evaluator)->metrics()[metric].id == "auc_ovr") {
      EXPECT_FALSE(resampled[metric].has_value());
      continue;
    }
    ASSERT_TRUE(resampled[metric].has_value());
    EXPECT_EQ(resampled[metric]->statistic, nullptr);
    const PairedBootstrap same =
        BootstrapAreas(resampled[metric]->ordered, resampled[metric]->ordered, 1, counted, {},
                       {.seed = 1, .stream = 1}, 10);
    EXPECT_THAT(same.baseline, Optional(DoubleNear(*values[metric], 1e-12)));
    EXPECT_TRUE(same.is_identical);
  }
}

}  // namespace
}  // namespace assay
