#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "server/run/scheduler.h"
#include "tests/integration/run/workbench.h"
#include "tests/support/columns_builder.h"

namespace assay::test {
namespace {

using ::testing::DoubleEq;
using ::testing::DoubleNear;
using ::testing::Optional;
using ::testing::SizeIs;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

// Vectors of examples: `key`, `embedding` and, unless empty, `repetition` rows to push.
struct Vectors {
  Rows<std::string> keys;
  Rows<std::vector<float>> embeddings;
  Rows<std::int64_t> repetitions;
};

class EmbeddingChangeTest : public ::testing::Test {
 protected:
  static std::string Key(std::int64_t row) { return absl::StrFormat("k%06d", row); }

  // `num_rows` examples in the cohorts half=even and half=odd.
  store::Id PushExamples(std::int64_t num_rows) {
    Rows<std::string> keys;
    Rows<std::string> labels;
    Rows<std::string> halves;
    for (std::int64_t row = 0; row < num_rows; ++row) {
      keys.emplace_back(Key(row));
      labels.emplace_back("x");
      halves.emplace_back(row % 2 == 0 ? "even" : "odd");
    }
    return bench_.PushDataset("d", {TextColumn("key", keys), TextColumn("label", labels),
                                    TextColumn("cohort.half", halves)});
  }

  // Points of the plane that are all apart: row i stands at (i, i * i % 7) + (1, 1).
  static std::vector<float> Point(std::int64_t row) {
    return {static_cast<float>(row + 1), static_cast<float>(row * row % 7 + 1)};
  }
  static Vectors Points(std::int64_t num_rows) {
    Vectors vectors;
    for (std::int64_t row = 0; row < num_rows; ++row) {
      vectors.keys.emplace_back(Key(row));
      vectors.embeddings.emplace_back(Point(row));
    }
    return vectors;
  }

  store::Id Evaluate(store::Id dataset, const Vectors& vectors, std::int32_t dimension,
                     const std::map<std::string, std::string>& config = {}) {
    const store::Id model = bench_.PushModel(absl::StrFormat("m%d", ++num_models_), config);
    std::vector<Column> columns = {
        TextColumn("key", vectors.keys),
        TextColumn("label", Rows<std::string>(vectors.keys.size(), std::string("x"))),
        Float32VectorColumn("embedding", dimension, vectors.embeddings)};
    if (!vectors.repetitions.empty()) {
      columns.push_back(Int64Column("repetition", vectors.repetitions));
    }
    const store::Id outputs = bench_.PushOutputs(dataset, model, std::move(columns));
    const store::RunRecord run =
        bench_.Evaluate(*scheduler_, {.output_set_id = outputs,
                                      .evaluators = {"ground_truth_match:accuracy"},
                                      .row_filter = {}});
    EXPECT_EQ(run.state, store::RunState::kSucceeded) << run.error;
    return run.id;
  }

  std::optional<store::EmbeddingChangeRecord> Compare(store::Id baseline, store::Id candidate) {
    const store::ComparisonRecord comparison =
        bench_.Compare(*scheduler_, {.baseline_run_id = baseline, .candidate_run_id = candidate});
    EXPECT_EQ(comparison.state, store::RunState::kSucceeded) << comparison.error;
    return comparison.result.embedding_change;
  }

  TemporaryDirectory directory_;
  Workbench bench_{directory_.path()};
  std::unique_ptr<run::Scheduler> scheduler_ = bench_.StartScheduler();
  int num_models_ = 0;
};

TEST_F(EmbeddingChangeTest, AQuarterTurnKeepsEverythingButTheDirections) {
  const store::Id dataset = PushExamples(40);
  const Vectors before = Points(40);
  Vectors after = before;
  for (std::optional<std::vector<float>>& point : after.embeddings) {
    point = {-(*point)[1], (*point)[0]};
  }
  const std::map<std::string, std::string> space = {{"embedding_space", "plane"}};
  const std::optional<store::EmbeddingChangeRecord> change =
      Compare(Evaluate(dataset, before, 2, space), Evaluate(dataset, after, 2, space));
  ASSERT_TRUE(change.has_value());
  EXPECT_TRUE(change->same_space);
  EXPECT_EQ(change->num_paired, 40);
  EXPECT_EQ(change->num_sampled, 40);
  EXPECT_THAT(change->debiased_cka, Optional(DoubleNear(1, 1e-9)));
  ASSERT_THAT(change->cells, SizeIs(3));
  for (const store::EmbeddingChangeCell& cell : change->cells) {
    EXPECT_EQ(cell.num_rows, cell.cohort.empty() ? 40 : 20);
    EXPECT_THAT(cell.cosine, Optional(DoubleNear(0, 1e-12))) << cell.cohort;
    EXPECT_THAT(cell.neighbor_overlap, Optional(DoubleEq(1))) << cell.cohort;
    EXPECT_THAT(cell.procrustes_residual, Optional(DoubleNear(0, 1e-12))) << cell.cohort;
  }
  EXPECT_EQ(change->cells[1].cohort, "half=even");
}

TEST_F(EmbeddingChangeTest, UnlikeDimensionsAreComparedWithoutPairedCosines) {
  const store::Id dataset = PushExamples(40);
  const Vectors before = Points(40);
  Vectors after = before;
  for (std::optional<std::vector<float>>& point : after.embeddings) {
    point->push_back(0);
  }
  const std::map<std::string, std::string> space = {{"embedding_space", "plane"}};
  const std::optional<store::EmbeddingChangeRecord> change =
      Compare(Evaluate(dataset, before, 2, space), Evaluate(dataset, after, 3, space));
  ASSERT_TRUE(change.has_value());
  EXPECT_EQ(change->baseline_dimension, 2);
  EXPECT_EQ(change->candidate_dimension, 3);
  EXPECT_FALSE(change->same_space);
  EXPECT_EQ(change->cells.at(0).cosine, std::nullopt);
  EXPECT_EQ(change->cells.at(0).l2, std::nullopt);
  EXPECT_THAT(change->cells.at(0).neighbor_overlap, Optional(DoubleEq(1)));
  EXPECT_THAT(change->cells.at(0).procrustes_residual, Optional(DoubleNear(0, 1e-12)));
}

TEST_F(EmbeddingChangeTest, VectorsWithoutADirectionAreLeftOutAndCounted) {
  const store::Id dataset = PushExamples(30);
  Vectors before = Points(30);
  before.embeddings[3] = std::vector<float>{0, 0};
  before.embeddings[4] = std::nullopt;
  Vectors after = Points(30);
  after.embeddings[4] = std::vector<float>{kNan, 1};
  after.embeddings[5] = std::vector<float>{0, std::numeric_limits<float>::infinity()};
  const std::optional<store::EmbeddingChangeRecord> change =
      Compare(Evaluate(dataset, before, 2), Evaluate(dataset, after, 2));
  ASSERT_TRUE(change.has_value());
  EXPECT_EQ(change->num_sampled, 30);
  EXPECT_EQ(change->cells.at(0).num_rows, 27);
  EXPECT_EQ(change->baseline_unusable.num_zero, 1);
  EXPECT_EQ(change->baseline_unusable.num_missing, 1);
  EXPECT_EQ(change->baseline_unusable.num_not_finite, 0);
  EXPECT_EQ(change->candidate_unusable.num_not_finite, 2);
}

// Outputs that stand in another order than the examples, some of them twice, lacking for one.
TEST_F(EmbeddingChangeTest, TheFirstOutputOfEachExampleTakesPart) {
  const store::Id dataset = PushExamples(30);
  Vectors shuffled;
  for (std::int64_t i = 29; i > 0; --i) {
    shuffled.keys.emplace_back(Key(i));
    shuffled.embeddings.emplace_back(Point(i));
    shuffled.repetitions.emplace_back(0);
  }
  shuffled.keys.emplace_back(Key(7));
  shuffled.repetitions.emplace_back(1);
  shuffled.embeddings.emplace_back(std::vector<float>{-1, -1});
  const std::map<std::string, std::string> space = {{"embedding_space", "plane"}};
  const std::optional<store::EmbeddingChangeRecord> change =
      Compare(Evaluate(dataset, Points(30), 2, space), Evaluate(dataset, shuffled, 2, space));
  ASSERT_TRUE(change.has_value());
  EXPECT_EQ(change->num_paired, 29);
  EXPECT_EQ(change->cells.at(0).num_rows, 29);
  EXPECT_THAT(change->cells.at(0).l2, Optional(DoubleEq(0)));
}

TEST_F(EmbeddingChangeTest, LargeSetsAreSampledOverAllChunks) {
  constexpr std::int64_t kRows = 12'000;
  const store::Id dataset = PushExamples(kRows);
  const Vectors before = Points(kRows);
  Vectors after = before;
  // The second half is turned: an even sample sees as many of these as of the others.
  for (std::int64_t row = kRows / 2; row < kRows; ++row) {
    std::vector<float>& point = *after.embeddings[static_cast<std::size_t>(row)];
    point = {-point[0], -point[1]};
  }
  const std::map<std::string, std::string> space = {{"embedding_space", "plane"}};
  const std::optional<store::EmbeddingChangeRecord> change =
      Compare(Evaluate(dataset, before, 2, space), Evaluate(dataset, after, 2, space));
  ASSERT_TRUE(change.has_value());
  EXPECT_EQ(change->num_paired, kRows);
  EXPECT_EQ(change->num_sampled, 5'000);
  EXPECT_EQ(change->cells.at(0).num_rows, 5'000);
  EXPECT_THAT(change->cells.at(0).cosine, Optional(DoubleNear(0, 1e-9)));
}

TEST_F(EmbeddingChangeTest, ASideWithoutVectorsHasNoChange) {
  const store::Id dataset = PushExamples(5);
  const store::Id with = Evaluate(dataset, Points(5), 2);
  const store::Id outputs =
      bench_.PushOutputs(dataset, bench_.PushModel("plain", {}),
                         {TextColumn("key", {Key(0), Key(1)}), TextColumn("label", {"x", "x"})});
  const store::RunRecord without = bench_.Evaluate(
      *scheduler_,
      {.output_set_id = outputs, .evaluators = {"ground_truth_match:accuracy"}, .row_filter = {}});
  EXPECT_EQ(Compare(with, without.id), std::nullopt);
}

}  // namespace
}  // namespace assay::test
