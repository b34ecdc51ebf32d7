#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <vector>

namespace assay::formats {

// Consecutive lines of one query in a TREC file, as items [begin, end) of what was read.
struct TrecSegment {
  std::string_view query;
  std::size_t begin = 0;
  std::size_t end = 0;
};

// Sorts `segments` by query in byte order, those of one query in the order of the file, and `items`
// along with them.
template <typename Item>
void SortByQuery(std::vector<TrecSegment>& segments, std::vector<Item>& items) {
  const auto is_before = [](const TrecSegment& a, const TrecSegment& b) {
    return a.query < b.query;
  };
  if (std::is_sorted(segments.begin(), segments.end(), is_before)) {
    return;
  }
  std::stable_sort(segments.begin(), segments.end(), is_before);
  std::vector<Item> sorted;
  sorted.reserve(items.size());
  for (TrecSegment& segment : segments) {
    const auto first = items.begin();
    const std::size_t begin = sorted.size();
    sorted.insert(sorted.end(), first + static_cast<std::ptrdiff_t>(segment.begin),
                  first + static_cast<std::ptrdiff_t>(segment.end));
    segment.begin = begin;
    segment.end = sorted.size();
  }
  items = std::move(sorted);
}

// The end of the segments of the query that begins at segment `i`; they follow each other after
// SortByQuery.
inline std::size_t EndOfQuery(const std::vector<TrecSegment>& segments, std::size_t i) {
  std::size_t end = i + 1;
  while (end < segments.size() && segments[end].query == segments[i].query) {
    ++end;
  }
  return end;
}

}  // namespace assay::formats
