#include "server/ingest/key_index.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace assay::ingest {
namespace {

constexpr int kBucketBits = 11;
constexpr std::size_t kNumBuckets = std::size_t{1} << kBucketBits;
constexpr std::size_t kSmall = 4096;  // So few fit in the cache at once.

std::size_t BucketOf(std::uint64_t hash) {
  return static_cast<std::size_t>(hash >> (64 - kBucketBits));
}

// Hashes grouped by their top bits. `ends[b]` is where bucket b ends.
std::vector<std::uint64_t> GroupByBucket(std::span<const std::uint64_t> hashes,
                                         std::vector<std::size_t>& ends) {
  std::vector<std::size_t> next(kNumBuckets + 1, 0);
  for (const std::uint64_t hash : hashes) {
    ++next[BucketOf(hash) + 1];
  }
  for (std::size_t bucket = 0; bucket < kNumBuckets; ++bucket) {
    next[bucket + 1] += next[bucket];
  }
  std::vector<std::uint64_t> grouped(hashes.size());
  for (const std::uint64_t hash : hashes) {
    grouped[next[BucketOf(hash)]++] = hash;
  }
  next.pop_back();
  ends = std::move(next);
  return grouped;
}

// Collects the hashes of one bucket after the other that were seen before in their bucket.
class RepeatFinder {
 public:
  void Search(std::span<const std::uint64_t> bucket) {
    const std::size_t mask = std::bit_ceil(2 * bucket.size() + 1) - 1;
    seen_.assign(mask + 1, 0);
    bool has_seen_zero = false;
    for (const std::uint64_t hash : bucket) {
      if (hash == 0) {  // Marks a free place.
        if (std::exchange(has_seen_zero, true)) {
          repeated_.push_back(hash);
        }
        continue;
      }
      std::size_t i = static_cast<std::size_t>(hash) & mask;
      while (seen_[i] != 0 && seen_[i] != hash) {
        i = (i + 1) & mask;
      }
      if (seen_[i] == hash) {
        repeated_.push_back(hash);
      }
      seen_[i] = hash;
    }
  }

  std::vector<std::uint64_t> Finish() && {
    std::sort(repeated_.begin(), repeated_.end());
    repeated_.erase(std::unique(repeated_.begin(), repeated_.end()), repeated_.end());
    return std::move(repeated_);
  }

 private:
  std::vector<std::uint64_t> seen_;
  std::vector<std::uint64_t> repeated_;
};

}  // namespace

std::vector<std::uint64_t> FindRepeatedHashes(std::span<const std::uint64_t> hashes) {
  RepeatFinder finder;
  if (hashes.size() <= kSmall) {
    finder.Search(hashes);
    return std::move(finder).Finish();
  }
  std::vector<std::size_t> ends;
  const std::vector<std::uint64_t> grouped = GroupByBucket(hashes, ends);
  std::size_t begin = 0;
  for (const std::size_t end : ends) {
    finder.Search(std::span(grouped).subspan(begin, end - begin));
    begin = end;
  }
  return std::move(finder).Finish();
}

KeyIndex::KeyIndex(std::span<const std::uint64_t> hashes)
    : mask_(std::bit_ceil(2 * hashes.size() + 1) - 1), slots_(mask_ + 1) {
  constexpr std::size_t kAhead = 16;
  for (std::size_t row = 0; row < hashes.size(); ++row) {
    if (row + kAhead < hashes.size()) {
      Prefetch(hashes[row + kAhead]);
    }
    std::size_t i = Home(hashes[row]);
    while (slots_[i].row >= 0) {
      i = (i + 1) & mask_;
    }
    slots_[i] = {.row = static_cast<std::int32_t>(row), .tag = Tag(hashes[row])};
  }
}

}  // namespace assay::ingest
