#include "evaluators/kernels/packed_matrix.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <span>
#include <vector>

#include "tests/unit/evaluators/kernels/levels.h"

namespace assay {
namespace {

template <typename T>
std::vector<T> Normals(std::int64_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<T> normal;
  std::vector<T> values(static_cast<std::size_t>(size));
  for (T& value : values) {
    value = normal(random);
  }
  return values;
}

template <typename T>
std::vector<T> Multiply(const std::vector<T>& x, std::int64_t num_x_rows, const std::vector<T>& w,
                        std::int64_t num_rows, std::int64_t depth, std::span<const T> bias = {}) {
  const PackedMatrix<T> packed(w, num_rows, depth);
  std::vector<T> y(static_cast<std::size_t>(num_x_rows * num_rows), T{-7});
  packed.Multiply(x.data(), num_x_rows, depth, bias, y.data(), num_rows);
  return y;
}

// The definition: terms in ascending order, fused from v3 on.
template <typename T>
T Sum(const T* x, const T* w, std::int64_t depth, bool is_fused) {
  T sum = 0;
  for (std::int64_t k = 0; k < depth; ++k) {
    if (is_fused) {
      sum = std::fma(x[k], w[k], sum);
    } else {
      const volatile T product = x[k] * w[k];
      sum += product;
    }
  }
  return sum;
}

template <typename T>
class PackedMatrixTest : public ::testing::Test {
 private:
  const LevelScope restore_;
};
using Scalars = ::testing::Types<float, double>;
TYPED_TEST_SUITE(PackedMatrixTest, Scalars);

TYPED_TEST(PackedMatrixTest, EverySumIsThatOfTheDefinitionToTheBit) {
  struct Shape {
    std::int64_t num_x_rows, num_rows, depth;
  };
  for (const Isa isa : Levels()) {
    ASSERT_TRUE(SelectIsa(isa));
    for (const Shape& shape :
         {Shape{1, 1, 1}, Shape{1, 33, 5}, Shape{3, 64, 17}, Shape{13, 31, 40}, Shape{14, 32, 8},
          Shape{15, 48, 3}, Shape{29, 7, 1100}, Shape{230, 5, 9}, Shape{5, 70, 1600}}) {
      const auto x = Normals<TypeParam>(shape.num_x_rows * shape.depth, 1);
      const auto w = Normals<TypeParam>(shape.num_rows * shape.depth, 2);
      const auto bias = Normals<TypeParam>(shape.num_rows, 3);
      const auto y = Multiply<TypeParam>(x, shape.num_x_rows, w, shape.num_rows, shape.depth, bias);
      for (std::int64_t i = 0; i < shape.num_x_rows; ++i) {
        for (std::int64_t j = 0; j < shape.num_rows; ++j) {
          const TypeParam sum = Sum(x.data() + i * shape.depth, w.data() + j * shape.depth,
                                    shape.depth, isa != Isa::kBaseline);
          ASSERT_EQ(y[static_cast<std::size_t>(i * shape.num_rows + j)],
                    sum + bias[static_cast<std::size_t>(j)])
              << IsaName(isa) << ' ' << shape.depth << ' ' << i << ' ' << j;
        }
      }
    }
  }
}

TYPED_TEST(PackedMatrixTest, ARowDoesNotDependOnTheRowsAroundIt) {
  constexpr std::int64_t kRows = 61;
  constexpr std::int64_t kOutputs = 45;
  constexpr std::int64_t kDepth = 900;
  const auto x = Normals<TypeParam>(kRows * kDepth, 4);
  const auto w = Normals<TypeParam>(kOutputs * kDepth, 5);
  for (const Isa isa : Levels()) {
    ASSERT_TRUE(SelectIsa(isa));
    const PackedMatrix<TypeParam> packed(w, kOutputs, kDepth);
    std::vector<TypeParam> whole(static_cast<std::size_t>(kRows * kOutputs));
    packed.Multiply(x.data(), kRows, kDepth, {}, whole.data(), kOutputs);
    for (const std::int64_t batch : {1, 2, 3, 7, 33}) {
      std::vector<TypeParam> parts(whole.size());
      for (std::int64_t row = 0; row < kRows; row += batch) {
        packed.Multiply(x.data() + row * kDepth, std::min(batch, kRows - row), kDepth, {},
                        parts.data() + row * kOutputs, kOutputs);
      }
      ASSERT_EQ(parts, whole) << IsaName(isa) << " in batches of " << batch;
    }
  }
}

TYPED_TEST(PackedMatrixTest, ARangeOfRowsGivesTheSameColumns) {
  constexpr std::int64_t kOutputs = 100;
  constexpr std::int64_t kDepth = 20;
  const auto x = Normals<TypeParam>(2 * kDepth, 6);
  const auto w = Normals<TypeParam>(kOutputs * kDepth, 7);
  for (const Isa isa : Levels()) {
    ASSERT_TRUE(SelectIsa(isa));
    const PackedMatrix<TypeParam> packed(w, kOutputs, kDepth);
    const auto whole = Multiply<TypeParam>(x, 2, w, kOutputs, kDepth);
    std::vector<TypeParam> range(2 * kOutputs, TypeParam{-7});
    packed.MultiplyRange(64, 99, x.data(), 2, kDepth, range.data(), kOutputs);
    for (std::size_t row = 0; row < 2; ++row) {
      for (std::size_t j = 0; j < 35; ++j) {
        ASSERT_EQ(range[row * kOutputs + j], whole[row * kOutputs + 64 + j]);
      }
      ASSERT_EQ(range[row * kOutputs + 35], TypeParam{-7}) << "wrote past the range";
    }
  }
}

TYPED_TEST(PackedMatrixTest, ALayerWithoutInputsIsItsBias) {
  for (const Isa isa : Levels()) {
    ASSERT_TRUE(SelectIsa(isa));
    const std::vector<TypeParam> bias = {1, 2, 3};
    EXPECT_EQ(Multiply<TypeParam>({}, 2, {}, 3, 0, bias),
              (std::vector<TypeParam>{1, 2, 3, 1, 2, 3}));
  }
}

TYPED_TEST(PackedMatrixTest, NanAndInfinityReachTheirRowsAlone) {
  const TypeParam inf = std::numeric_limits<TypeParam>::infinity();
  const TypeParam nan = std::numeric_limits<TypeParam>::quiet_NaN();
  for (const Isa isa : Levels()) {
    ASSERT_TRUE(SelectIsa(isa));
    const auto y = Multiply<TypeParam>({inf, 1, nan, 1, 2, 1}, 3, {1, 1}, 1, 2);
    EXPECT_EQ(y[0], inf);
    EXPECT_TRUE(std::isnan(y[1]));
    EXPECT_EQ(y[2], 3);
  }
}

}  // namespace
}  // namespace assay
