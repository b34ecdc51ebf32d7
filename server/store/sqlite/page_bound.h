#pragma once

#include <cstdint>
#include <limits>

#include "server/store/records.h"

namespace assay::store {

// The exclusive upper bound of a page's ids (or numbers).
inline std::int64_t PageBound(PageRequest page) {
  return page.before == 0 ? std::numeric_limits<std::int64_t>::max() : page.before;
}

}  // namespace assay::store
