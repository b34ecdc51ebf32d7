#include "evaluators/statistics/philox.h"

#include "evaluators/statistics/philox_batch.h"

namespace assay {

PhiloxCounter Philox(PhiloxCounter counter, PhiloxKey key) { return PhiloxRounds(counter, key); }

std::uint64_t StreamOf(std::string_view name) {
  std::uint64_t hash = 0xCBF29CE484222325;
  for (const char byte : name) {
    hash = (hash ^ static_cast<std::uint8_t>(byte)) * 0x100000001B3;
  }
  return hash;
}

void RandomSequence::Fill() {
  FillBlocks(source_, draw_, static_cast<std::uint32_t>(next_ / 4), words_);
}

std::uint32_t RandomSequence::Below(std::uint64_t size) {
  const std::uint64_t high = Next();
  const std::uint64_t low = Next();
  // The upper word of size * (high 2^32 + low) / 2^32.
  return static_cast<std::uint32_t>((size * high + ((size * low) >> 32)) >> 32);
}

double RandomSequence::Uniform() {
  const std::uint64_t high = Next();
  const std::uint64_t low = Next();
  return static_cast<double>(((high << 32) | low) >> 11) * 0x1p-53;
}

}  // namespace assay
