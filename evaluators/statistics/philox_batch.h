#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "evaluators/statistics/philox.h"

namespace assay {

// Draws computed together.
inline constexpr std::size_t kPhiloxBatch = 256;
using PhiloxBatch = std::array<std::array<std::uint32_t, kPhiloxBatch>, 4>;

// words[w][i] is word w of block `block` of draw `first_draw` + i. Same bits on every machine.
void FillDraws(const RandomSource& source, std::uint32_t first_draw, std::uint32_t block,
               PhiloxBatch& words);

// words[w][i] is word w of block `first_block` + i of draw `draw`. Same bits on every machine.
void FillBlocks(const RandomSource& source, std::uint32_t draw, std::uint32_t first_block,
                PhiloxRun& words);

}  // namespace assay
