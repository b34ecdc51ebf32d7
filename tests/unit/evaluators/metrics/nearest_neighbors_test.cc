#include "evaluators/metrics/nearest_neighbors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <random>
#include <vector>

#include "evaluators/metrics/vector_rows.h"
#include "tests/unit/evaluators/column_makers.h"
#include "tests/unit/evaluators/kernels/levels.h"

namespace assay {
namespace {

using ::testing::ElementsAre;

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

std::vector<std::int64_t> AllRows(const Column& column) {
  std::vector<std::int64_t> rows(static_cast<std::size_t>(column.num_rows));
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}

// Every pair compared, as the definition says.
std::vector<std::int32_t> BySorting(const Column& vectors, std::span<const std::int64_t> rows,
                                    std::int64_t k) {
  std::vector<std::int32_t> neighbors;
  for (std::size_t query = 0; query < rows.size(); ++query) {
    std::vector<std::pair<double, std::int32_t>> ranked;
    for (std::size_t other = 0; other < rows.size(); ++other) {
      if (other != query) {
        ranked.emplace_back(-CompareVectorRows(vectors, rows[query], vectors, rows[other])->cosine,
                            static_cast<std::int32_t>(other));
      }
    }
    std::sort(ranked.begin(), ranked.end());
    for (std::int64_t i = 0; i < k; ++i) {
      neighbors.push_back(ranked[static_cast<std::size_t>(i)].second);
    }
  }
  return neighbors;
}

std::vector<float> Normals(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(size);
  for (float& value : values) {
    value = normal(random);
  }
  return values;
}

TEST(NearestNeighborsTest, OfKnownVectors) {
  const Column vectors = FloatVectorColumn(2, {1, 0, 9, 1, 0, 2, 1, 3});
  EXPECT_THAT(NearestNeighbors(vectors, AllRows(vectors), 2, RunInOrder),
              ElementsAre(1, 3, 0, 3, 3, 1, 2, 1));
}

TEST(NearestNeighborsTest, AreThoseOfAFullSortAtEveryLevelAndInAnyOrder) {
  const LevelScope restore;
  const Column vectors = FloatVectorColumn(33, Normals(700 * 33, 1));
  const std::vector<std::int32_t> expected = BySorting(vectors, AllRows(vectors), 10);
  for (const Isa isa : Levels()) {
    ASSERT_TRUE(SelectIsa(isa));
    EXPECT_EQ(NearestNeighbors(vectors, AllRows(vectors), 10, RunInOrder), expected);
    EXPECT_EQ(NearestNeighbors(vectors, AllRows(vectors), 10, RunBackwards), expected);
  }
}

// Differences far below the resolution of float32 decide: a float32 search cannot see them.
TEST(NearestNeighborsTest, VectorsInANarrowConeAreToldApart) {
  const LevelScope restore;
  std::mt19937 random(2);
  std::normal_distribution<double> normal;
  std::vector<double> values;
  for (int row = 0; row < 300; ++row) {
    for (int j = 0; j < 16; ++j) {
      values.push_back(1 + 1e-5 * normal(random));
    }
  }
  const Column vectors = DoubleVectorColumn(16, values);
  const std::vector<std::int32_t> expected = BySorting(vectors, AllRows(vectors), 5);
  for (const Isa isa : Levels()) {
    ASSERT_TRUE(SelectIsa(isa));
    EXPECT_EQ(NearestNeighbors(vectors, AllRows(vectors), 5, RunInOrder), expected);
  }
}

TEST(NearestNeighborsTest, EqualVectorsComeInTheOrderOfRows) {
  std::vector<float> values;
  for (int row = 0; row < 1200; ++row) {
    values.insert(values.end(), {1, 2, 3});
  }
  const Column vectors = FloatVectorColumn(3, values);
  const std::vector<std::int32_t> neighbors =
      NearestNeighbors(vectors, AllRows(vectors), 2, RunInOrder);
  EXPECT_THAT(std::vector(neighbors.begin(), neighbors.begin() + 6), ElementsAre(1, 2, 0, 2, 0, 1));
  EXPECT_THAT(std::vector(neighbors.end() - 2, neighbors.end()), ElementsAre(0, 1));
}

TEST(NearestNeighborsTest, RowsLeftOutAreNobodysNeighbors) {
  const Column vectors = FloatVectorColumn(2, {1, 0, 0, 0, 1, 0.1F, 0, 1});
  EXPECT_THAT(NearestNeighbors(vectors, std::vector<std::int64_t>{0, 2, 3}, 1, RunInOrder),
              ElementsAre(1, 0, 1));
}

TEST(NearestNeighborsTest, HugeAndTinyVectorsHaveNeighborsToo) {
  const Column vectors = DoubleVectorColumn(2, {1e300, 0, 1e-300, 1e-302, 0, 1e20, 1, 1e3});
  EXPECT_THAT(NearestNeighbors(vectors, AllRows(vectors), 1, RunInOrder), ElementsAre(1, 0, 3, 2));
}

}  // namespace
}  // namespace assay
