#pragma once

#include <cstdint>
#include <string_view>

namespace assay {

// 64-bit hash of a row key: XXH3 with seed 0. The same on every platform and in every version, so
// it may be stored. Not for keys whose collisions an adversary could profit from: compare the keys
// themselves when hashes are equal.
std::uint64_t KeyHash(std::string_view key);

}  // namespace assay
