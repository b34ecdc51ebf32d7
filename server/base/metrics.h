#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace assay {

// What the program counts, for Prometheus. One registry for the process, as with the log: counters
// lie where things happen and live as long as the program. All thread-safe.

class Counter {
 public:
  void Add(std::int64_t count = 1) { value_.fetch_add(count, std::memory_order_relaxed); }
  std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_ = 0;
};

class TimeHistogram {
 public:
  // Upper bounds of the buckets, microseconds; the last bucket has none.
  static constexpr std::array<std::int64_t, 14> kBoundsUs = {
      100,    250,    500,     1'000,   2'500,     5'000,     10'000,
      25'000, 50'000, 100'000, 500'000, 1'000'000, 5'000'000, 30'000'000};

  void Observe(std::chrono::nanoseconds time);

 private:
  friend class MetricsRegistry;
  std::array<std::atomic<std::int64_t>, kBoundsUs.size() + 1> counts_{};
  std::atomic<std::int64_t> sum_ns_ = 0;
};

// The counter or histogram of that name and those labels, made when it is new. `labels` is as
// Prometheus writes them, `method="x",code="OK"`, or empty; values must be free of quotes,
// backslashes and line ends. Names are `assay_...`; those of counters end in `_total`.
Counter& CounterOf(std::string_view name, std::string_view help, std::string_view labels = "");
TimeHistogram& TimeHistogramOf(std::string_view name, std::string_view help,
                               std::string_view labels = "");

// Something that is asked for its value, for as long as the registration lives.
class MetricSource {
 public:
  enum class Type : std::uint8_t { kGauge, kCounter };
  MetricSource(std::string_view name, std::string_view help, Type type,
               std::function<double()> value, std::string_view labels = "");
  ~MetricSource();
  MetricSource(const MetricSource&) = delete;
  MetricSource& operator=(const MetricSource&) = delete;

 private:
  const std::uint64_t id_;
};

// Everything in Prometheus' text format 0.0.4, by name.
std::string MetricsText();

}  // namespace assay
