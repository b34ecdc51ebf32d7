#include "evaluators/statistics/poisson_sums.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>

#include "evaluators/statistics/instruction_sets.h"

#if defined(__x86_64__)
#include <immintrin.h>
#if !defined(__clang__)
// gcc takes the undefined operands of its own intrinsics for ours.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif
#endif

namespace assay {
namespace {

// A uniform number of at least kThresholds[k] weighs more than k: 65536 P(Poisson(1) <= k),
// rounded.
constexpr std::array<std::uint16_t, 8> kThresholds = {24109, 48219, 60273, 64292,
                                                      65296, 65497, 65531, 65535};
// Rows whose weights take eight Philox blocks. Rows 4 l ... 4 l + 3 of a chunk have the first two
// words of block l, rows 32 + 4 l ... the last two: the order in which vectors hold them.
constexpr std::size_t kChunkRows = 64;
constexpr std::size_t kChunkBlocks = 8;
// 32-bit sums hold so many rows in every variant.
constexpr std::size_t kTileRows = 16'384;
constexpr int kLowBits = 15;

struct Tile {
  const std::int16_t* high;
  const std::int16_t* low;
  std::size_t num_rows;
  std::uint32_t first_block;
};

// Adds rows [begin, tile.num_rows), `begin` at the start of a chunk.
void AddPortable(const Tile& tile, std::size_t begin, const RandomSource& source,
                 std::uint32_t draw, WeightedSum& sum) {
  for (std::size_t chunk = begin; chunk < tile.num_rows; chunk += kChunkRows) {
    const std::size_t size = std::min(kChunkRows, tile.num_rows - chunk);
    for (std::size_t lane = 0; lane < kChunkBlocks; ++lane) {
      const auto block = static_cast<std::uint32_t>(chunk / 8 + lane);
      const PhiloxCounter words =
          PhiloxRounds(source.Counter(draw, tile.first_block + block), source.Key());
      for (std::size_t i = 0; i < 8; ++i) {
        const std::size_t at = (i < 4 ? 0 : 32) + 4 * lane + i % 4;
        if (at >= size) {
          continue;
        }
        const int weight =
            PoissonWeight(static_cast<std::uint16_t>(words[i / 2] >> (16 * (i % 2))));
        const std::size_t row = chunk + at;
        sum.value += weight * (std::int64_t{tile.high[row]} * (1 << kLowBits) + tile.low[row]);
        sum.weight += weight;
      }
    }
  }
}

void AddTilePortable(const Tile& tile, const RandomSource& source, std::uint32_t draw,
                     WeightedSum& sum) {
  AddPortable(tile, 0, source, draw, sum);
}

#if defined(__x86_64__)

constexpr std::uint32_t kWeyl0 = 0x9E3779B9;
constexpr std::uint32_t kWeyl1 = 0xBB67AE85;

template <std::size_t kSize>
std::int64_t Total(const std::array<std::int32_t, kSize>& lanes) {
  std::int64_t total = 0;
  for (const std::int32_t lane : lanes) {
    total += lane;
  }
  return total;
}

// The 16-bit numbers in 32 equal segments, each with at most one of the first four thresholds: the
// weight at its start, and the next threshold.
struct Segments {
  std::array<std::uint16_t, 32> least_weight{};
  std::array<std::uint16_t, 32> next_threshold{};
};
constexpr Segments MakeSegments() {
  Segments segments;
  for (std::size_t i = 0; i < 32; ++i) {
    std::uint16_t weight = 0;
    while (weight < 4 && i * 2048 >= kThresholds[weight]) {
      ++weight;
    }
    segments.least_weight[i] = weight;
    segments.next_threshold[i] = kThresholds[weight];
  }
  return segments;
}
constexpr Segments kSegments = MakeSegments();

// What the 64-bit lanes below hold above their lower 32 bits is ignored by the multiplications.
ASSAY_TARGET_AVX512 void AddTileAvx512(const Tile& tile, const RandomSource& source,
                                       std::uint32_t draw, WeightedSum& sum) {
  const __m512i multiplier0 = _mm512_set1_epi64(0xD2511F53);
  const __m512i multiplier1 = _mm512_set1_epi64(0xCD9E8D57);
  const __m512i one = _mm512_set1_epi16(1);
  const __m512i least_weight = _mm512_loadu_si512(kSegments.least_weight.data());
  const __m512i next_threshold = _mm512_loadu_si512(kSegments.next_threshold.data());
  const PhiloxCounter first = source.Counter(draw, tile.first_block);
  const PhiloxKey key = source.Key();
  __m512i blocks =
      _mm512_add_epi64(_mm512_set1_epi64(first[0]), _mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0));
  __m512i high_sum = _mm512_setzero_si512();
  __m512i low_sum = _mm512_setzero_si512();
  __m512i weight_sum = _mm512_setzero_si512();
  const std::size_t num_whole = tile.num_rows / kChunkRows * kChunkRows;
  for (std::size_t row = 0; row < num_whole; row += kChunkRows) {
    __m512i c0 = blocks;
    __m512i c1 = _mm512_set1_epi64(first[1]);
    __m512i c2 = _mm512_set1_epi64(first[2]);
    __m512i c3 = _mm512_set1_epi64(first[3]);
    blocks = _mm512_add_epi64(blocks, _mm512_set1_epi64(kChunkBlocks));
#pragma GCC unroll 10
    for (std::uint32_t round = 0; round < 10; ++round) {
      const __m512i product0 = _mm512_mul_epu32(c0, multiplier0);
      const __m512i product1 = _mm512_mul_epu32(c2, multiplier1);
      const __m512i key0 = _mm512_set1_epi64(key[0] + round * kWeyl0);
      const __m512i key1 = _mm512_set1_epi64(key[1] + round * kWeyl1);
      c0 = _mm512_ternarylogic_epi64(_mm512_srli_epi64(product1, 32), c1, key0, 0x96);
      c2 = _mm512_ternarylogic_epi64(_mm512_srli_epi64(product0, 32), c3, key1, 0x96);
      c1 = product1;
      c3 = product0;
    }
    const __m512i uniforms[2] = {_mm512_mask_blend_epi32(0xAAAA, c0, _mm512_slli_epi64(c1, 32)),
                                 _mm512_mask_blend_epi32(0xAAAA, c2, _mm512_slli_epi64(c3, 32))};
#pragma GCC unroll 2
    for (std::size_t half = 0; half < 2; ++half) {
      const __m512i uniform = uniforms[half];
      const __m512i segment = _mm512_srli_epi16(uniform, 11);
      __m512i weight = _mm512_permutexvar_epi16(segment, least_weight);
      weight = _mm512_mask_add_epi16(
          weight,
          _mm512_cmpge_epu16_mask(uniform, _mm512_permutexvar_epi16(segment, next_threshold)),
          weight, one);
      // Weights above 4 are met in every ninth vector.
      if (_mm512_cmpge_epu16_mask(
              uniform, _mm512_set1_epi16(static_cast<std::int16_t>(kThresholds[4]))) != 0) {
        for (std::size_t k = 4; k < kThresholds.size(); ++k) {
          weight = _mm512_mask_add_epi16(
              weight,
              _mm512_cmpge_epu16_mask(uniform,
                                      _mm512_set1_epi16(static_cast<std::int16_t>(kThresholds[k]))),
              weight, one);
        }
      }
      const std::size_t at = row + 32 * half;
      high_sum =
          _mm512_add_epi32(high_sum, _mm512_madd_epi16(weight, _mm512_loadu_si512(tile.high + at)));
      low_sum =
          _mm512_add_epi32(low_sum, _mm512_madd_epi16(weight, _mm512_loadu_si512(tile.low + at)));
      weight_sum = _mm512_add_epi16(weight_sum, weight);
    }
  }
  std::array<std::int32_t, 16> high;
  std::array<std::int32_t, 16> low;
  std::array<std::int32_t, 16> weights;
  _mm512_storeu_si512(high.data(), high_sum);
  _mm512_storeu_si512(low.data(), low_sum);
  _mm512_storeu_si512(weights.data(), _mm512_madd_epi16(weight_sum, one));
  sum.value += Total(high) * (1 << kLowBits) + Total(low);
  sum.weight += Total(weights);
  AddPortable(tile, num_whole, source, draw, sum);
}

// Compares as signed numbers, all shifted by 2^15.
ASSAY_TARGET_AVX2 void AddTileAvx2(const Tile& tile, const RandomSource& source, std::uint32_t draw,
                                   WeightedSum& sum) {
  const __m256i multiplier0 = _mm256_set1_epi64x(0xD2511F53);
  const __m256i multiplier1 = _mm256_set1_epi64x(0xCD9E8D57);
  const __m256i shift = _mm256_set1_epi16(-32768);
  const PhiloxCounter first = source.Counter(draw, tile.first_block);
  const PhiloxKey key = source.Key();
  __m256i blocks = _mm256_add_epi64(_mm256_set1_epi64x(first[0]), _mm256_set_epi64x(3, 2, 1, 0));
  __m256i high_sum = _mm256_setzero_si256();
  __m256i low_sum = _mm256_setzero_si256();
  __m256i weight_sum = _mm256_setzero_si256();
  const std::size_t num_whole = tile.num_rows / kChunkRows * kChunkRows;
  for (std::size_t half_chunk = 0; half_chunk < num_whole / 32; ++half_chunk) {
    const std::size_t row = half_chunk / 2 * kChunkRows + half_chunk % 2 * 16;
    __m256i c0 = blocks;
    __m256i c1 = _mm256_set1_epi64x(first[1]);
    __m256i c2 = _mm256_set1_epi64x(first[2]);
    __m256i c3 = _mm256_set1_epi64x(first[3]);
    blocks = _mm256_add_epi64(blocks, _mm256_set1_epi64x(4));
    for (std::uint32_t round = 0; round < 10; ++round) {
      const __m256i product0 = _mm256_mul_epu32(c0, multiplier0);
      const __m256i product1 = _mm256_mul_epu32(c2, multiplier1);
      const __m256i key0 = _mm256_set1_epi64x(key[0] + round * kWeyl0);
      const __m256i key1 = _mm256_set1_epi64x(key[1] + round * kWeyl1);
      c0 = _mm256_xor_si256(_mm256_xor_si256(_mm256_srli_epi64(product1, 32), c1), key0);
      c2 = _mm256_xor_si256(_mm256_xor_si256(_mm256_srli_epi64(product0, 32), c3), key1);
      c1 = product1;
      c3 = product0;
    }
    const __m256i uniforms[2] = {_mm256_blend_epi32(c0, _mm256_slli_epi64(c1, 32), 0xAA),
                                 _mm256_blend_epi32(c2, _mm256_slli_epi64(c3, 32), 0xAA)};
    for (std::size_t half = 0; half < 2; ++half) {
      const __m256i uniform = _mm256_xor_si256(uniforms[half], shift);
      __m256i weight = _mm256_setzero_si256();
      for (const std::uint16_t threshold : kThresholds) {
        weight = _mm256_sub_epi16(
            weight, _mm256_cmpgt_epi16(
                        uniform, _mm256_set1_epi16(static_cast<std::int16_t>(threshold - 32769))));
      }
      const std::size_t at = row + 32 * half;
      high_sum = _mm256_add_epi32(
          high_sum,
          _mm256_madd_epi16(weight,
                            _mm256_loadu_si256(reinterpret_cast<const __m256i*>(tile.high + at))));
      low_sum = _mm256_add_epi32(
          low_sum, _mm256_madd_epi16(weight, _mm256_loadu_si256(
                                                 reinterpret_cast<const __m256i*>(tile.low + at))));
      weight_sum = _mm256_add_epi16(weight_sum, weight);
    }
  }
  std::array<std::int32_t, 8> high;
  std::array<std::int32_t, 8> low;
  std::array<std::int32_t, 8> weights;
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(high.data()), high_sum);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(low.data()), low_sum);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(weights.data()),
                      _mm256_madd_epi16(weight_sum, _mm256_set1_epi16(1)));
  sum.value += Total(high) * (1 << kLowBits) + Total(low);
  sum.weight += Total(weights);
  AddPortable(tile, num_whole, source, draw, sum);
}

#else

constexpr auto* AddTileAvx512 = &AddTilePortable;
constexpr auto* AddTileAvx2 = &AddTilePortable;

#endif

using AddTile = void (*)(const Tile&, const RandomSource&, std::uint32_t, WeightedSum&);

std::vector<WeightedSum> SumBy(AddTile add, const SplitValues& values, const RandomSource& source,
                               std::int64_t draws) {
  std::vector<WeightedSum> sums(static_cast<std::size_t>(draws));
  for (std::size_t begin = 0; begin < values.size(); begin += kTileRows) {
    const Tile tile{.high = values.high() + begin,
                    .low = values.low() + begin,
                    .num_rows = std::min(kTileRows, values.size() - begin),
                    .first_block = static_cast<std::uint32_t>(begin / 8)};
    for (std::size_t draw = 0; draw < sums.size(); ++draw) {
      add(tile, source, static_cast<std::uint32_t>(draw), sums[draw]);
    }
  }
  return sums;
}

}  // namespace

SplitValues::SplitValues(std::span<const std::int64_t> values) {
  high_.reserve(values.size());
  low_.reserve(values.size());
  for (const std::int64_t value : values) {
    assert(value >= -kLargest && value <= kLargest);
    high_.push_back(static_cast<std::int16_t>(value >> kLowBits));
    low_.push_back(static_cast<std::int16_t>(value & ((1 << kLowBits) - 1)));
  }
}

int PoissonWeight(std::uint16_t uniform) {
  int weight = 0;
  for (const std::uint16_t threshold : kThresholds) {
    weight += uniform >= threshold ? 1 : 0;
  }
  return weight;
}

std::vector<WeightedSum> PoissonSums(const SplitValues& values, const RandomSource& source,
                                     std::int64_t draws) {
  const AddTile add = Choose<AddTile>(AddTileAvx512, AddTileAvx2, AddTilePortable);
  return SumBy(add, values, source, draws);
}

std::vector<WeightedSum> PoissonSumsPortable(const SplitValues& values, const RandomSource& source,
                                             std::int64_t draws) {
  return SumBy(AddTilePortable, values, source, draws);
}

std::vector<WeightedSum> PoissonSumsAvx2(const SplitValues& values, const RandomSource& source,
                                         std::int64_t draws) {
  const AddTile add = Choose<AddTile>(AddTileAvx2, AddTileAvx2, AddTilePortable);
  return SumBy(add, values, source, draws);
}

}  // namespace assay
