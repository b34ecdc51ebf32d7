#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "server/store/span_details.h"

namespace assay::api {

// What one span may hold; the rest is left out and counted.
inline constexpr std::size_t kMaxSpanTextBytes = 1024;  // a name, a key, a tracestate
inline constexpr std::size_t kMaxAttributeValueBytes = 64 << 10;
inline constexpr std::size_t kMaxSpanDetailsBytes = 1 << 20;
inline constexpr std::size_t kMaxSpanAttributes = 128;  // of a span, an event, a link, a resource
inline constexpr std::size_t kMaxSpanEvents = 128;
inline constexpr std::size_t kMaxSpanLinks = 128;
inline constexpr int kMaxValueDepth = 64;

// `text` as UTF-8 of at most `max_bytes`: what is not UTF-8 becomes U+FFFD. `scratch` holds the
// result when it differs; `was_changed` is then set.
std::string_view CleanText(std::string_view text, std::size_t max_bytes, std::string& scratch,
                           bool& was_changed);

// Reads attributes, which are messages opentelemetry.proto.common.v1.KeyValue, into span details.
// Thread-compatible; keeps its buffers from one to the next.
class OtlpAttributeReader {
 public:
  // False when the bytes are no KeyValue. `num_cut` grows when something was shortened.
  // `key_prefix` goes before the key.
  bool Read(std::string_view key_value, std::string_view key_prefix,
            store::SpanDetailsWriter& details, std::int64_t& num_cut);

  // Text value of the attribute with this key; empty when it is another attribute or no text.
  static std::string_view TextOf(std::string_view key_value, std::string_view key);

 private:
  // Appends a value as JSON to json_; false when the bytes are no AnyValue. Past kMaxValueDepth
  // there are nulls.
  bool AppendJson(std::string_view any_value, int depth);
  bool AppendJsonList(std::string_view array, int depth);
  bool AppendJsonMap(std::string_view list, int depth);
  void AppendJsonText(std::string_view text);

  std::string key_scratch_;
  std::string value_scratch_;
  std::string json_scratch_;
  std::string json_;
  bool was_cut_ = false;
};

}  // namespace assay::api
