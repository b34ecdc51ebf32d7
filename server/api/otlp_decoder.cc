#include "server/api/otlp_decoder.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <span>
#include <utility>

#include "absl/strings/str_format.h"
#include "server/base/hex.h"

namespace assay::api {
namespace {

using Type = WireField::Type;

constexpr std::size_t kSpanBytes = 256;  // of a record without its details

std::uint32_t Narrow(std::uint64_t count) {
  return static_cast<std::uint32_t>(
      std::min<std::uint64_t>(count, std::numeric_limits<std::uint32_t>::max()));
}

bool IsZero(std::span<const std::uint8_t> bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

// The last value of a field of bytes, as protobuf has it. False when the bytes are no message.
bool FindBytes(std::string_view message, std::uint32_t number, std::string_view& bytes) {
  WireReader reader(message);
  WireField field;
  while (reader.Next(field)) {
    if (field.number == number && field.type == Type::kBytes) {
      bytes = field.bytes;
    }
  }
  return reader.is_good();
}

}  // namespace

absl::StatusOr<std::vector<store::SpanRecord>> OtlpDecoder::Next(std::size_t max_spans,
                                                                 std::size_t max_bytes) {
  std::vector<store::SpanRecord> spans;
  std::size_t num_bytes = 0;
  std::string_view bytes;
  while (spans.size() < max_spans && num_bytes < max_bytes && NextSpan(bytes)) {
    store::SpanRecord span;
    switch (Decode(bytes, span)) {
      case Outcome::kTaken:
        ++tally_.num_taken;
        num_bytes += kSpanBytes + span.details.size() + span.status_message.size();
        spans.push_back(std::move(span));
        break;
      case Outcome::kRejected:
        ++tally_.num_rejected;
        break;
      case Outcome::kMalformed:
        is_malformed_ = true;
        break;
    }
    if (is_malformed_) {
      break;
    }
  }
  if (is_malformed_) {
    return absl::InvalidArgumentError("the body is no ExportTraceServiceRequest");
  }
  return spans;
}

bool OtlpDecoder::NextSpan(std::string_view& span) {
  WireField field;
  for (;;) {
    while (scope_spans_.Next(field)) {
      if (field.number == 2 && field.type == Type::kBytes) {
        span = field.bytes;
        return true;
      }
    }
    is_malformed_ |= !scope_spans_.is_good();
    bool has_scope = false;
    while (!is_malformed_ && !has_scope && resource_spans_.Next(field)) {
      if (field.number == 2 && field.type == Type::kBytes) {
        has_scope = EnterScope(field.bytes);
      }
    }
    if (has_scope) {
      continue;
    }
    is_malformed_ |= !resource_spans_.is_good();
    bool has_resource = false;
    while (!is_malformed_ && !has_resource && request_.Next(field)) {
      if (field.number == 1 && field.type == Type::kBytes) {
        has_resource = EnterResource(field.bytes);
      }
    }
    is_malformed_ |= !request_.is_good();
    if (is_malformed_ || !has_resource) {
      return false;
    }
  }
}

bool OtlpDecoder::EnterResource(std::string_view resource_spans) {
  resource_ = {};
  is_malformed_ |= !FindBytes(resource_spans, 1, resource_);
  resource_spans_ = WireReader(resource_spans);
  scope_spans_ = WireReader();
  return !is_malformed_;
}

bool OtlpDecoder::EnterScope(std::string_view scope_spans) {
  scope_ = {};
  source_ = nullptr;
  is_malformed_ |= !FindBytes(scope_spans, 1, scope_);
  scope_spans_ = WireReader(scope_spans);
  return !is_malformed_;
}

bool OtlpDecoder::MakeSource() {
  constexpr std::string_view kServiceName = "service.name";
  store::SpanDetailsWriter details;
  std::string service;
  std::vector<std::string_view> attributes;
  std::uint64_t num_dropped = 0;
  WireField field;
  bool was_cut = false;
  WireReader resource(resource_);
  while (resource.Next(field)) {
    if (field.number == 1 && field.type == Type::kBytes) {
      attributes.push_back(field.bytes);
      const std::string_view name = OtlpAttributeReader::TextOf(field.bytes, kServiceName);
      if (!name.empty()) {
        service = CleanText(name, kMaxSpanTextBytes, scratch_, was_cut);
      }
    } else if (field.number == 2 && field.type == Type::kVarint) {
      num_dropped = field.value;
    }
  }
  if (!resource.is_good() || !DecodeAttributes(attributes, "", details, num_dropped)) {
    return false;
  }
  attributes.clear();
  WireReader scope(scope_);
  while (scope.Next(field)) {
    if (field.type != Type::kBytes || field.bytes.empty()) {
      continue;
    }
    const std::string_view text =
        field.number == 3 ? std::string_view()
                          : CleanText(field.bytes, kMaxSpanTextBytes, scratch_, was_cut);
    if (field.number == 1) {
      details.AddText("otel.scope.name", text);
    } else if (field.number == 2) {
      details.AddText("otel.scope.version", text);
    } else if (field.number == 3) {
      attributes.push_back(field.bytes);
    }
  }
  if (!scope.is_good() ||
      !DecodeAttributes(attributes, "otel.scope.attributes.", details, num_dropped)) {
    return false;
  }
  if (num_dropped > 0) {
    details.SetDropped(Narrow(num_dropped), 0, 0);
  }
  tally_.num_cut += was_cut ? 1 : 0;
  source_ = store::MakeSpanSource(service, details.Take());
  return true;
}

OtlpDecoder::Outcome OtlpDecoder::Reject(std::string reason) {
  if (tally_.num_rejected == 0) {
    tally_.first_rejection = std::move(reason);
  }
  return Outcome::kRejected;
}

OtlpDecoder::Outcome OtlpDecoder::Decode(std::string_view bytes, store::SpanRecord& span) {
  std::string_view trace_id;
  std::string_view span_id;
  std::string_view parent_span_id;
  std::string_view trace_state;
  std::string_view name;
  std::string_view status;
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  std::uint64_t kind = 0;
  std::uint64_t dropped_attributes = 0;
  std::uint64_t dropped_events = 0;
  std::uint64_t dropped_links = 0;
  attributes_.clear();
  events_.clear();
  links_.clear();
  WireReader reader(bytes);
  WireField field;
  while (reader.Next(field)) {
    if (field.type == Type::kBytes) {
      switch (field.number) {
        case 1:
          trace_id = field.bytes;
          break;
        case 2:
          span_id = field.bytes;
          break;
        case 3:
          trace_state = field.bytes;
          break;
        case 4:
          parent_span_id = field.bytes;
          break;
        case 5:
          name = field.bytes;
          break;
        case 9:
          attributes_.push_back(field.bytes);
          break;
        case 11:
          events_.push_back(field.bytes);
          break;
        case 13:
          links_.push_back(field.bytes);
          break;
        case 15:
          status = field.bytes;
          break;
        default:
          break;
      }
    } else if (field.type == Type::kFixed64) {
      start = field.number == 7 ? field.value : start;
      end = field.number == 8 ? field.value : end;
    } else if (field.type == Type::kVarint) {
      kind = field.number == 6 ? field.value : kind;
      dropped_attributes = field.number == 10 ? field.value : dropped_attributes;
      dropped_events = field.number == 12 ? field.value : dropped_events;
      dropped_links = field.number == 14 ? field.value : dropped_links;
    }
  }
  if (!reader.is_good()) {
    return Outcome::kMalformed;
  }
  if (!DecodeId(trace_id, span.trace_id) || IsZero(span.trace_id)) {
    return Reject("a trace_id is not 16 bytes that are not all zero");
  }
  if (!DecodeId(span_id, span.span_id) || IsZero(span.span_id)) {
    return Reject("a span_id is not 8 bytes that are not all zero");
  }
  if (!parent_span_id.empty() && !DecodeId(parent_span_id, span.parent_span_id)) {
    return Reject("a parent_span_id is neither empty nor 8 bytes");
  }
  constexpr std::uint64_t kLatest = std::numeric_limits<std::int64_t>::max();
  if (start > kLatest || end > kLatest) {
    return Reject("a time is more than 2^63 - 1 nanoseconds");
  }
  if (source_ == nullptr && !MakeSource()) {
    return Outcome::kMalformed;
  }
  bool was_cut = false;
  span.source = source_;
  span.name = CleanText(name, kMaxSpanTextBytes, scratch_, was_cut);
  span.kind = kind <= 5 ? static_cast<store::SpanKind>(kind) : store::SpanKind::kUnspecified;
  span.start_ns = static_cast<std::int64_t>(start);
  span.duration_ns = end < start ? 0 : static_cast<std::int64_t>(end - start);
  tally_.num_backward += end < start ? 1 : 0;
  WireReader outcome(status);
  while (outcome.Next(field)) {
    if (field.number == 2 && field.type == Type::kBytes) {
      span.status_message = CleanText(field.bytes, kMaxAttributeValueBytes, scratch_, was_cut);
    } else if (field.number == 3 && field.type == Type::kVarint) {
      span.status = field.value == 2   ? store::SpanStatus::kError
                    : field.value == 1 ? store::SpanStatus::kOk
                                       : store::SpanStatus::kUnset;
    }
  }
  store::SpanDetailsWriter details;
  if (!outcome.is_good() || !DecodeAttributes(attributes_, "", details, dropped_attributes)) {
    return Outcome::kMalformed;
  }
  for (std::size_t i = 0; i < events_.size(); ++i) {
    if (i >= kMaxSpanEvents || details.size() > kMaxSpanDetailsBytes) {
      dropped_events += events_.size() - i;
      tally_.num_cut += static_cast<std::int64_t>(events_.size() - i);
      break;
    }
    if (!DecodeEvent(events_[i], details)) {
      return Outcome::kMalformed;
    }
  }
  for (std::size_t i = 0; i < links_.size(); ++i) {
    if (i >= kMaxSpanLinks || details.size() > kMaxSpanDetailsBytes) {
      dropped_links += links_.size() - i;
      tally_.num_cut += static_cast<std::int64_t>(links_.size() - i);
      break;
    }
    if (!DecodeLink(links_[i], details)) {
      return Outcome::kMalformed;
    }
  }
  if (!trace_state.empty()) {
    details.SetTraceState(CleanText(trace_state, kMaxSpanTextBytes, scratch_, was_cut));
  }
  if (dropped_attributes + dropped_events + dropped_links > 0) {
    details.SetDropped(Narrow(dropped_attributes), Narrow(dropped_events), Narrow(dropped_links));
  }
  tally_.num_cut += was_cut ? 1 : 0;
  span.details = details.Take();
  return Outcome::kTaken;
}

bool OtlpDecoder::DecodeAttributes(const std::vector<std::string_view>& attributes,
                                   std::string_view prefix, store::SpanDetailsWriter& details,
                                   std::uint64_t& num_dropped) {
  for (std::size_t i = 0; i < attributes.size(); ++i) {
    if (i >= kMaxSpanAttributes || details.size() > kMaxSpanDetailsBytes) {
      num_dropped += attributes.size() - i;
      tally_.num_cut += static_cast<std::int64_t>(attributes.size() - i);
      return true;
    }
    if (!attribute_reader_.Read(attributes[i], prefix, details, tally_.num_cut)) {
      return false;
    }
  }
  return true;
}

bool OtlpDecoder::DecodeEvent(std::string_view bytes, store::SpanDetailsWriter& details) {
  std::uint64_t time = 0;
  std::string_view name;
  std::uint64_t num_dropped = 0;
  inner_attributes_.clear();
  WireReader reader(bytes);
  WireField field;
  while (reader.Next(field)) {
    if (field.number == 1 && field.type == Type::kFixed64) {
      time = field.value;
    } else if (field.number == 2 && field.type == Type::kBytes) {
      name = field.bytes;
    } else if (field.number == 3 && field.type == Type::kBytes) {
      inner_attributes_.push_back(field.bytes);
    } else if (field.number == 4 && field.type == Type::kVarint) {
      num_dropped = field.value;
    }
  }
  if (!reader.is_good()) {
    return false;
  }
  bool was_cut = false;
  if (inner_attributes_.size() > kMaxSpanAttributes) {
    num_dropped += inner_attributes_.size() - kMaxSpanAttributes;
  }
  details.BeginEvent(static_cast<std::int64_t>(time),
                     CleanText(name, kMaxSpanTextBytes, scratch_, was_cut), Narrow(num_dropped));
  tally_.num_cut += was_cut ? 1 : 0;
  return DecodeAttributes(inner_attributes_, "", details, num_dropped);
}

bool OtlpDecoder::DecodeLink(std::string_view bytes, store::SpanDetailsWriter& details) {
  store::TraceId trace_id{};
  store::SpanId span_id{};
  std::string_view trace_state;
  std::uint64_t num_dropped = 0;
  bool has_ids = true;
  inner_attributes_.clear();
  WireReader reader(bytes);
  WireField field;
  while (reader.Next(field)) {
    if (field.number == 1 && field.type == Type::kBytes) {
      has_ids = DecodeId(field.bytes, trace_id) && has_ids;
    } else if (field.number == 2 && field.type == Type::kBytes) {
      has_ids = DecodeId(field.bytes, span_id) && has_ids;
    } else if (field.number == 3 && field.type == Type::kBytes) {
      trace_state = field.bytes;
    } else if (field.number == 4 && field.type == Type::kBytes) {
      inner_attributes_.push_back(field.bytes);
    } else if (field.number == 5 && field.type == Type::kVarint) {
      num_dropped = field.value;
    }
  }
  if (!reader.is_good()) {
    return false;
  }
  if (!has_ids || IsZero(trace_id) || IsZero(span_id)) {
    ++tally_.num_cut;  // A link to nowhere is left out.
    return true;
  }
  bool was_cut = false;
  if (inner_attributes_.size() > kMaxSpanAttributes) {
    num_dropped += inner_attributes_.size() - kMaxSpanAttributes;
  }
  details.BeginLink(trace_id, span_id, CleanText(trace_state, kMaxSpanTextBytes, scratch_, was_cut),
                    Narrow(num_dropped));
  tally_.num_cut += was_cut ? 1 : 0;
  return DecodeAttributes(inner_attributes_, "", details, num_dropped);
}

template <std::size_t kSize>
bool OtlpDecoder::DecodeId(std::string_view bytes, std::array<std::uint8_t, kSize>& id) const {
  if (ids_ == Ids::kHexText) {
    return ParseHex(bytes, id);
  }
  if (bytes.size() != kSize) {
    return false;
  }
  std::memcpy(id.data(), bytes.data(), kSize);
  return true;
}

}  // namespace assay::api
