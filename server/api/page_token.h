#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace assay::api {

// Tokens that continue a list. A token holds a position and is bound to the arguments of the call
// that made it; opaque to callers.
class PageTokens {
 public:
  // `arguments`: name of the method and everything in the request that selects the list.
  explicit PageTokens(std::initializer_list<std::string_view> arguments);

  // A token for `position`, which is positive.
  std::string Make(std::int64_t position) const;
  // A token for a position in a list that is sorted by `key` (>= 0) first.
  std::string Make(std::int64_t position, std::int64_t key) const;
  // The position in `token`, 0 when it is empty. INVALID_ARGUMENT when the token is damaged or
  // comes from a call with other arguments.
  absl::StatusOr<std::int64_t> Read(std::string_view token) const;
  // The same with the key; both 0 for an empty token.
  absl::StatusOr<std::pair<std::int64_t, std::int64_t>> ReadWithKey(std::string_view token) const;

 private:
  std::string binding_;
};

// Entries on a page: `page_size`, 50 when it is 0, 1,000 when it is more. INVALID_ARGUMENT when it
// is negative.
absl::StatusOr<std::int32_t> PageSize(std::int32_t page_size);

// Cuts `records`, which were asked for with one more than `page_size`, to the page. True when there
// is another page, which begins behind the last record that is left.
template <typename Record>
bool CutToPage(std::vector<Record>& records, std::int32_t page_size) {
  const bool has_more = records.size() > static_cast<std::size_t>(page_size);
  if (has_more) {
    records.erase(records.begin() + page_size, records.end());
  }
  return has_more;
}

}  // namespace assay::api
