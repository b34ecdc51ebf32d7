#include "evaluators/statistics/philox_batch.h"

#include "evaluators/statistics/instruction_sets.h"

namespace assay {
namespace {

[[gnu::always_inline]] inline void Fill(const RandomSource& source, std::uint32_t first_draw,
                                        std::uint32_t block, PhiloxBatch& words) {
  const PhiloxKey key = source.Key();
  const PhiloxCounter first = source.Counter(first_draw, block);
  for (std::size_t i = 0; i < kPhiloxBatch; ++i) {
    const PhiloxCounter drawn =
        PhiloxRounds({first[0], first[1] + static_cast<std::uint32_t>(i), first[2], first[3]}, key);
    words[0][i] = drawn[0];
    words[1][i] = drawn[1];
    words[2][i] = drawn[2];
    words[3][i] = drawn[3];
  }
}

ASSAY_TARGET_AVX512 void FillAvx512(const RandomSource& source, std::uint32_t first_draw,
                                    std::uint32_t block, PhiloxBatch& words) {
  Fill(source, first_draw, block, words);
}

ASSAY_TARGET_AVX2 void FillAvx2(const RandomSource& source, std::uint32_t first_draw,
                                std::uint32_t block, PhiloxBatch& words) {
  Fill(source, first_draw, block, words);
}

void FillPortable(const RandomSource& source, std::uint32_t first_draw, std::uint32_t block,
                  PhiloxBatch& words) {
  Fill(source, first_draw, block, words);
}

}  // namespace

void FillDraws(const RandomSource& source, std::uint32_t first_draw, std::uint32_t block,
               PhiloxBatch& words) {
  const auto fill = Choose(&FillAvx512, &FillAvx2, &FillPortable);
  fill(source, first_draw, block, words);
}

}  // namespace assay
