#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/store/span_records.h"

namespace assay::store {

// What a span says besides its place in the trace. Stored as bytes that are made once, where the
// span is, and read only when somebody looks.

enum class ValueType : std::uint8_t {
  kText = 1,
  kBool = 2,    // "true" or "false"
  kInt64 = 3,   // decimal
  kDouble = 4,  // shortest text that reads back to the same number; "nan", "inf", "-inf"
  kBytes = 5,   // as they are
  kJson = 6,    // lists and maps
};

struct SpanAttribute {
  std::string key;
  ValueType type = ValueType::kText;
  std::string value;
  bool operator==(const SpanAttribute&) const = default;
};

struct SpanEvent {
  std::int64_t time_ns = 0;
  std::string name;
  std::vector<SpanAttribute> attributes;
  std::uint32_t num_dropped_attributes = 0;
  bool operator==(const SpanEvent&) const = default;
};

struct SpanLink {
  TraceId trace_id{};
  SpanId span_id{};
  std::string trace_state;
  std::vector<SpanAttribute> attributes;
  std::uint32_t num_dropped_attributes = 0;
  bool operator==(const SpanLink&) const = default;
};

struct SpanDetails {
  std::vector<SpanAttribute> attributes;
  std::vector<SpanEvent> events;
  std::vector<SpanLink> links;
  std::string trace_state;
  std::uint32_t num_dropped_attributes = 0;
  std::uint32_t num_dropped_events = 0;
  std::uint32_t num_dropped_links = 0;
  // Value of the first attribute with this key; nullptr when there is none.
  const SpanAttribute* Find(std::string_view key) const;
  bool operator==(const SpanDetails&) const = default;
};

// Makes the bytes piece by piece. Attributes of an event or link follow it.
class SpanDetailsWriter {
 public:
  void AddAttribute(std::string_view key, ValueType type, std::string_view value);
  void AddText(std::string_view key, std::string_view value) {
    AddAttribute(key, ValueType::kText, value);
  }
  void AddInt64(std::string_view key, std::int64_t value);
  void AddDouble(std::string_view key, double value);
  void AddBool(std::string_view key, bool value);
  // Attributes added from now on belong to this event or link.
  void BeginEvent(std::int64_t time_ns, std::string_view name,
                  std::uint32_t num_dropped_attributes);
  void BeginLink(const TraceId& trace_id, const SpanId& span_id, std::string_view trace_state,
                 std::uint32_t num_dropped_attributes);
  void SetTraceState(std::string_view trace_state);
  void SetDropped(std::uint32_t attributes, std::uint32_t events, std::uint32_t links);
  // Bytes so far; empty when nothing was added.
  std::string Take() { return std::move(bytes_); }
  std::size_t size() const { return bytes_.size(); }

 private:
  void Tag(std::uint8_t tag);

  std::string bytes_;
  std::uint8_t attribute_tag_ = 0;  // 0: of the span
};

// Absent when the bytes are damaged.
std::optional<SpanDetails> DecodeSpanDetails(std::string_view bytes);

// Text of a double as kDouble has it.
std::string DoubleText(double value);

}  // namespace assay::store
