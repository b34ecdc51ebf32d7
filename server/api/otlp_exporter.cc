#include "server/api/otlp_exporter.h"

#include <optional>
#include <span>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "server/base/log.h"
#include "server/store/span_details.h"

namespace assay::api {
namespace {

namespace proto = opentelemetry::proto;

void SetValue(const store::SpanAttribute& from, proto::common::v1::AnyValue& to) {
  switch (from.type) {
    case store::ValueType::kBool:
      to.set_bool_value(from.value == "true");
      return;
    case store::ValueType::kInt64: {
      std::int64_t number = 0;
      if (absl::SimpleAtoi(from.value, &number)) {
        to.set_int_value(number);
        return;
      }
      break;
    }
    case store::ValueType::kDouble: {
      double number = 0;
      if (absl::SimpleAtod(from.value, &number)) {
        to.set_double_value(number);
        return;
      }
      break;
    }
    case store::ValueType::kBytes:
      to.set_bytes_value(from.value);
      return;
    case store::ValueType::kText:
    case store::ValueType::kJson:
      break;
  }
  to.set_string_value(from.value);
}

template <typename Message>
void SetAttributes(const std::vector<store::SpanAttribute>& from, Message& to) {
  for (const store::SpanAttribute& attribute : from) {
    proto::common::v1::KeyValue& key_value = *to.add_attributes();
    key_value.set_key(attribute.key);
    SetValue(attribute, *key_value.mutable_value());
  }
}

std::string Bytes(std::span<const std::uint8_t> id) { return {id.begin(), id.end()}; }

proto::resource::v1::Resource ResourceOf(const store::SpanSource& source) {
  proto::resource::v1::Resource resource;
  proto::common::v1::KeyValue& service = *resource.add_attributes();
  service.set_key("service.name");
  service.mutable_value()->set_string_value(source.service);
  const std::optional<store::SpanDetails> details = store::DecodeSpanDetails(source.details);
  if (details.has_value()) {
    SetAttributes(details->attributes, resource);
  }
  return resource;
}

// One line when sending starts to fail and one when it works again.
otlp::SpanSender::Options SendingOptions(const std::string& address) {
  otlp::SpanSender::Options options;
  options.on_change = [address](const absl::Status& status) {
    if (status.ok()) {
      Log(LogLevel::kInfo, "spans are exported again", {{"address", address}});
    } else {
      Log(LogLevel::kWarning, "spans cannot be exported",
          {{"address", address}, {"error", std::string(status.message())}});
    }
  };
  return options;
}

}  // namespace

bool ToOtlp(const store::SpanRecord& from, proto::trace::v1::Span& to) {
  to.set_trace_id(Bytes(from.trace_id));
  to.set_span_id(Bytes(from.span_id));
  if (from.parent_span_id != store::SpanId{}) {
    to.set_parent_span_id(Bytes(from.parent_span_id));
  }
  to.set_name(from.name);
  to.set_kind(static_cast<proto::trace::v1::Span::SpanKind>(from.kind));
  to.set_start_time_unix_nano(static_cast<std::uint64_t>(from.start_ns));
  to.set_end_time_unix_nano(static_cast<std::uint64_t>(from.start_ns + from.duration_ns));
  to.mutable_status()->set_code(static_cast<proto::trace::v1::Status::StatusCode>(from.status));
  to.mutable_status()->set_message(from.status_message);
  const std::optional<store::SpanDetails> details = store::DecodeSpanDetails(from.details);
  if (!details.has_value()) {
    return false;
  }
  SetAttributes(details->attributes, to);
  if (!from.resource.empty()) {
    proto::common::v1::KeyValue& resource = *to.add_attributes();
    resource.set_key("assay.resource");
    resource.mutable_value()->set_string_value(from.resource);
  }
  to.set_trace_state(details->trace_state);
  to.set_dropped_attributes_count(details->num_dropped_attributes);
  to.set_dropped_events_count(details->num_dropped_events);
  to.set_dropped_links_count(details->num_dropped_links);
  for (const store::SpanEvent& event : details->events) {
    proto::trace::v1::Span::Event& message = *to.add_events();
    message.set_time_unix_nano(static_cast<std::uint64_t>(event.time_ns));
    message.set_name(event.name);
    message.set_dropped_attributes_count(event.num_dropped_attributes);
    SetAttributes(event.attributes, message);
  }
  for (const store::SpanLink& link : details->links) {
    proto::trace::v1::Span::Link& message = *to.add_links();
    message.set_trace_id(Bytes(link.trace_id));
    message.set_span_id(Bytes(link.span_id));
    message.set_trace_state(link.trace_state);
    message.set_dropped_attributes_count(link.num_dropped_attributes);
    SetAttributes(link.attributes, message);
  }
  return true;
}

OtlpExporter::OtlpExporter(const otlp::OtlpTarget& target, const store::SpanSource& source)
    : sender_(target, ResourceOf(source), SendingOptions(target.address)) {}

OtlpExporter::~OtlpExporter() = default;

void OtlpExporter::Offer(const std::vector<store::SpanRecord>& spans) {
  std::vector<proto::trace::v1::Span> messages(spans.size());
  for (std::size_t i = 0; i < spans.size(); ++i) {
    (void)ToOtlp(spans[i], messages[i]);  // Our own details are whole.
  }
  sender_.Offer(std::move(messages));
}

otlp::SpanSender::Counters OtlpExporter::counters() const { return sender_.counters(); }

}  // namespace assay::api
