#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace assay {

// Philox 4x32-10, a counter-based generator: word i of a stream is a function of the key and i, so
// draws can be made in any order, by any number of threads, with the same result. J. K. Salmon, M.
// A. Moraes, R. O. Dror and D. E. Shaw, "Parallel random numbers: as easy as 1, 2, 3" (2011).
using PhiloxCounter = std::array<std::uint32_t, 4>;
using PhiloxKey = std::array<std::uint32_t, 2>;
PhiloxCounter Philox(PhiloxCounter counter, PhiloxKey key);

// The same, to be compiled into loops.
[[gnu::always_inline]] inline PhiloxCounter PhiloxRounds(PhiloxCounter counter, PhiloxKey key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t product0 = std::uint64_t{0xD2511F53} * counter[0];
    const std::uint64_t product1 = std::uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<std::uint32_t>(product1 >> 32) ^ counter[1] ^ key[0],
               static_cast<std::uint32_t>(product1),
               static_cast<std::uint32_t>(product0 >> 32) ^ counter[3] ^ key[1],
               static_cast<std::uint32_t>(product0)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return counter;
}

// Names the random numbers of one task: equal names give equal numbers. Every draw (a resample, a
// pattern of signs) has a sequence of its own.
struct RandomSource {
  std::uint64_t seed = 0;
  std::uint64_t stream = 0;

  PhiloxKey Key() const {
    return {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)};
  }
  PhiloxCounter Counter(std::uint32_t draw, std::uint32_t block) const {
    return {block, draw, static_cast<std::uint32_t>(stream),
            static_cast<std::uint32_t>(stream >> 32)};
  }
};

// A stream for `name`, for instance a metric's id and a cohort: its FNV-1a hash.
std::uint64_t StreamOf(std::string_view name);

// Blocks of one draw computed together, in vectors where there are any: word by word, then block.
inline constexpr std::size_t kPhiloxRun = 16;
using PhiloxRun = std::array<std::array<std::uint32_t, kPhiloxRun>, 4>;

// The numbers of one draw, in order. Owned by one thread.
class RandomSequence {
 public:
  RandomSequence(const RandomSource& source, std::uint32_t draw) : source_(source), draw_(draw) {}

  // Uniform over all 32-bit values.
  std::uint32_t Next() {
    const std::size_t at = next_ % kNumWords;
    if (at == 0) {
      Fill();
    }
    ++next_;
    return words_[at % 4][at / 4];
  }
  // Uniform over [0, size), 0 < size <= 2^32, by multiplication: off by at most size / 2^64.
  std::uint32_t Below(std::uint64_t size);
  // Uniform over [0, 1), a multiple of 2^-53.
  double Uniform();

 private:
  static constexpr std::size_t kNumWords = 4 * kPhiloxRun;
  void Fill();

  RandomSource source_;
  std::uint32_t draw_;
  std::uint64_t next_ = 0;  // number of words given out
  PhiloxRun words_{};
};

}  // namespace assay
