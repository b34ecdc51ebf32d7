#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assay::store {

// Counts of durations in buckets whose bounds never change, so that histograms of parts add up to
// that of the whole exactly, in any order. Below 128 ns every value has a bucket; above, every
// power of two is cut into 64, so that a value read back is at most 0.8 % off. Thread-compatible.
class LatencyHistogram {
 public:
  // `duration_ns` >= 0.
  void Add(std::int64_t duration_ns, std::int64_t count = 1);
  void Merge(const LatencyHistogram& other);

  std::int64_t count() const { return count_; }
  // Middle of the bucket that holds the value of rank ceil(share * count), 0 < share <= 1. Absent
  // when there are no values.
  std::optional<std::int64_t> Quantile(double share) const;
  // Values of at most `duration_ns`, as far as the buckets tell.
  std::int64_t CountUpTo(std::int64_t duration_ns) const;

  // Pairs of varints: distance to the bucket before, and count.
  std::string Encode() const;
  // Absent when the bytes are damaged.
  static std::optional<LatencyHistogram> Decode(std::string_view bytes);

  bool operator==(const LatencyHistogram&) const = default;

 private:
  std::vector<std::pair<std::int32_t, std::int64_t>> buckets_;  // by bucket; counts > 0
  std::int64_t count_ = 0;
};

}  // namespace assay::store
