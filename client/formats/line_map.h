#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <utility>
#include <vector>

namespace assay::formats {

// The line of each row, kept only where rows and lines stop running side by side.
// Thread-compatible.
class LineMap {
 public:
  // Row `row` starts on `line`. Rows in order, from 0.
  void Add(std::int64_t row, std::int64_t line) {
    if (breaks_.empty() || line - row != breaks_.back().second - breaks_.back().first) {
      breaks_.emplace_back(row, line);
    }
  }
  // The line of a row that was added; 0 for others before the first.
  std::int64_t Line(std::int64_t row) const {
    const auto next =
        std::upper_bound(breaks_.begin(), breaks_.end(), row,
                         [](std::int64_t value, const auto& entry) { return value < entry.first; });
    if (next == breaks_.begin()) {
      return 0;
    }
    return row - std::prev(next)->first + std::prev(next)->second;
  }

 private:
  std::vector<std::pair<std::int64_t, std::int64_t>> breaks_;  // row, line
};

}  // namespace assay::formats
