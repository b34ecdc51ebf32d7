// What every metric of every evaluator must hold to, whoever adds it: the registry says what there
// is.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <functional>
#include <memory>
#include <numeric>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "evaluators/registry.h"
#include "tests/unit/evaluators/column_makers.h"

namespace assay {
namespace {

constexpr std::int64_t kNumRows = 700;

std::string RandomLabel(std::mt19937& random) { return random() % 3 == 0 ? "yes" : "no"; }

// Rows with every column that some evaluator reads, nulls here and there.
Rows EveryColumn(std::uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  Texts gold, predicted, text;
  std::vector<std::optional<std::vector<std::string>>> references;
  std::vector<double> probabilities;
  std::vector<float> embedding, reference_embedding;
  std::vector<std::optional<Documents<double>>> rankings;
  std::vector<std::optional<Documents<std::int32_t>>> relevance;
  std::vector<std::optional<double>> numbers;
  for (std::int64_t row = 0; row < kNumRows; ++row) {
    const auto maybe = [&](std::string value) {
      return random() % 11 == 0 ? std::nullopt : std::optional(std::move(value));
    };
    gold.push_back(maybe(RandomLabel(random)));
    predicted.push_back(maybe(random() % 9 == 0 ? "stray" : RandomLabel(random)));
    text.push_back(maybe(random() % 2 == 0 ? std::to_string(random() % 5) : "The [\"x\"] y"));
    references.emplace_back(std::vector<std::string>{std::to_string(random() % 5), "the y"});
    const double p = std::round(64 / (1 + std::exp(-normal(random)))) / 64;
    probabilities.insert(probabilities.end(), {1 - p, random() % 17 == 0 ? std::nan("") : p});
    for (int i = 0; i < 3; ++i) {
      embedding.push_back(static_cast<float>(normal(random)));
      reference_embedding.push_back(static_cast<float>(normal(random)));
    }
    Documents<double> ranking;
    Documents<std::int32_t> judged;
    for (int document = 0; document < 15; ++document) {
      ranking.emplace_back("d" + std::to_string(document), static_cast<double>(random() % 12));
      judged.emplace_back("d" + std::to_string(document), static_cast<std::int32_t>(random() % 3));
    }
    rankings.emplace_back(std::move(ranking));
    relevance.emplace_back(std::move(judged));
    numbers.push_back(random() % 11 == 0 ? std::nullopt : std::optional(std::abs(normal(random))));
  }
  Rows rows;
  rows.examples.emplace("label", CodedTextColumn(gold));
  rows.examples.emplace("references", TextListColumn(references));
  rows.examples.emplace("relevance", RelevanceColumn(relevance));
  rows.examples.emplace("reference_embedding", FloatVectorColumn(3, reference_embedding));
  rows.outputs.emplace("label", CodedTextColumn(predicted));
  rows.outputs.emplace("text", TextColumn(text));
  rows.outputs.emplace("probabilities", DoubleVectorColumn(2, probabilities));
  rows.outputs.emplace("embedding", FloatVectorColumn(3, embedding));
  rows.outputs.emplace("ranking", RankingColumn(rankings));
  for (const char* name : {"latency_us", "cost", "score.NAME", "score.OTHER"}) {
    rows.outputs.emplace(name, DoubleColumn(numbers));
  }
  return rows;
}

Rows Part(const Rows& rows, std::int64_t begin, std::int64_t end) {
  Rows part;
  for (const auto& [name, column] : rows.examples) {
    part.examples.emplace(name, Slice(column, begin, end));
  }
  for (const auto& [name, column] : rows.outputs) {
    part.outputs.emplace(name, Slice(column, begin, end));
  }
  return part;
}

Rows Permuted(const Rows& rows, const std::vector<std::int64_t>& order) {
  Rows permuted;
  for (const auto& [name, column] : rows.examples) {
    permuted.examples.emplace(name, Gather(column, order));
  }
  for (const auto& [name, column] : rows.outputs) {
    permuted.outputs.emplace(name, Gather(column, order));
  }
  return permuted;
}

std::vector<std::int64_t> Ascending(std::int64_t count) {
  std::vector<std::int64_t> rows(static_cast<std::size_t>(count));
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}

// Bits of the values, so that -0 and NaN are told apart.
std::vector<std::optional<std::uint64_t>> BitsOf(const std::vector<std::optional<double>>& values) {
  std::vector<std::optional<std::uint64_t>> bits;
  for (const std::optional<double>& value : values) {
    bits.push_back(value ? std::optional(std::bit_cast<std::uint64_t>(*value)) : std::nullopt);
  }
  return bits;
}

std::vector<std::optional<std::uint64_t>> CorpusBits(const Evaluator& evaluator, const Rows& rows) {
  const std::unique_ptr<CorpusState> state = evaluator.NewCorpusState();
  if (state == nullptr) {
    return {};
  }
  state->Add(rows.Batch(), Ascending(rows.outputs.begin()->second.num_rows));
  return BitsOf(state->Values());
}

// Cuts rows into pieces, measures them on `num_workers` threads, and merges in order.
std::vector<std::optional<std::uint64_t>> CorpusBitsOfPieces(const Evaluator& evaluator,
                                                             const Rows& rows,
                                                             const std::vector<std::int64_t>& cuts,
                                                             int num_workers) {
  std::vector<std::unique_ptr<CorpusState>> states(cuts.size() - 1);
  std::vector<std::thread> workers;
  for (int worker = 0; worker < num_workers; ++worker) {
    workers.emplace_back([&, worker] {
      for (std::size_t i = static_cast<std::size_t>(worker); i < states.size();
           i += static_cast<std::size_t>(num_workers)) {
        states[i] = evaluator.NewCorpusState();
        const Rows part = Part(rows, cuts[i], cuts[i + 1]);
        states[i]->Add(part.Batch(), Ascending(cuts[i + 1] - cuts[i]));
      }
    });
  }
  for (std::thread& worker : workers) {
    worker.join();
  }
  for (std::size_t i = 1; i < states.size(); ++i) {
    states[0]->Merge(*states[i]);
  }
  return BitsOf(states[0]->Values());
}

std::vector<std::int64_t> RandomCuts(std::mt19937& random) {
  std::vector<std::int64_t> cuts = {0, kNumRows};
  for (std::uint32_t i = random() % 12; i > 0; --i) {
    cuts.push_back(1 + static_cast<std::int64_t>(random() % (kNumRows - 1)));
  }
  std::ranges::sort(cuts);
  cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
  return cuts;
}

class EveryEvaluatorTest : public testing::TestWithParam<std::string> {
 protected:
  EveryEvaluatorTest() : evaluator_(*MakeEvaluator(FullSpec(GetParam()))) {}

  std::unique_ptr<const Evaluator> evaluator_;
  const Rows rows_ = EveryColumn(42);
};

TEST_P(EveryEvaluatorTest, AcceptsTheColumnsOfThisTest) {
  EXPECT_EQ(evaluator_->Check(rows_.Types()), absl::OkStatus());
}

TEST_P(EveryEvaluatorTest, RowScoresAreTheSameForAnySplit) {
  const auto whole = rows_.Score(*evaluator_);
  std::mt19937 random(1);
  for (int round = 0; round < 5; ++round) {
    const std::vector<std::int64_t> cuts = RandomCuts(random);
    auto joined = whole;
    for (auto& [id, scores] : joined) {
      scores.clear();
    }
    for (std::size_t i = 0; i + 1 < cuts.size(); ++i) {
      for (const auto& [id, scores] : Part(rows_, cuts[i], cuts[i + 1]).Score(*evaluator_)) {
        joined[id].insert(joined[id].end(), scores.begin(), scores.end());
      }
    }
    for (const auto& [id, scores] : whole) {
      ASSERT_EQ(BitsOf(scores), BitsOf(joined[id])) << id;
    }
  }
}

TEST_P(EveryEvaluatorTest, CorpusValuesHaveTheSameBitsForAnySplitAndNumberOfWorkers) {
  if (evaluator_->NewCorpusState() == nullptr) {
    return;
  }
  const auto whole = CorpusBits(*evaluator_, rows_);
  std::mt19937 random(2);
  for (const int num_workers : {1, 2, 8}) {
    for (int round = 0; round < 5; ++round) {
      ASSERT_EQ(CorpusBitsOfPieces(*evaluator_, rows_, RandomCuts(random), num_workers), whole);
    }
  }
}

TEST_P(EveryEvaluatorTest, CorpusValuesDoNotDependOnTheOrderOfRows) {
  std::vector<std::int64_t> order = Ascending(kNumRows);
  std::shuffle(order.begin(), order.end(), std::mt19937(3));
  EXPECT_EQ(CorpusBits(*evaluator_, Permuted(rows_, order)), CorpusBits(*evaluator_, rows_));
}

TEST_P(EveryEvaluatorTest, EveryValueIsWithinTheRangeOfItsMetric) {
  auto values = rows_.Score(*evaluator_);
  if (const std::unique_ptr<CorpusState> state = evaluator_->NewCorpusState()) {
    state->Add(rows_.Batch(), Ascending(kNumRows));
    std::size_t next = 0;
    const std::vector<std::optional<double>> corpus = state->Values();
    for (const MetricDescriptor& metric : evaluator_->metrics()) {
      if (metric.kind == MetricKind::kCorpus) {
        values[metric.id] = {corpus.at(next++)};
      }
    }
    EXPECT_EQ(next, corpus.size());
  }
  for (const MetricDescriptor& metric : evaluator_->metrics()) {
    std::int64_t num_defined = 0;
    for (const std::optional<double>& value : values.at(metric.id)) {
      if (value) {
        ++num_defined;
        ASSERT_GE(*value, metric.lowest) << metric.id;
        ASSERT_LE(*value, metric.highest) << metric.id;
      }
    }
    EXPECT_GT(num_defined, 0) << metric.id << " is defined nowhere: the test does not cover it";
  }
}

INSTANTIATE_TEST_SUITE_P(Evaluators, EveryEvaluatorTest, testing::ValuesIn(EvaluatorNames()),
                         [](const testing::TestParamInfo<std::string>& name) {
                           return name.param;
                         });

}  // namespace
}  // namespace assay
