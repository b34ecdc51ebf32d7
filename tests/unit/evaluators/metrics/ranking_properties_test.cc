// What must hold of every ranking measure on any data, checked on seeded random data.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "evaluators/metrics/document_judge.h"
#include "evaluators/metrics/ranking_measure.h"
#include "evaluators/registry.h"
#include "tests/unit/evaluators/column_makers.h"

namespace assay {
namespace {

constexpr char kBounded[] =
    "ranking:nDCG@5,nDCG,AP,AP@10,RR,RR@3,R@5,P@5,P@100,Success@3,Rprec,bpref,bpref(rel=2),"
    "IPrec@0,IPrec@0.5,Judged@10,nDCG_exp,nDCG_exp@5,R_cap@5,R@10(rel=2)";
constexpr std::int64_t kNumRows = 300;

struct Query {
  std::optional<Documents<std::int32_t>> judged;
  std::optional<Documents<double>> ranked;
};

// Few documents and few distinct scores, so that everything happens: ties, queries without relevant
// documents, without judgements, without a ranking.
Query MakeQuery(std::mt19937_64& random) {
  const auto below = [&random](std::uint64_t n) { return random() % n; };
  Query query;
  std::vector<std::string> documents;
  for (int i = 0; i < 40; ++i) {
    documents.push_back("d" + std::to_string(i));
  }
  std::shuffle(documents.begin(), documents.end(), random);
  if (below(20) != 0) {
    query.judged.emplace();
    const std::uint64_t highest = below(4);
    for (std::size_t i = 0; i < below(30); ++i) {
      query.judged->emplace_back(documents[i], static_cast<std::int32_t>(below(highest + 2)) - 1);
    }
  }
  std::shuffle(documents.begin(), documents.end(), random);
  if (below(20) != 0) {
    query.ranked.emplace();
    const std::uint64_t num_scores = 1 + below(30);
    for (std::size_t i = 0; i < below(40); ++i) {
      query.ranked->emplace_back(documents[i], (static_cast<double>(below(num_scores)) - 10) / 7);
    }
  }
  return query;
}

std::vector<Query> MakeQueries() {
  std::mt19937_64 random(20260101);
  std::vector<Query> queries;
  for (std::int64_t i = 0; i < kNumRows; ++i) {
    queries.push_back(MakeQuery(random));
  }
  return queries;
}

Rows MakeRows(const std::vector<Query>& queries) {
  std::vector<std::optional<Documents<std::int32_t>>> judged;
  std::vector<std::optional<Documents<double>>> ranked;
  for (const Query& query : queries) {
    judged.push_back(query.judged);
    ranked.push_back(query.ranked);
  }
  return {.examples = {{"relevance", RelevanceColumn(judged)}},
          .outputs = {{"ranking", RankingColumn(ranked)}}};
}

std::unique_ptr<const Evaluator> Make(const std::string& spec) {
  absl::StatusOr<std::unique_ptr<const Evaluator>> evaluator = MakeEvaluator(spec);
  EXPECT_TRUE(evaluator.ok()) << evaluator.status().ToString();
  return *std::move(evaluator);
}

TEST(RankingPropertiesTest, EveryValueIsFromZeroToOne) {
  const Rows rows = MakeRows(MakeQueries());
  for (const auto& [metric, values] : rows.Score(*Make(kBounded))) {
    int num_defined = 0;
    for (const std::optional<double>& value : values) {
      if (value) {
        ++num_defined;
        EXPECT_GE(*value, 0) << metric;
        // A ratio of two equal sums in another order may pass 1 by some roundings.
        EXPECT_LE(*value, 1 + 1e-14) << metric;
      }
    }
    EXPECT_GT(num_defined, kNumRows / 3) << metric;
  }
}

TEST(RankingPropertiesTest, TheOrderInWhichDocumentsAreGivenDoesNotMatter) {
  std::vector<Query> queries = MakeQueries();
  const auto before = MakeRows(queries).Score(*Make(kBounded));
  std::mt19937_64 random(7);
  for (Query& query : queries) {
    if (query.judged) {
      std::shuffle(query.judged->begin(), query.judged->end(), random);
    }
    if (query.ranked) {
      std::shuffle(query.ranked->begin(), query.ranked->end(), random);
    }
  }
  EXPECT_EQ(MakeRows(queries).Score(*Make(kBounded)), before);
}

TEST(RankingPropertiesTest, AnIncreasingMapOfTheScoresDoesNotMatter) {
  std::vector<Query> queries = MakeQueries();
  const auto before = MakeRows(queries).Score(*Make(kBounded));
  for (Query& query : queries) {
    if (query.ranked) {
      for (auto& [document, score] : *query.ranked) {
        score = score * 1024 - 5;
      }
    }
  }
  EXPECT_EQ(MakeRows(queries).Score(*Make(kBounded)), before);
}

TEST(RankingPropertiesTest, MovingARelevantDocumentUpNeverLosesAnything) {
  std::vector<Query> queries = MakeQueries();
  const auto before = MakeRows(queries).Score(*Make(kBounded));
  for (Query& query : queries) {
    if (!query.judged || !query.ranked) {
      continue;
    }
    for (auto& ranked : *query.ranked) {
      const auto relevant = std::find_if(
          query.judged->begin(), query.judged->end(),
          [&](const auto& judged) { return judged.first == ranked.first && judged.second >= 3; });
      ranked.second += relevant != query.judged->end() ? 100 : 0;
    }
  }
  const auto after = MakeRows(queries).Score(*Make(kBounded));
  int num_better = 0;
  for (const auto& [metric, values] : before) {
    for (std::size_t row = 0; row < values.size(); ++row) {
      if (values[row] && metric != "Judged@10") {
        EXPECT_GE(*after.at(metric)[row], *values[row] - 1e-14) << metric << " row " << row;
        num_better += *after.at(metric)[row] > *values[row] ? 1 : 0;
      }
    }
  }
  EXPECT_GT(num_better, 50);
}

TEST(RankingPropertiesTest, ADeeperCutoffNeverFindsLess) {
  const Rows rows = MakeRows(MakeQueries());
  const auto scores =
      rows.Score(*Make("ranking:R@1,R@2,R@5,R@20,Success@1,Success@2,Success@5,"
                       "Success@20,AP@1,AP@2,AP@5,AP@20,RR@1,RR@2,RR@5,RR@20"));
  for (const char* const name : {"R@", "Success@", "AP@", "RR@"}) {
    const char* const cutoffs[] = {"1", "2", "5", "20"};
    for (std::size_t i = 0; i + 1 < std::size(cutoffs); ++i) {
      const auto& less = scores.at(std::string(name) + cutoffs[i]);
      const auto& more = scores.at(std::string(name) + cutoffs[i + 1]);
      for (std::size_t row = 0; row < less.size(); ++row) {
        EXPECT_LE(less[row], more[row]) << name << cutoffs[i] << " row " << row;
      }
    }
  }
}

TEST(RankingPropertiesTest, TextsAndColumnsAreJudgedAlike) {
  const std::vector<Query> queries = MakeQueries();
  const Rows rows = MakeRows(queries);
  const auto scores = rows.Score(*Make("ranking:AP,bpref,nDCG@5,num_ret,Judged@10"));
  DocumentJudge judge;
  for (std::size_t row = 0; row < queries.size(); ++row) {
    if (!queries[row].judged) {
      continue;
    }
    std::vector<Judgement> judgements;
    for (const auto& [document, grade] : *queries[row].judged) {
      judgements.push_back({document, grade});
    }
    std::vector<RankedDocument> ranking;
    if (queries[row].ranked) {
      for (const auto& [document, score] : *queries[row].ranked) {
        ranking.push_back({document, score});
      }
    }
    const std::optional<JudgedRanking> query = judge.Judge(judgements, ranking);
    ASSERT_TRUE(query.has_value());
    for (const auto& [metric, values] : scores) {
      const double value = ComputeRankingMeasure(*ParseRankingMeasure(metric), *query);
      if (values[row]) {
        EXPECT_EQ(std::bit_cast<std::uint64_t>(value), std::bit_cast<std::uint64_t>(*values[row]))
            << metric;
      } else {
        EXPECT_NE(value, value) << metric;
      }
    }
  }
}

// Scores rows in chunks of `chunk_rows`, shared out over `num_workers` threads.
std::vector<std::uint64_t> ScoreInChunks(const Evaluator& evaluator, const Rows& rows,
                                         std::int64_t chunk_rows, int num_workers) {
  const std::size_t num_metrics = evaluator.metrics().size();
  std::vector<std::uint64_t> bits(num_metrics * kNumRows);
  const auto work = [&](int worker) {
    for (std::int64_t begin = worker * chunk_rows; begin < kNumRows;
         begin += num_workers * chunk_rows) {
      const std::int64_t end = std::min(begin + chunk_rows, kNumRows);
      const Rows chunk = {
          .examples = {{"relevance", Slice(rows.examples.at("relevance"), begin, end)}},
          .outputs = {{"ranking", Slice(rows.outputs.at("ranking"), begin, end)}}};
      std::vector<ScoreColumn> scores(num_metrics);
      ASSERT_TRUE(evaluator.Score(chunk.Batch(), scores).ok());
      for (std::size_t metric = 0; metric < num_metrics; ++metric) {
        for (std::int64_t row = begin; row < end; ++row) {
          const auto i = static_cast<std::size_t>(row - begin);
          bits[metric * kNumRows + static_cast<std::size_t>(row)] =
              scores[metric].is_defined[i] != 0
                  ? std::bit_cast<std::uint64_t>(scores[metric].values[i])
                  : ~std::uint64_t{0};
        }
      }
    }
  };
  std::vector<std::thread> workers;
  for (int worker = 0; worker < num_workers; ++worker) {
    workers.emplace_back(work, worker);
  }
  for (std::thread& worker : workers) {
    worker.join();
  }
  return bits;
}

TEST(RankingPropertiesTest, WorkersAndChunksDoNotChangeASingleBit) {
  const Rows rows = MakeRows(MakeQueries());
  const auto evaluator = Make(kBounded);
  const std::vector<std::uint64_t> expected = ScoreInChunks(*evaluator, rows, kNumRows, 1);
  for (const int num_workers : {1, 2, 8}) {
    for (const std::int64_t chunk_rows : {1, 7, 64, 299}) {
      EXPECT_EQ(ScoreInChunks(*evaluator, rows, chunk_rows, num_workers), expected)
          << num_workers << " workers, chunks of " << chunk_rows;
    }
  }
}

TEST(RankingPropertiesTest, CountsOfChunksAddUp) {
  const Rows rows = MakeRows(MakeQueries());
  const auto evaluator = Make("ranking:P@5,R@10,AP(rel=2)");
  const auto whole = evaluator->Counts(rows.Batch());
  auto sum = whole;
  for (auto& [name, count] : sum) {
    count = 0;
  }
  for (std::int64_t begin = 0; begin < kNumRows; begin += 11) {
    const std::int64_t end = std::min<std::int64_t>(begin + 11, kNumRows);
    const Rows chunk = {
        .examples = {{"relevance", Slice(rows.examples.at("relevance"), begin, end)}},
        .outputs = {{"ranking", Slice(rows.outputs.at("ranking"), begin, end)}}};
    const auto part = evaluator->Counts(chunk.Batch());
    ASSERT_EQ(part.size(), sum.size());
    for (std::size_t i = 0; i < part.size(); ++i) {
      sum[i].second += part[i].second;
    }
  }
  EXPECT_EQ(sum, whole);
  EXPECT_GT(whole.front().second, 0);
}

}  // namespace
}  // namespace assay
