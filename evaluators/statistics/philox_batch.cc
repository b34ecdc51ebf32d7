#include "evaluators/statistics/philox_batch.h"

#include "evaluators/statistics/instruction_sets.h"

namespace assay {
namespace {

template <std::size_t kSize>
using Words = std::array<std::array<std::uint32_t, kSize>, 4>;

// words[w][i] is word w of the counter `first` with i added to its element kStep.
template <std::size_t kStep, std::size_t kSize>
[[gnu::always_inline]] inline void Fill(PhiloxCounter first, PhiloxKey key, Words<kSize>& words) {
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
constexpr std::size_t kBlock = 0;
constexpr std::size_t kDraw = 1;

template <std::size_t kStep, std::size_t kSize>
ASSAY_TARGET_AVX512 void FillAvx512(PhiloxCounter first, PhiloxKey key, Words<kSize>& words) {
  Fill<kStep>(first, key, words);
}

template <std::size_t kStep, std::size_t kSize>
ASSAY_TARGET_AVX2 void FillAvx2(PhiloxCounter first, PhiloxKey key, Words<kSize>& words) {
  Fill<kStep>(first, key, words);
}

template <std::size_t kStep, std::size_t kSize>
void FillPortable(PhiloxCounter first, PhiloxKey key, Words<kSize>& words) {
  Fill<kStep>(first, key, words);
}

template <std::size_t kStep, std::size_t kSize>
void FillBest(PhiloxCounter first, PhiloxKey key, Words<kSize>& words) {
  const auto fill =
      Choose(&FillAvx512<kStep, kSize>, &FillAvx2<kStep, kSize>, &FillPortable<kStep, kSize>);
  fill(first, key, words);
}

}  // namespace

void FillDraws(const RandomSource& source, std::uint32_t first_draw, std::uint32_t block,
               PhiloxBatch& words) {
  FillBest<kDraw>(source.Counter(first_draw, block), source.Key(), words);
}

void FillBlocks(const RandomSource& source, std::uint32_t draw, std::uint32_t first_block,
                PhiloxRun& words) {
  FillBest<kBlock>(source.Counter(draw, first_block), source.Key(), words);
}

}  // namespace assay
