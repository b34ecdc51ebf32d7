#include "server/store/latency_histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <limits>

namespace assay::store {
namespace {

constexpr int kPartsBits = 6;
constexpr std::int64_t kParts = 1 << kPartsBits;
constexpr std::int32_t kLastBucket = (62 - kPartsBits) * kParts + 2 * kParts - 1;

std::int32_t BucketOf(std::int64_t value) {
  const auto bits = static_cast<std::uint64_t>(std::max<std::int64_t>(value, 0));
  if (bits < kParts) {
    return static_cast<std::int32_t>(bits);
  }
  const int shift = std::bit_width(bits) - 1 - kPartsBits;
  return static_cast<std::int32_t>(shift * kParts + static_cast<std::int64_t>(bits >> shift));
}

std::int64_t LowerBound(std::int32_t bucket) {
  if (bucket < kParts) {
    return bucket;
  }
  const std::int64_t shift = bucket / kParts - 1;
  return (bucket % kParts + kParts) << shift;
}

std::int64_t Middle(std::int32_t bucket) {
  const std::int64_t lower = LowerBound(bucket);
  const std::int64_t upper =
      bucket == kLastBucket ? std::numeric_limits<std::int64_t>::max() : LowerBound(bucket + 1) - 1;
  return lower + (upper - lower) / 2;
}

void AppendVarint(std::string& bytes, std::uint64_t value) {
  while (value >= 0x80) {
    bytes.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  bytes.push_back(static_cast<char>(value));
}

bool TakeVarint(std::string_view& rest, std::uint64_t& value) {
  value = 0;
  for (int shift = 0; shift < 63 && !rest.empty(); shift += 7) {
    const auto byte = static_cast<std::uint8_t>(rest.front());
    rest.remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) {
      return true;
    }
  }
  return false;
}

}  // namespace

void LatencyHistogram::Add(std::int64_t duration_ns, std::int64_t count) {
  const std::int32_t bucket = BucketOf(duration_ns);
  const auto place =
      std::lower_bound(buckets_.begin(), buckets_.end(), bucket,
                       [](const auto& entry, std::int32_t b) { return entry.first < b; });
  if (place != buckets_.end() && place->first == bucket) {
    place->second += count;
  } else {
    buckets_.insert(place, {bucket, count});
  }
  count_ += count;
}

void LatencyHistogram::Merge(const LatencyHistogram& other) {
  std::vector<std::pair<std::int32_t, std::int64_t>> merged;
  merged.reserve(buckets_.size() + other.buckets_.size());
  auto a = buckets_.begin();
  auto b = other.buckets_.begin();
  while (a != buckets_.end() || b != other.buckets_.end()) {
    if (b == other.buckets_.end() || (a != buckets_.end() && a->first < b->first)) {
      merged.push_back(*a++);
    } else if (a == buckets_.end() || b->first < a->first) {
      merged.push_back(*b++);
    } else {
      merged.emplace_back(a->first, a->second + b->second);
      ++a;
      ++b;
    }
  }
  buckets_ = std::move(merged);
  count_ += other.count_;
}

std::optional<std::int64_t> LatencyHistogram::Quantile(double share) const {
  if (count_ == 0) {
    return std::nullopt;
  }
  const std::int64_t rank = std::clamp<std::int64_t>(
      static_cast<std::int64_t>(std::ceil(share * static_cast<double>(count_))), 1, count_);
  std::int64_t seen = 0;
  for (const auto& [bucket, count] : buckets_) {
    seen += count;
    if (seen >= rank) {
      return Middle(bucket);
    }
  }
  return Middle(buckets_.back().first);
}

std::int64_t LatencyHistogram::CountUpTo(std::int64_t duration_ns) const {
  std::int64_t seen = 0;
  for (const auto& [bucket, count] : buckets_) {
    if (Middle(bucket) > duration_ns) {
      break;
    }
    seen += count;
  }
  return seen;
}

std::string LatencyHistogram::Encode() const {
  std::string bytes;
  std::int32_t last = 0;
  for (const auto& [bucket, count] : buckets_) {
    AppendVarint(bytes, static_cast<std::uint64_t>(bucket - last));
    AppendVarint(bytes, static_cast<std::uint64_t>(count));
    last = bucket;
  }
  return bytes;
}

std::optional<LatencyHistogram> LatencyHistogram::Decode(std::string_view bytes) {
  LatencyHistogram histogram;
  std::uint64_t last = 0;
  while (!bytes.empty()) {
    std::uint64_t distance = 0;
    std::uint64_t count = 0;
    if (!TakeVarint(bytes, distance) || !TakeVarint(bytes, count) || count == 0 ||
        distance > kLastBucket || last + distance > kLastBucket ||
        (distance == 0 && !histogram.buckets_.empty())) {
      return std::nullopt;
    }
    last += distance;
    histogram.buckets_.emplace_back(static_cast<std::int32_t>(last),
                                    static_cast<std::int64_t>(count));
    histogram.count_ += static_cast<std::int64_t>(count);
  }
  return histogram;
}

}  // namespace assay::store
