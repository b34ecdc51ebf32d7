#include "server/store/span_details.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <utility>

namespace assay::store {
namespace {

// First byte of the bytes. Format 0 was pairs of key and value, each a length (u32, little-endian)
// and its bytes.
constexpr char kPairsFormat = 0;
constexpr char kFormat = 1;

enum Tag : std::uint8_t {
  kAttribute = 1,
  kEvent = 2,
  kEventAttribute = 3,
  kLink = 4,
  kLinkAttribute = 5,
  kTraceState = 6,
  kDropped = 7,
};

void AppendVarint(std::string& bytes, std::uint64_t value) {
  while (value >= 0x80) {
    bytes.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  bytes.push_back(static_cast<char>(value));
}

void AppendSized(std::string& bytes, std::string_view text) {
  AppendVarint(bytes, text.size());
  bytes.append(text);
}

// Takes values off the front of bytes; after a failure everything fails.
class Taker {
 public:
  explicit Taker(std::string_view rest) : rest_(rest) {}

  bool is_good() const { return is_good_; }
  bool is_empty() const { return rest_.empty(); }

  std::uint64_t Varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<std::uint8_t>(Fixed(1).empty() ? 0 : last_[0]);
      value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) {
        return value;
      }
    }
    is_good_ = false;
    return 0;
  }

  std::uint32_t Count() { return static_cast<std::uint32_t>(Varint()); }

  // Empty when there are not so many bytes left.
  std::string_view Fixed(std::size_t size) {
    if (!is_good_ || rest_.size() < size) {
      is_good_ = false;
      last_ = {};
      return last_;
    }
    last_ = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return last_;
  }

  std::string_view Sized() {
    const std::uint64_t size = Varint();
    if (size > rest_.size()) {
      is_good_ = false;
      return {};
    }
    return Fixed(size);
  }

  template <typename Value>
  void Copy(Value& value) {
    const std::string_view bytes = Fixed(sizeof(Value));
    if (!bytes.empty()) {
      std::memcpy(&value, bytes.data(), sizeof(Value));
    }
  }

 private:
  std::string_view rest_;
  std::string_view last_;
  bool is_good_ = true;
};

SpanAttribute TakeAttribute(Taker& taker) {
  SpanAttribute attribute;
  attribute.key = taker.Sized();
  attribute.type = static_cast<ValueType>(taker.Varint());
  attribute.value = taker.Sized();
  return attribute;
}

std::optional<SpanDetails> DecodePairs(std::string_view bytes) {
  SpanDetails details;
  Taker taker(bytes);
  const auto text = [&taker] {
    std::uint32_t size = 0;
    taker.Copy(size);
    return std::string(taker.Fixed(size));
  };
  while (taker.is_good() && !taker.is_empty()) {
    SpanAttribute& attribute = details.attributes.emplace_back();
    attribute.key = text();
    attribute.value = text();
  }
  return taker.is_good() ? std::optional(std::move(details)) : std::nullopt;
}

}  // namespace

const SpanAttribute* SpanDetails::Find(std::string_view key) const {
  for (const SpanAttribute& attribute : attributes) {
    if (attribute.key == key) {
      return &attribute;
    }
  }
  return nullptr;
}

void SpanDetailsWriter::Tag(std::uint8_t tag) {
  if (bytes_.empty()) {
    bytes_.push_back(kFormat);
  }
  bytes_.push_back(static_cast<char>(tag));
}

void SpanDetailsWriter::AddAttribute(std::string_view key, ValueType type, std::string_view value) {
  Tag(attribute_tag_ == 0 ? std::uint8_t{kAttribute} : attribute_tag_);
  AppendSized(bytes_, key);
  bytes_.push_back(static_cast<char>(type));
  AppendSized(bytes_, value);
}

void SpanDetailsWriter::AddInt64(std::string_view key, std::int64_t value) {
  std::array<char, 20> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  AddAttribute(key, ValueType::kInt64, {text.data(), end});
}

void SpanDetailsWriter::AddDouble(std::string_view key, double value) {
  AddAttribute(key, ValueType::kDouble, DoubleText(value));
}

void SpanDetailsWriter::AddBool(std::string_view key, bool value) {
  AddAttribute(key, ValueType::kBool, value ? "true" : "false");
}

void SpanDetailsWriter::BeginEvent(std::int64_t time_ns, std::string_view name,
                                   std::uint32_t num_dropped_attributes) {
  Tag(kEvent);
  bytes_.append(reinterpret_cast<const char*>(&time_ns), sizeof time_ns);
  AppendSized(bytes_, name);
  AppendVarint(bytes_, num_dropped_attributes);
  attribute_tag_ = kEventAttribute;
}

void SpanDetailsWriter::BeginLink(const TraceId& trace_id, const SpanId& span_id,
                                  std::string_view trace_state,
                                  std::uint32_t num_dropped_attributes) {
  Tag(kLink);
  bytes_.append(reinterpret_cast<const char*>(trace_id.data()), trace_id.size());
  bytes_.append(reinterpret_cast<const char*>(span_id.data()), span_id.size());
  AppendSized(bytes_, trace_state);
  AppendVarint(bytes_, num_dropped_attributes);
  attribute_tag_ = kLinkAttribute;
}

void SpanDetailsWriter::SetTraceState(std::string_view trace_state) {
  Tag(kTraceState);
  AppendSized(bytes_, trace_state);
}

void SpanDetailsWriter::SetDropped(std::uint32_t attributes, std::uint32_t events,
                                   std::uint32_t links) {
  Tag(kDropped);
  AppendVarint(bytes_, attributes);
  AppendVarint(bytes_, events);
  AppendVarint(bytes_, links);
}

std::optional<SpanDetails> DecodeSpanDetails(std::string_view bytes) {
  SpanDetails details;
  if (bytes.empty()) {
    return details;
  }
  if (bytes[0] == kPairsFormat) {
    return DecodePairs(bytes.substr(1));
  }
  if (bytes[0] != kFormat) {
    return std::nullopt;
  }
  Taker taker(bytes.substr(1));
  while (taker.is_good() && !taker.is_empty()) {
    switch (taker.Varint()) {
      case kAttribute:
        details.attributes.push_back(TakeAttribute(taker));
        break;
      case kEvent: {
        SpanEvent& event = details.events.emplace_back();
        taker.Copy(event.time_ns);
        event.name = taker.Sized();
        event.num_dropped_attributes = taker.Count();
        break;
      }
      case kEventAttribute:
        if (details.events.empty()) {
          return std::nullopt;
        }
        details.events.back().attributes.push_back(TakeAttribute(taker));
        break;
      case kLink: {
        SpanLink& link = details.links.emplace_back();
        taker.Copy(link.trace_id);
        taker.Copy(link.span_id);
        link.trace_state = taker.Sized();
        link.num_dropped_attributes = taker.Count();
        break;
      }
      case kLinkAttribute:
        if (details.links.empty()) {
          return std::nullopt;
        }
        details.links.back().attributes.push_back(TakeAttribute(taker));
        break;
      case kTraceState:
        details.trace_state = taker.Sized();
        break;
      case kDropped:
        details.num_dropped_attributes = taker.Count();
        details.num_dropped_events = taker.Count();
        details.num_dropped_links = taker.Count();
        break;
      default:
        return std::nullopt;
    }
  }
  return taker.is_good() ? std::optional(std::move(details)) : std::nullopt;
}

std::string DoubleText(double value) {
  if (std::isnan(value)) {
    return "nan";
  }
  if (std::isinf(value)) {
    return value > 0 ? "inf" : "-inf";
  }
  std::array<char, 32> text;
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr};
}

}  // namespace assay::store
