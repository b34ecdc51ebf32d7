#include "evaluators/statistics/philox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>

#include "evaluators/kernels/isa.h"
#include "evaluators/statistics/philox_batch.h"

namespace assay {
namespace {

using testing::ElementsAre;

// The known-answer tests that the authors publish with the Random123 library.
TEST(PhiloxTest, GivesThePublishedAnswers) {
  EXPECT_THAT(Philox({0, 0, 0, 0}, {0, 0}),
              ElementsAre(0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8));
  constexpr std::uint32_t kOnes = 0xffffffff;
  EXPECT_THAT(Philox({kOnes, kOnes, kOnes, kOnes}, {kOnes, kOnes}),
              ElementsAre(0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd));
  EXPECT_THAT(Philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
              ElementsAre(0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1));
}

TEST(PhiloxTest, BatchesHoldTheBlocksOfTheirDraws) {
  const RandomSource source{.seed = 0x123456789abcdef0, .stream = 0xfedcba9876543210};
  PhiloxBatch words;
  FillDraws(source, 1'000, 7, words);
  for (std::uint32_t i = 0; i < kPhiloxBatch; ++i) {
    const PhiloxCounter expected = Philox(source.Counter(1'000 + i, 7), source.Key());
    for (std::size_t word = 0; word < 4; ++word) {
      ASSERT_EQ(words[word][i], expected[word]);
    }
  }
}

// Beyond what is computed together, under every instruction set of this machine.
TEST(RandomSequenceTest, IsOneStreamOfBlocks) {
  const RandomSource source{.seed = 0x123456789abcdef0, .stream = 0xfedcba9876543210};
  for (const Isa isa : {Isa::kBaseline, Isa::kV3, Isa::kV4}) {
    if (!SelectIsa(isa)) {
      continue;
    }
    RandomSequence sequence(source, 5);
    for (std::uint32_t block = 0; block < 2 * kPhiloxRun + 3; ++block) {
      for (const std::uint32_t word : Philox(source.Counter(5, block), source.Key())) {
        EXPECT_EQ(sequence.Next(), word) << IsaName(isa) << ", block " << block;
      }
    }
  }
  SelectIsa(BestIsa());
}

TEST(RandomSequenceTest, NumbersBelowASizeAreEquallyLikely) {
  RandomSequence sequence({.seed = 1, .stream = 2}, 0);
  std::array<int, 7> count{};
  for (int i = 0; i < 70'000; ++i) {
    ++count[sequence.Below(7)];
  }
  for (const int each : count) {
    EXPECT_NEAR(each, 10'000, 500);  // five standard deviations
  }
}

TEST(StreamOfTest, IsTheFnv1aHash) {
  EXPECT_EQ(StreamOf(""), 0xcbf29ce484222325);
  EXPECT_EQ(StreamOf("foobar"), 0x85944171f73967e8);
}

}  // namespace
}  // namespace assay
