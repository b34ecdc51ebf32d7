#include "evaluators/metrics/embedding_change.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/evaluators/column_makers.h"
#include "tests/unit/evaluators/kernels/levels.h"

namespace assay {
namespace {

using ::testing::DoubleNear;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Optional;
using ::testing::SizeIs;

void RunInOrder(std::int64_t n, const std::function<void(std::int64_t)>& body) {
  for (std::int64_t i = 0; i < n; ++i) {
    body(i);
  }
}

void RunBackwards(std::int64_t n, const std::function<void(std::int64_t)>& body) {
  for (std::int64_t i = n; i-- > 0;) {
    body(i);
  }
}

EmbeddingChange Measure(const Column& baseline, const Column& candidate,
                        const EmbeddingChangeOptions& options = {},
                        const ParallelFor& parallel_for = RunInOrder) {
  const absl::StatusOr<EmbeddingChange> change =
      MeasureEmbeddingChange(baseline, candidate, options, parallel_for);
  EXPECT_TRUE(change.ok()) << change.status().ToString();
  return change.ok() ? *change : EmbeddingChange{};
}

// What tests/data/generate_embedding_change.py made.
struct Golden {
  Column vectors;
  std::map<std::pair<std::string, std::int64_t>, double> values;  // by measure and row
};

constexpr std::int64_t kRows = 150;

std::map<std::string, Golden> ReadGoldens() {
  const std::string stem = ASSAY_TEST_DATA "/embedding_change";
  std::ifstream table(stem + ".csv");
  std::ifstream vectors(stem + ".f32", std::ios::binary);
  std::map<std::string, Golden> goldens;
  std::string line;
  std::getline(table, line);
  while (std::getline(table, line)) {
    std::istringstream fields(line);
    std::string name;
    std::string dimension;
    std::string measure;
    std::string row;
    std::string value;
    std::getline(fields, name, ',');
    std::getline(fields, dimension, ',');
    std::getline(fields, measure, ',');
    std::getline(fields, row, ',');
    std::getline(fields, value, ',');
    const auto [golden, is_new] = goldens.try_emplace(name);
    if (is_new) {
      std::vector<float> components(static_cast<std::size_t>(kRows) * std::stoul(dimension));
      vectors.read(reinterpret_cast<char*>(components.data()),
                   static_cast<std::streamsize>(components.size() * sizeof(float)));
      golden->second.vectors = FloatVectorColumn(std::stoi(dimension), components);
    }
    golden->second.values[{measure, std::stol(row)}] = std::stod(value);
  }
  EXPECT_TRUE(vectors.good());
  return goldens;
}

class GoldenTest : public ::testing::TestWithParam<std::string> {
 protected:
  static void Expect(const std::optional<double>& value, const Golden& golden,
                     const std::string& measure, double tolerance = 1e-9) {
    EXPECT_THAT(value, Optional(DoubleNear(golden.values.at({measure, -1}), tolerance))) << measure;
  }

  static void ExpectRows(const std::vector<double>& values, const Golden& golden,
                         const std::string& measure) {
    EXPECT_THAT(values, SizeIs(kRows));
    for (std::int64_t row = 0; row < 30; ++row) {
      EXPECT_NEAR(values[static_cast<std::size_t>(row)], golden.values.at({measure, row}), 1e-9)
          << measure << " of row " << row;
    }
  }

 private:
  const LevelScope restore_;
};

TEST_P(GoldenTest, EveryMeasureIsThatOfNumpyAndScipyAtEveryLevel) {
  const std::map<std::string, Golden> goldens = ReadGoldens();
  const Golden& golden = goldens.at(GetParam());
  const Column& baseline = goldens.at("none").vectors;
  for (const Isa isa : Levels()) {
    ASSERT_TRUE(SelectIsa(isa));
    const bool same_space = golden.vectors.dimension == baseline.dimension;
    const EmbeddingChange change = Measure(baseline, golden.vectors, {.same_space = same_space});
    if (same_space) {
      Expect(change.mean_cosine, golden, "mean_cosine");
      Expect(change.mean_l2, golden, "mean_l2");
    }
    Expect(change.mean_neighbor_overlap, golden, "mean_neighbor_overlap");
    ExpectRows(change.neighbor_overlap, golden, "neighbor_overlap");
    Expect(change.procrustes_disparity, golden, "procrustes_disparity");
    ExpectRows(change.procrustes_residual, golden, "procrustes_residual");
    Expect(change.debiased_cka, golden, "debiased_cka");
    Expect(change.candidate_spread.mean_norm, golden, "mean_norm");
    Expect(change.candidate_spread.mean_pairwise_cosine, golden, "mean_pairwise_cosine");
    Expect(change.candidate_spread.effective_rank, golden, "effective_rank", 1e-7);
    Expect(change.candidate_spread.participation_ratio, golden, "participation_ratio", 1e-8);
  }
}

INSTANTIATE_TEST_SUITE_P(Changes, GoldenTest,
                         ::testing::Values("none", "rotation", "scale_and_shift", "noise_0.05",
                                           "noise_0.30", "half_of_the_dimensions", "shuffle",
                                           "collapse"),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::ranges::replace(name, '.', '_');
                           return name;
                         });

// What each measure sees, and what it is blind to.
class PatternTest : public ::testing::Test {
 protected:
  EmbeddingChange After(const std::string& name) const {
    const Column& candidate = goldens_.at(name).vectors;
    const Column& baseline = goldens_.at("none").vectors;
    return Measure(baseline, candidate, {.same_space = candidate.dimension == baseline.dimension});
  }

 private:
  const std::map<std::string, Golden> goldens_ = ReadGoldens();
};

TEST_F(PatternTest, ARotationChangesThePairedCosineAlone) {
  const EmbeddingChange change = After("rotation");
  EXPECT_LT(*change.mean_cosine, 0.2);
  EXPECT_EQ(*change.mean_neighbor_overlap, 1);
  EXPECT_LT(*change.procrustes_disparity, 1e-9);
  EXPECT_GT(*change.debiased_cka, 0.999999);
}

TEST_F(PatternTest, NoiseShowsInTheNeighborsFirst) {
  const EmbeddingChange change = After("noise_0.05");
  EXPECT_LT(*change.mean_neighbor_overlap, 0.9);
  EXPECT_GT(*change.mean_cosine, 0.95);
  EXPECT_GT(*change.debiased_cka, 0.95);
  EXPECT_LT(*After("noise_0.30").mean_neighbor_overlap, 0.5);
}

TEST_F(PatternTest, AShuffleLeavesNothingInCommon) {
  const EmbeddingChange change = After("shuffle");
  EXPECT_LT(*change.mean_neighbor_overlap, 0.15);
  EXPECT_NEAR(*change.debiased_cka, 0, 0.02);
  EXPECT_GT(*change.procrustes_disparity, 0.9);
}

TEST_F(PatternTest, ACollapseShowsInTheSpreadAlone) {
  const EmbeddingChange change = After("collapse");
  EXPECT_GT(*change.debiased_cka, 0.9999);
  EXPECT_LT(*change.procrustes_disparity, 1e-6);
  EXPECT_GT(*change.candidate_spread.mean_pairwise_cosine, 0.99);
  EXPECT_LT(*change.baseline_spread.mean_pairwise_cosine, 0.1);
}

TEST_F(PatternTest, HalfOfTheDimensionsAreComparedWithAll) {
  const EmbeddingChange change = After("half_of_the_dimensions");
  EXPECT_EQ(change.candidate_dimension, 12);
  EXPECT_EQ(change.mean_cosine, std::nullopt);
  EXPECT_GT(*change.mean_neighbor_overlap, 0.8);
  EXPECT_GT(*change.procrustes_disparity, 0.05);
  EXPECT_LT(*change.candidate_spread.effective_rank, *change.baseline_spread.effective_rank);
}

// Everything that is a number, for comparing to the bit.
std::vector<double> Numbers(const EmbeddingChange& change) {
  std::vector<double> numbers = change.neighbor_overlap;
  numbers.insert(numbers.end(), change.procrustes_residual.begin(),
                 change.procrustes_residual.end());
  for (const std::optional<double>& value :
       {change.debiased_cka, change.baseline_spread.effective_rank,
        change.candidate_spread.effective_rank, change.candidate_spread.participation_ratio,
        change.candidate_spread.mean_pairwise_cosine}) {
    numbers.push_back(value.value());
  }
  return numbers;
}

TEST(EmbeddingChangeTest, TheBitsAreTheSameInAnyOrderOfWorkAndFromV3On) {
  const LevelScope restore;
  const std::map<std::string, Golden> goldens = ReadGoldens();
  const Column& baseline = goldens.at("none").vectors;
  const Column& candidate = goldens.at("noise_0.30").vectors;
  std::optional<std::vector<double>> from_v3;
  for (const Isa isa : Levels()) {
    ASSERT_TRUE(SelectIsa(isa));
    const std::vector<double> numbers = Numbers(Measure(baseline, candidate));
    EXPECT_EQ(Numbers(Measure(baseline, candidate, {}, RunBackwards)), numbers);
    if (isa == Isa::kV3) {
      from_v3 = numbers;
    } else if (isa > Isa::kV3) {
      EXPECT_EQ(numbers, *from_v3);
    }
  }
}

TEST(EmbeddingChangeTest, UnusableVectorsAreLeftOutAndCounted) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float inf = std::numeric_limits<float>::infinity();
  Column baseline = FloatVectorColumn(2, {1, 0, 0, 0, 1, 1, nan, 1, 5, 5});
  baseline.validity = {0x0F};
  const Column candidate = FloatVectorColumn(2, {1, 0, 1, 0, inf, 1, 1, 1, 5, 5});
  const EmbeddingChange change = Measure(baseline, candidate, {.same_space = true});
  EXPECT_THAT(change.rows, ElementsAre(0));
  EXPECT_EQ(change.baseline_unusable.num_zero, 1);
  EXPECT_EQ(change.baseline_unusable.num_not_finite, 1);
  EXPECT_EQ(change.baseline_unusable.num_missing, 1);
  EXPECT_EQ(change.candidate_unusable.num_not_finite, 1);
  EXPECT_THAT(change.cosine, ElementsAre(1.0));
}

TEST(EmbeddingChangeTest, TooFewRowsHaveNeitherNeighborsNorAlignment) {
  const Column vectors = FloatVectorColumn(2, {1, 0, 0, 1, 1, 1});
  const EmbeddingChange change = Measure(vectors, vectors);
  EXPECT_EQ(change.mean_neighbor_overlap, std::nullopt);
  EXPECT_EQ(change.debiased_cka, std::nullopt);
  EXPECT_THAT(change.neighbor_overlap, IsEmpty());
  EXPECT_THAT(change.procrustes_disparity, Optional(DoubleNear(0, 1e-14)));
}

TEST(EmbeddingChangeTest, OfNoRowsIsNothing) {
  const Column vectors = FloatVectorColumn(2, {});
  const EmbeddingChange change = Measure(vectors, vectors, {.same_space = true});
  EXPECT_THAT(change.rows, IsEmpty());
  EXPECT_EQ(change.mean_cosine, std::nullopt);
  EXPECT_EQ(change.baseline_spread.mean_pairwise_cosine, std::nullopt);
}

TEST(EmbeddingChangeTest, AConstantSideHasNoAlignmentButShowsItsCollapse) {
  std::vector<float> constant;
  std::vector<float> varied;
  for (int row = 0; row < 20; ++row) {
    constant.insert(constant.end(), {0.1F, 0.7F});
    varied.insert(varied.end(), {static_cast<float>(row), 1.0F});
  }
  const EmbeddingChange change =
      Measure(FloatVectorColumn(2, varied), FloatVectorColumn(2, constant));
  EXPECT_EQ(change.debiased_cka, std::nullopt);
  EXPECT_EQ(change.procrustes_disparity, std::nullopt);
  EXPECT_EQ(change.candidate_spread.effective_rank, std::nullopt);
  EXPECT_THAT(change.candidate_spread.mean_pairwise_cosine, Optional(DoubleNear(1, 1e-12)));
  EXPECT_TRUE(change.mean_neighbor_overlap.has_value());
}

TEST(EmbeddingChangeTest, ComponentsOf1e20And1eMinus25AreMeasured) {
  std::vector<float> small;
  std::vector<float> large;
  for (int row = 0; row < 30; ++row) {
    const auto angle = static_cast<float>(row);
    small.insert(small.end(), {1e-25F * std::cos(angle), 1e-25F * std::sin(angle)});
    large.insert(large.end(), {1e20F * std::cos(angle), 1e20F * std::sin(angle)});
  }
  const EmbeddingChange change =
      Measure(FloatVectorColumn(2, small), FloatVectorColumn(2, large), {.same_space = true});
  EXPECT_THAT(change.cosine, Each(DoubleNear(1, 1e-12)));
  EXPECT_THAT(change.debiased_cka, Optional(DoubleNear(1, 1e-6)));
  EXPECT_THAT(change.procrustes_disparity, Optional(DoubleNear(0, 1e-6)));
}

TEST(EmbeddingChangeTest, RefusesOneSpaceOfTwoDimensionsAndColumnsWithoutVectors) {
  const Column two = FloatVectorColumn(2, {1, 0});
  const Column one = FloatVectorColumn(1, {1});
  EXPECT_THAT(MeasureEmbeddingChange(two, one, {.same_space = true}, RunInOrder).status().message(),
              HasSubstr("2 and of 1 components cannot be in one space"));
  EXPECT_THAT(MeasureEmbeddingChange(two, TextColumn({"1 0"}), {}, RunInOrder).status().message(),
              HasSubstr("candidate embedding: is text"));
}

}  // namespace
}  // namespace assay
