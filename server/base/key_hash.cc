#include "server/base/key_hash.h"

#include <xxhash.h>

namespace assay {

std::uint64_t KeyHash(std::string_view key) { return XXH3_64bits(key.data(), key.size()); }

}  // namespace assay
