#include "server/store/records.h"

#include "server/base/hex.h"

namespace assay::store {

std::string DigestText(const Digest& digest) { return "sha256:" + HexText(digest); }

}  // namespace assay::store
