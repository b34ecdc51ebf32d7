#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <vector>

#include "evaluators/columns.h"
#include "opentelemetry/proto/collector/trace/v1/trace_service.pb.h"
#include "server/api/otlp_decoder.h"
#include "server/store/span_details.h"

namespace {

void Require(bool holds) {
  if (!holds) {
    std::abort();
  }
}

}  // namespace

// What the generated classes read, ours reads too, with as many spans; what ours gives can be
// stored and shown.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace assay;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  api::OtlpDecoder decoder(bytes, api::OtlpDecoder::Ids::kBytes);
  bool is_good = true;
  for (;;) {
    const absl::StatusOr<std::vector<store::SpanRecord>> spans = decoder.Next(7, 1 << 16);
    is_good = spans.ok();
    if (!is_good || spans->empty()) {
      break;
    }
    for (const store::SpanRecord& span : *spans) {
      Require(IsUtf8(span.name) && IsUtf8(span.status_message) && span.duration_ns >= 0);
      const std::optional<store::SpanDetails> details = store::DecodeSpanDetails(span.details);
      Require(details.has_value());
      Require(store::DecodeSpanDetails(span.source->details).has_value());
      for (const store::SpanAttribute& attribute : details->attributes) {
        Require(IsUtf8(attribute.key));
        Require(attribute.type == store::ValueType::kBytes || IsUtf8(attribute.value));
      }
    }
  }
  opentelemetry::proto::collector::trace::v1::ExportTraceServiceRequest request;
  if (is_good && request.ParseFromArray(data, static_cast<int>(size))) {
    std::int64_t num_spans = 0;
    for (const auto& resource_spans : request.resource_spans()) {
      for (const auto& scope_spans : resource_spans.scope_spans()) {
        num_spans += scope_spans.spans_size();
      }
    }
    Require(decoder.tally().num_taken + decoder.tally().num_rejected == num_spans);
  }
  return 0;
}
