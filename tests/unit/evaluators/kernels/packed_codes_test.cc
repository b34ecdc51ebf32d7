#include "evaluators/kernels/packed_codes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "tests/unit/evaluators/kernels/levels.h"

namespace assay {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

// By the definition, in 64 bits.
std::vector<std::int32_t> Sums(const std::vector<std::uint8_t>& x,
                               const std::vector<std::int8_t>& codes, std::size_t num_rows,
                               std::size_t depth) {
  std::vector<std::int32_t> sums;
  for (std::size_t i = 0; i * depth < x.size(); ++i) {
    for (std::size_t j = 0; j < num_rows; ++j) {
      std::int64_t sum = 0;
      for (std::size_t k = 0; k < depth; ++k) {
        sum += std::int64_t{x[i * depth + k]} * codes[j * depth + k];
      }
      sums.push_back(static_cast<std::int32_t>(sum));
    }
  }
  return sums;
}

TEST(PackedCodesTest, EverySumIsExactAtEveryLevel) {
  const LevelScope restore;
  std::mt19937 random(1);
  struct Shape {
    std::size_t num_x_rows, num_rows, depth;
  };
  for (const Shape& shape : {Shape{1, 1, 1}, Shape{3, 33, 7}, Shape{15, 64, 512}, Shape{2, 5, 513},
                             Shape{70, 40, 1030}, Shape{300, 3, 66}, Shape{9, 17, 4000}}) {
    std::vector<std::uint8_t> x(shape.num_x_rows * shape.depth);
    std::vector<std::int8_t> codes(shape.num_rows * shape.depth);
    for (std::uint8_t& code : x) {
      code = static_cast<std::uint8_t>(random());
    }
    for (std::int8_t& code : codes) {
      code = static_cast<std::int8_t>(random());
    }
    const std::vector<std::int32_t> expected = Sums(x, codes, shape.num_rows, shape.depth);
    for (const Isa isa : Levels()) {
      ASSERT_TRUE(SelectIsa(isa));
      const PackedCodes packed(codes, static_cast<std::int64_t>(shape.num_rows),
                               static_cast<std::int64_t>(shape.depth));
      std::vector<std::int32_t> y(expected.size(), -7);
      packed.Multiply(x.data(), static_cast<std::int64_t>(shape.num_x_rows),
                      static_cast<std::int64_t>(shape.depth), y.data(),
                      static_cast<std::int64_t>(shape.num_rows));
      ASSERT_EQ(y, expected) << ActiveIsaText() << ' ' << shape.depth;
    }
  }
}

// Instructions that add pairs in 16 bits would saturate here.
TEST(PackedCodesTest, TheLargestCodesDoNotSaturate) {
  const LevelScope restore;
  constexpr std::size_t kDepth = PackedCodes::kMaxDepth;
  const std::vector<std::uint8_t> x(kDepth, 255);
  const std::vector<std::int8_t> codes(kDepth, -128);
  for (const Isa isa : Levels()) {
    ASSERT_TRUE(SelectIsa(isa));
    std::vector<std::int32_t> y(1);
    PackedCodes(codes, 1, kDepth).Multiply(x.data(), 1, kDepth, y.data(), 1);
    EXPECT_THAT(y, Each(static_cast<std::int32_t>(-255 * 128 * std::int64_t{kDepth})));
  }
}

TEST(PackedCodesTest, RowSumsAreThoseOfTheCodes) {
  const PackedCodes packed(std::vector<std::int8_t>{1, -2, 3, 127, 127, -128}, 2, 3);
  EXPECT_THAT(packed.row_sums(), ElementsAre(2, 126));
}

TEST(PackedCodesTest, RowsMayBeApart) {
  const LevelScope restore;
  for (const Isa isa : Levels()) {
    ASSERT_TRUE(SelectIsa(isa));
    const std::vector<std::uint8_t> x = {1, 2, 99, 3, 4};
    std::vector<std::int32_t> y(4, 1);
    PackedCodes(std::vector<std::int8_t>{5, -6}, 1, 2).Multiply(x.data(), 2, 3, y.data(), 2);
    EXPECT_THAT(y, ElementsAre(-7, 1, -9, 1));
  }
}

}  // namespace
}  // namespace assay
