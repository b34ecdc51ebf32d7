#include "server/trace/tracer.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstring>
#include <iterator>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "server/base/log.h"
#include "server/base/mutex.h"
#include "server/store/span_details.h"

namespace assay::trace {
namespace {

// Spans of one write to the store: a millisecond or two of its thread, so that a flush never keeps
// a core from the calls under way.
constexpr std::size_t kMaxBatchSpans = 256;
// Queued spans that are written before their time is up.
constexpr std::size_t kEarlyFlushSpans = 4096;

// Ids that never repeat within a tracer: SplitMix64, a bijection of a counter, from a random start.
// Thread-safe.
class IdSource {
 public:
  IdSource() {
    std::random_device device;
    const auto draw = [&device] {
      return (std::uint64_t{device()} << 32) | std::uint64_t{device()};
    };
    process_ = draw();
    counter_ = draw();
  }

  std::array<std::uint8_t, 8> NextSpanId() {
    std::array<std::uint8_t, 8> id{};
    const std::uint64_t value = NextNonZero();
    std::memcpy(id.data(), &value, sizeof value);
    return id;
  }

  std::array<std::uint8_t, 16> NextTraceId() {
    std::array<std::uint8_t, 16> id{};
    const std::uint64_t low = NextNonZero();
    const std::uint64_t high = Mix(process_ ^ low);
    std::memcpy(id.data(), &high, sizeof high);
    std::memcpy(id.data() + sizeof high, &low, sizeof low);
    return id;
  }

 private:
  // Steele, Lea, Flood: Fast splittable pseudorandom number generators (2014), the variant of
  // Vigna's splitmix64.c.
  static std::uint64_t Mix(std::uint64_t value) {
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9U;
    value = (value ^ (value >> 27)) * 0x94D049BB133111EBU;
    return value ^ (value >> 31);
  }

  std::uint64_t NextNonZero() {
    for (;;) {
      const std::uint64_t value =
          Mix(counter_.fetch_add(0x9E3779B97F4A7C15U, std::memory_order_relaxed));
      if (value != 0) {
        return value;
      }
    }
  }

  std::uint64_t process_ = 0;  // Constant after construction.
  std::atomic<std::uint64_t> counter_;
};

}  // namespace

class Tracer::Impl {
 public:
  Impl(store::TraceStore& store, Clock& clock, store::Id project, Options options)
      : store_(store),
        clock_(clock),
        project_(project),
        options_(std::move(options)),
        capacity_(static_cast<std::int64_t>(options_.queue_capacity)) {
    thread_ = std::thread([this] { WriteUntilClosed(); });
  }

  ~Impl() {
    {
      const MutexLock lock(mutex_);
      is_closing_ = true;
    }
    wakes_writer_.notify_one();
    thread_.join();
  }

  Clock& clock() { return clock_; }
  const Options& options() const { return options_; }
  IdSource& ids() { return ids_; }

  void Take(store::SpanRecord span) {
    bool wakes = false;
    {
      const MutexLock lock(mutex_);
      if (num_taken_ - num_settled_ >= capacity_) {
        ++num_dropped_;
        return;
      }
      queue_.push_back(std::move(span));
      ++num_taken_;
      wakes = queue_.size() == 1 || queue_.size() == kEarlyFlushSpans;
    }
    if (wakes) {
      wakes_writer_.notify_one();
    }
  }

  void Flush() {
    MutexLock lock(mutex_);
    const std::int64_t target = num_taken_;
    flush_target_ = std::max(flush_target_, target);
    wakes_writer_.notify_one();
    while (num_settled_ < target) {
      lock.Wait(settled_);
    }
  }

  std::int64_t num_dropped() {
    const MutexLock lock(mutex_);
    return num_dropped_;
  }

 private:
  void WriteUntilClosed() {
    for (;;) {
      std::vector<store::SpanRecord> spans = WaitForSpans();
      if (spans.empty()) {
        return;
      }
      for (std::size_t begin = 0; begin < spans.size(); begin += kMaxBatchSpans) {
        const std::size_t end = std::min(begin + kMaxBatchSpans, spans.size());
        Write({std::make_move_iterator(spans.begin() + static_cast<std::ptrdiff_t>(begin)),
               std::make_move_iterator(spans.begin() + static_cast<std::ptrdiff_t>(end))});
      }
    }
  }

  void Write(std::vector<store::SpanRecord> batch) {
    const auto size = static_cast<std::int64_t>(batch.size());
    if (options_.exporter != nullptr) {
      options_.exporter->Offer(batch);
    }
    const absl::Status status = store_.Append(project_, std::move(batch));
    LogChange(status, size);
    if (absl::IsResourceExhausted(status)) {
      options_.on_full();
    }
    {
      const MutexLock lock(mutex_);
      num_settled_ += size;
      num_dropped_ += status.ok() ? 0 : size;
    }
    settled_.notify_all();
  }

  // All spans that have come, oldest first; empty once closed and nothing is left.
  std::vector<store::SpanRecord> WaitForSpans() {
    std::vector<store::SpanRecord> spans;
    MutexLock lock(mutex_);
    while (queue_.empty() && !is_closing_) {
      lock.Wait(wakes_writer_);
    }
    // Sleeping needs the machine's own clock, whatever `clock_` says.
    const auto deadline =
        std::chrono::steady_clock::now() + std::chrono::milliseconds(options_.flush_interval_ms);
    while (!is_closing_ && flush_target_ <= num_settled_ && queue_.size() < kEarlyFlushSpans) {
      if (!lock.WaitUntil(wakes_writer_, deadline)) {
        break;
      }
    }
    spans.swap(queue_);
    queue_.reserve(std::min(spans.capacity(), kEarlyFlushSpans));
    return spans;
  }

  // One line when writing starts to fail and one when it works again, not one a batch.
  void LogChange(const absl::Status& status, std::int64_t num_spans) {
    if (!status.ok() && !is_failing_) {
      Log(LogLevel::kWarning, "spans are being dropped",
          {{"spans", num_spans}, {"status", status}});
    } else if (status.ok() && is_failing_) {
      Log(LogLevel::kInfo, "spans are stored again");
    }
    is_failing_ = !status.ok();
  }

  store::TraceStore& store_;
  Clock& clock_;
  const store::Id project_;
  const Options options_;
  const std::int64_t capacity_;
  IdSource ids_;
  bool is_failing_ = false;  // Of the writing thread.

  Mutex mutex_;
  std::condition_variable wakes_writer_;
  std::condition_variable settled_;
  std::vector<store::SpanRecord> queue_ ASSAY_GUARDED_BY(mutex_);
  std::int64_t num_taken_ ASSAY_GUARDED_BY(mutex_) = 0;
  std::int64_t num_settled_ ASSAY_GUARDED_BY(mutex_) = 0;  // stored, or dropped by the store
  std::int64_t flush_target_ ASSAY_GUARDED_BY(mutex_) = 0;
  std::int64_t num_dropped_ ASSAY_GUARDED_BY(mutex_) = 0;
  bool is_closing_ ASSAY_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

struct Span::State {
  Tracer::Impl* tracer = nullptr;
  SpanContext context;
  store::SpanRecord record;
  store::SpanDetailsWriter details;
  std::chrono::steady_clock::time_point start;
};

Span::Span() = default;

Span::Span(Span&& other) noexcept = default;

Span& Span::operator=(Span&& other) noexcept {
  if (this != &other) {
    End();
    state_ = std::move(other.state_);
  }
  return *this;
}

Span::~Span() { End(); }

void Span::SetAttribute(std::string_view key, std::string_view value) {
  if (state_ != nullptr && state_->tracer != nullptr) {
    state_->details.AddText(key, value);
  }
}

void Span::SetAttribute(std::string_view key, std::int64_t value) {
  if (state_ != nullptr && state_->tracer != nullptr) {
    state_->details.AddInt64(key, value);
  }
}

void Span::SetStatus(const absl::Status& status) {
  if (state_ != nullptr && state_->tracer != nullptr) {
    state_->record.status = status.ok() ? store::SpanStatus::kOk : store::SpanStatus::kError;
    state_->record.status_message = std::string(status.message());
  }
}

void Span::SetResource(std::string_view resource) {
  if (state_ != nullptr && state_->tracer != nullptr) {
    state_->record.resource = std::string(resource);
  }
}

void Span::SetKind(store::SpanKind kind) {
  if (state_ != nullptr && state_->tracer != nullptr) {
    state_->record.kind = kind;
  }
}

const SpanContext& Span::context() const {
  static const SpanContext none;
  return state_ == nullptr ? none : state_->context;
}

void Span::End() {
  if (state_ == nullptr || state_->tracer == nullptr) {
    return;
  }
  Tracer::Impl& tracer = *std::exchange(state_->tracer, nullptr);
  const auto elapsed = tracer.clock().Steady() - state_->start;
  state_->record.duration_ns = std::max<std::int64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(elapsed).count(), 0);
  state_->record.details = state_->details.Take();
  tracer.Take(std::move(state_->record));
}

Tracer::Tracer(store::TraceStore& store, Clock& clock, store::Id project)
    : Tracer(store, clock, project, Options()) {}

Tracer::Tracer(store::TraceStore& store, Clock& clock, store::Id project, Options options)
    : impl_(std::make_unique<Impl>(store, clock, project, std::move(options))) {}

Tracer::~Tracer() = default;

Span Tracer::StartSpan(std::string_view name, const std::optional<SpanContext>& parent) {
  Span span;
  if (!impl_->options().is_recording) {
    return span;
  }
  span.state_ = std::make_unique<Span::State>();
  Span::State& state = *span.state_;
  state.tracer = impl_.get();
  state.record.name = std::string(name);
  state.record.kind = store::SpanKind::kInternal;
  state.record.source = impl_->options().source;
  const bool has_parent = parent.has_value() && parent->IsValid();
  state.record.trace_id = has_parent ? parent->trace_id : impl_->ids().NextTraceId();
  state.record.span_id = impl_->ids().NextSpanId();
  if (has_parent) {
    state.record.parent_span_id = parent->span_id;
  }
  state.context = {.trace_id = state.record.trace_id, .span_id = state.record.span_id};
  state.record.start_ns = impl_->clock().NowUs() * 1000;
  state.start = impl_->clock().Steady();
  return span;
}

void Tracer::Flush() { impl_->Flush(); }

std::int64_t Tracer::num_dropped() const { return impl_->num_dropped(); }

}  // namespace assay::trace
