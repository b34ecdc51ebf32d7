#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "server/base/clock.h"
#include "server/store/trace_store.h"
#include "server/trace/span_exporter.h"

namespace assay::trace {

// Names a span across processes (W3C Trace Context).
struct SpanContext {
  std::array<std::uint8_t, 16> trace_id{};
  std::array<std::uint8_t, 8> span_id{};
  // False for all-zero ids: no context.
  bool IsValid() const;
  std::string TraceIdHex() const;
  std::string SpanIdHex() const;
};

// Parses a `traceparent` header strictly: 55 characters, lower-case hex, version not ff, ids not
// zero. Absent when it is anything else.
std::optional<SpanContext> ParseTraceparent(std::string_view header);
// Context from stored hex ids; absent when they are malformed.
std::optional<SpanContext> ContextFromHex(std::string_view trace_id, std::string_view span_id);

class Tracer;

// One timed piece of work, from construction to End() or destruction. Movable; owned by one thread
// at a time.
class Span {
 public:
  Span();  // records nothing
  Span(Span&& other) noexcept;
  Span& operator=(Span&& other) noexcept;
  ~Span();

  void SetAttribute(std::string_view key, std::string_view value);
  void SetAttribute(std::string_view key, std::int64_t value);
  // OK or ERROR with the message; without a call the status stays unset.
  void SetStatus(const absl::Status& status);
  // Run or comparison that the span's trace belongs to, e.g. "runs/12".
  void SetResource(std::string_view resource);
  // Side of a call; INTERNAL without a call.
  void SetKind(store::SpanKind kind);
  const SpanContext& context() const;
  // Ends now; later calls do nothing.
  void End();

 private:
  friend class Tracer;
  struct State;
  std::unique_ptr<State> state_;
};

// Makes spans and writes finished ones to the store in batches, from one thread of its own.
// Durations come from the steady clock. The queue is bounded: when it is full, spans are dropped
// and counted, work never waits. Thread-safe.
class Tracer {
 public:
  struct Options {
    std::size_t queue_capacity = 65'536;  // spans that have ended and are not stored yet
    std::int64_t flush_interval_ms = 200;
    std::shared_ptr<const store::SpanSource> source;  // of every span; nullptr: unknown
    std::function<void()> on_full = [] {};  // called when the store has no room; must be quick
    SpanExporter* exporter = nullptr;       // is offered every span too; outlives the tracer
    bool is_recording = true;  // false: spans that record nothing, to measure what they cost
  };
  // `store` and `clock` outlive the tracer, and the tracer its spans. Spans of all projects belong
  // to `project`.
  Tracer(store::TraceStore& store, Clock& clock, store::Id project);
  Tracer(store::TraceStore& store, Clock& clock, store::Id project, Options options);
  // Writes what is queued and joins.
  ~Tracer();
  Tracer(const Tracer&) = delete;
  Tracer& operator=(const Tracer&) = delete;

  // A root span (of a new trace with a random id) when `parent` is absent.
  Span StartSpan(std::string_view name, const std::optional<SpanContext>& parent);
  // Returns once every span that ended before the call is stored or dropped.
  void Flush();
  std::int64_t num_dropped() const;

 private:
  friend class Span;
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace assay::trace
