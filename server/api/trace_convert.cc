#include "server/api/trace_convert.h"

#include <map>
#include <optional>

#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "assay/v1/trace_service.pb.h"
#include "server/api/convert.h"
#include "server/api/resource_names.h"
#include "server/base/hex.h"
#include "server/base/status_macros.h"
#include "server/store/span_details.h"
#include "server/trace/analysis.h"
#include "server/trace/span_tree.h"

namespace assay::api {
namespace {

constexpr std::int64_t kUsPerMinute = 60'000'000;

static_assert(static_cast<int>(store::SpanStatus::kError) == v1::Span::ERROR);
static_assert(static_cast<int>(store::SpanKind::kConsumer) == v1::Span::CONSUMER);

void SetAttributes(const std::vector<store::SpanAttribute>& from,
                   google::protobuf::Map<std::string, std::string>& to) {
  for (const store::SpanAttribute& attribute : from) {
    to[attribute.key] = attribute.type == store::ValueType::kBytes
                            ? absl::Base64Escape(attribute.value)
                            : attribute.value;
  }
}

void SetPoint(const store::LatencyHistogram& durations, std::int64_t minute,
              std::int64_t num_errors, v1::QueryLatencyResponse::Point& to) {
  ToProto(minute * kUsPerMinute, *to.mutable_start_time());
  to.set_num_spans(durations.count());
  to.set_num_errors(num_errors);
  to.set_p50_ns(durations.Quantile(0.5).value_or(0));
  to.set_p90_ns(durations.Quantile(0.9).value_or(0));
  to.set_p95_ns(durations.Quantile(0.95).value_or(0));
  to.set_p99_ns(durations.Quantile(0.99).value_or(0));
  to.set_max_ns(durations.Quantile(1).value_or(0));
}

}  // namespace

void ToProto(const std::string& project, const store::TraceRecord& from, v1::Trace& to) {
  to.set_name(FormatNamedName(project, "traces", HexText(from.trace_id)));
  to.set_root_name(from.root_name);
  to.set_root_service(from.root_service);
  ToProto(from.start_ns / 1000, *to.mutable_start_time());
  to.mutable_start_time()->set_nanos(static_cast<std::int32_t>(from.start_ns % 1'000'000'000));
  to.set_duration_ns(from.duration_ns);
  to.set_num_spans(from.num_spans);
  to.set_num_errors(from.num_errors);
  if (!from.resource.empty()) {
    to.set_resource(absl::StrFormat("projects/%s/%s", project, from.resource));
  }
}

absl::Status ToProto(const store::SpanRecord& from, v1::Span& to) {
  to.set_span_id(HexText(from.span_id));
  if (from.parent_span_id != store::SpanId{}) {
    to.set_parent_span_id(HexText(from.parent_span_id));
  }
  to.set_name(from.name);
  to.set_kind(static_cast<v1::Span::Kind>(from.kind));
  to.set_start_time_ns(from.start_ns);
  to.set_duration_ns(from.duration_ns);
  to.set_status(static_cast<v1::Span::Status>(from.status));
  to.set_status_message(from.status_message);
  if (from.source != nullptr) {
    to.set_service(from.source->service);
  }
  const std::optional<store::SpanDetails> details = store::DecodeSpanDetails(from.details);
  if (!details.has_value()) {
    return absl::DataLossError(
        absl::StrFormat("span '%s' has damaged details", HexText(from.span_id)));
  }
  SetAttributes(details->attributes, *to.mutable_attributes());
  for (const store::SpanEvent& event : details->events) {
    v1::SpanEvent& message = *to.add_events();
    message.set_time_ns(event.time_ns);
    message.set_name(event.name);
    SetAttributes(event.attributes, *message.mutable_attributes());
  }
  for (const store::SpanLink& link : details->links) {
    v1::SpanLink& message = *to.add_links();
    message.set_trace_id(HexText(link.trace_id));
    message.set_span_id(HexText(link.span_id));
    message.set_trace_state(link.trace_state);
    SetAttributes(link.attributes, *message.mutable_attributes());
  }
  to.set_trace_state(details->trace_state);
  to.set_num_dropped_attributes(details->num_dropped_attributes);
  to.set_num_dropped_events(details->num_dropped_events);
  to.set_num_dropped_links(details->num_dropped_links);
  return absl::OkStatus();
}

absl::Status AddSpans(const std::vector<store::SpanRecord>& spans, v1::Trace& to) {
  const trace::SpanTree tree = trace::MakeSpanTree(spans);
  const std::vector<trace::SpanTimes> times = trace::MeasureSpans(spans);
  std::map<const store::SpanSource*, int> sources;
  for (const std::size_t i : tree.order) {
    v1::Span& span = *to.add_spans();
    ASSAY_RETURN_IF_ERROR(ToProto(spans[i], span));
    span.set_depth(static_cast<std::int32_t>(tree.depth[i]));
    span.set_self_time_ns(times[i].self_ns);
    span.set_critical_time_ns(times[i].critical_ns);
    const store::SpanSource* const source = spans[i].source.get();
    if (source == nullptr) {
      continue;
    }
    const auto [place, is_new] = sources.emplace(source, to.sources_size());
    if (is_new) {
      v1::SpanSource& message = *to.add_sources();
      message.set_service(source->service);
      if (const auto details = store::DecodeSpanDetails(source->details)) {
        SetAttributes(details->attributes, *message.mutable_attributes());
      }
    }
    span.set_source(place->second);
  }
  for (const trace::SpanGroup& group : trace::RollUp(spans, times)) {
    v1::SpanGroup& message = *to.add_groups();
    message.set_service(group.service);
    message.set_name(group.name);
    message.set_num_spans(static_cast<std::int32_t>(group.num_spans));
    message.set_num_errors(static_cast<std::int32_t>(group.num_errors));
    message.set_total_ns(group.total_ns);
    message.set_self_ns(group.self_ns);
    message.set_critical_ns(group.critical_ns);
    message.set_longest_ns(group.longest_ns);
  }
  return absl::OkStatus();
}

void AddSeries(const std::vector<store::LatencyStep>& steps, v1::QueryLatencyResponse& to) {
  for (std::size_t i = 0; i < steps.size();) {
    v1::QueryLatencyResponse::Series& series = *to.add_series();
    series.set_service(steps[i].service);
    series.set_span_name(steps[i].name);
    const std::int64_t first_minute = steps[i].minute;
    store::LatencyHistogram total;
    std::int64_t num_errors = 0;
    for (; i < steps.size() && steps[i].service == series.service() &&
           steps[i].name == series.span_name();
         ++i) {
      SetPoint(steps[i].durations, steps[i].minute, steps[i].num_errors, *series.add_points());
      total.Merge(steps[i].durations);
      num_errors += steps[i].num_errors;
    }
    SetPoint(total, first_minute, num_errors, *series.mutable_total());
  }
}

}  // namespace assay::api
