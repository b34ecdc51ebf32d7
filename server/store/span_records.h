#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "server/store/records.h"

namespace assay::store {

using TraceId = std::array<std::uint8_t, 16>;
using SpanId = std::array<std::uint8_t, 8>;

enum class SpanStatus : std::uint8_t { kUnset = 0, kOk = 1, kError = 2 };

// Numbers of OpenTelemetry.
enum class SpanKind : std::uint8_t {
  kUnspecified = 0,
  kInternal = 1,
  kServer = 2,
  kClient = 3,
  kProducer = 4,
  kConsumer = 5,
};

// What made a span: a service with its facts, and the part of it that measured.
struct SpanSource {
  std::string service;                    // empty: it did not say
  std::string details;                    // attributes of both; see span_details.h
  std::array<std::uint8_t, 16> digest{};  // of the two
};
std::shared_ptr<const SpanSource> MakeSpanSource(std::string_view service, std::string details);

struct SpanRecord {
  TraceId trace_id{};
  SpanId span_id{};
  SpanId parent_span_id{};  // zero: root
  std::string name;
  SpanKind kind = SpanKind::kUnspecified;
  std::int64_t start_ns = 0;
  std::int64_t duration_ns = 0;
  SpanStatus status = SpanStatus::kUnset;
  std::string status_message;
  std::string details;                       // attributes, events and links; see span_details.h
  std::string resource;                      // "runs/12", "comparisons/13"; empty: none
  std::shared_ptr<const SpanSource> source;  // nullptr: unknown
};

struct TraceRecord {
  Id id = 0;
  TraceId trace_id{};
  std::string root_name;
  std::string root_service;
  std::int64_t start_ns = 0;
  std::int64_t duration_ns = 0;
  std::int32_t num_spans = 0;
  std::int32_t num_errors = 0;
  std::string resource;
};

}  // namespace assay::store
