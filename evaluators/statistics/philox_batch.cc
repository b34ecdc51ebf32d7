#include "evaluators/statistics/philox_batch.h"

#include "evaluators/statistics/instruction_sets.h"

namespace assay {
namespace {

// words[w][i] is word w of the counter `first` with i added to its element kStep.
template <std::size_t kStep, std::size_t kSize>
[[gnu::always_inline]] inline void Fill(PhiloxCounter first, PhiloxKey key,
                                        std::array<std::array<std::uint32_t, kSize>, 4>& words) {
  for (std::size_t i = 0; i < kSize; ++i) {
    PhiloxCounter counter = first;
    counter[kStep] += static_cast<std::uint32_t>(i);
    const PhiloxCounter drawn = PhiloxRounds(counter, key);
    words[0][i] = drawn[0];
    words[1][i] = drawn[1];
    words[2][i] = drawn[2];
    words[3][i] = drawn[3];
  }
}

// A counter is {block, draw, stream, stream}.
ASSAY_TARGET_AVX512 void FillDrawsAvx512(PhiloxCounter first, PhiloxKey key, PhiloxBatch& words) {
  Fill<1>(first, key, words);
}

ASSAY_TARGET_AVX2 void FillDrawsAvx2(PhiloxCounter first, PhiloxKey key, PhiloxBatch& words) {
  Fill<1>(first, key, words);
}

void FillDrawsPortable(PhiloxCounter first, PhiloxKey key, PhiloxBatch& words) {
  Fill<1>(first, key, words);
}

ASSAY_TARGET_AVX512 void FillBlocksAvx512(PhiloxCounter first, PhiloxKey key, PhiloxRun& words) {
  Fill<0>(first, key, words);
}

ASSAY_TARGET_AVX2 void FillBlocksAvx2(PhiloxCounter first, PhiloxKey key, PhiloxRun& words) {
  Fill<0>(first, key, words);
}

void FillBlocksPortable(PhiloxCounter first, PhiloxKey key, PhiloxRun& words) {
  Fill<0>(first, key, words);
}

}  // namespace

void FillDraws(const RandomSource& source, std::uint32_t first_draw, std::uint32_t block,
               PhiloxBatch& words) {
  const auto fill = Choose(&FillDrawsAvx512, &FillDrawsAvx2, &FillDrawsPortable);
  fill(source.Counter(first_draw, block), source.Key(), words);
}

void FillBlocks(const RandomSource& source, std::uint32_t draw, std::uint32_t first_block,
                PhiloxRun& words) {
  const auto fill = Choose(&FillBlocksAvx512, &FillBlocksAvx2, &FillBlocksPortable);
  fill(source.Counter(draw, first_block), source.Key(), words);
}

}  // namespace assay
