#include "server/base/metrics.h"

#include <map>
#include <utility>

#include "absl/strings/str_format.h"
#include "server/base/mutex.h"

namespace assay {

class MetricsRegistry {
 public:
  static MetricsRegistry& Get() {
    static auto* const registry = new MetricsRegistry();  // outlives everything that counts
    return *registry;
  }

  Counter& CounterOf(std::string_view name, std::string_view help, std::string_view labels) {
    const MutexLock lock(mutex_);
    std::unique_ptr<Counter>& counter =
        FamilyLocked(name, help, "counter").counters[std::string(labels)];
    if (counter == nullptr) {
      counter = std::make_unique<Counter>();
    }
    return *counter;
  }

  TimeHistogram& HistogramOf(std::string_view name, std::string_view help,
                             std::string_view labels) {
    const MutexLock lock(mutex_);
    std::unique_ptr<TimeHistogram>& histogram =
        FamilyLocked(name, help, "histogram").histograms[std::string(labels)];
    if (histogram == nullptr) {
      histogram = std::make_unique<TimeHistogram>();
    }
    return *histogram;
  }

  std::uint64_t AddSource(std::string_view name, std::string_view help, MetricSource::Type type,
                          std::function<double()> value, std::string_view labels) {
    const MutexLock lock(mutex_);
    const std::uint64_t id = ++last_source_;
    FamilyLocked(name, help, type == MetricSource::Type::kGauge ? "gauge" : "counter")
        .sources[id] = {std::string(labels), std::move(value)};
    return id;
  }

  void RemoveSource(std::uint64_t id) {
    const MutexLock lock(mutex_);
    for (auto& [name, family] : families_) {
      family.sources.erase(id);
    }
  }

  std::string Text() {
    const MutexLock lock(mutex_);
    std::string text;
    for (const auto& [name, family] : families_) {
      if (family.counters.empty() && family.histograms.empty() && family.sources.empty()) {
        continue;
      }
      text += absl::StrFormat("# HELP %s %s\n# TYPE %s %s\n", name, family.help, name, family.type);
      for (const auto& [labels, counter] : family.counters) {
        AppendLine(text, name, labels, absl::StrFormat("%d", counter->value()));
      }
      for (const auto& [id, source] : family.sources) {
        AppendLine(text, name, source.first, absl::StrFormat("%.17g", source.second()));
      }
      for (const auto& [labels, histogram] : family.histograms) {
        AppendHistogram(text, name, labels, *histogram);
      }
    }
    return text;
  }

 private:
  struct Family {
    std::string help;
    std::string type;
    // By labels.
    std::map<std::string, std::unique_ptr<Counter>> counters;
    std::map<std::string, std::unique_ptr<TimeHistogram>> histograms;
    std::map<std::uint64_t, std::pair<std::string, std::function<double()>>> sources;  // by id
  };

  Family& FamilyLocked(std::string_view name, std::string_view help, std::string_view type)
      ASSAY_REQUIRES(mutex_) {
    Family& family = families_[std::string(name)];
    family.help = std::string(help);
    family.type = std::string(type);
    return family;
  }

  static void AppendLine(std::string& text, std::string_view name, std::string_view labels,
                         std::string_view value) {
    text += labels.empty() ? absl::StrFormat("%s %s\n", name, value)
                           : absl::StrFormat("%s{%s} %s\n", name, labels, value);
  }

  static void AppendHistogram(std::string& text, const std::string& name, const std::string& labels,
                              const TimeHistogram& histogram) {
    const std::string prefix = labels.empty() ? "" : labels + ",";
    std::int64_t count = 0;
    for (std::size_t i = 0; i < histogram.counts_.size(); ++i) {
      count += histogram.counts_[i].load(std::memory_order_relaxed);
      const std::string bound =
          i < TimeHistogram::kBoundsUs.size()
              ? absl::StrFormat("%g", 1e-6 * static_cast<double>(TimeHistogram::kBoundsUs[i]))
              : "+Inf";
      AppendLine(text, name + "_bucket", absl::StrFormat("%sle=\"%s\"", prefix, bound),
                 absl::StrFormat("%d", count));
    }
    const std::int64_t sum_ns = histogram.sum_ns_.load(std::memory_order_relaxed);
    AppendLine(text, name + "_sum", labels,
               absl::StrFormat("%.9f", 1e-9 * static_cast<double>(sum_ns)));
    AppendLine(text, name + "_count", labels, absl::StrFormat("%d", count));
  }

  Mutex mutex_;
  std::map<std::string, Family> families_ ASSAY_GUARDED_BY(mutex_);
  std::uint64_t last_source_ ASSAY_GUARDED_BY(mutex_) = 0;
};

void TimeHistogram::Observe(std::chrono::nanoseconds time) {
  const std::int64_t us = time.count() / 1000;
  std::size_t i = 0;
  while (i < kBoundsUs.size() && us > kBoundsUs[i]) {
    ++i;
  }
  counts_[i].fetch_add(1, std::memory_order_relaxed);
  sum_ns_.fetch_add(time.count(), std::memory_order_relaxed);
}

Counter& CounterOf(std::string_view name, std::string_view help, std::string_view labels) {
  return MetricsRegistry::Get().CounterOf(name, help, labels);
}

TimeHistogram& TimeHistogramOf(std::string_view name, std::string_view help,
                               std::string_view labels) {
  return MetricsRegistry::Get().HistogramOf(name, help, labels);
}

MetricSource::MetricSource(std::string_view name, std::string_view help, Type type,
                           std::function<double()> value, std::string_view labels)
    : id_(MetricsRegistry::Get().AddSource(name, help, type, std::move(value), labels)) {}

MetricSource::~MetricSource() { MetricsRegistry::Get().RemoveSource(id_); }

std::string MetricsText() { return MetricsRegistry::Get().Text(); }

}  // namespace assay
