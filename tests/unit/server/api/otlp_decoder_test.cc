#include "server/api/otlp_decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "opentelemetry/proto/collector/trace/v1/trace_service.pb.h"
#include "server/api/otlp_json.h"
#include "server/store/span_details.h"

namespace assay::api {
namespace {

namespace otlp = opentelemetry::proto;
using otlp::collector::trace::v1::ExportTraceServiceRequest;
using store::SpanAttribute;
using store::ValueType;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

otlp::trace::v1::Span& AddSpan(ExportTraceServiceRequest& request) {
  if (request.resource_spans_size() == 0) {
    request.add_resource_spans()->add_scope_spans();
  }
  otlp::trace::v1::Span& span =
      *request.mutable_resource_spans(0)->mutable_scope_spans(0)->add_spans();
  span.set_trace_id(std::string(16, '\xAB'));
  span.set_span_id("\1\2\3\4\5\6\7\x08");
  span.set_name("search");
  span.set_start_time_unix_nano(1'000);
  span.set_end_time_unix_nano(1'500);
  return span;
}

struct Decoded {
  std::vector<store::SpanRecord> spans;
  OtlpTally tally;
};

absl::StatusOr<Decoded> Decode(const std::string& bytes,
                               OtlpDecoder::Ids ids = OtlpDecoder::Ids::kBytes,
                               std::size_t max_spans = 1000) {
  OtlpDecoder decoder(bytes, ids);
  Decoded decoded;
  for (;;) {
    absl::StatusOr<std::vector<store::SpanRecord>> part = decoder.Next(max_spans, 1 << 30);
    if (!part.ok()) {
      return part.status();
    }
    if (part->empty()) {
      break;
    }
    EXPECT_LE(part->size(), max_spans);
    for (store::SpanRecord& span : *part) {
      decoded.spans.push_back(std::move(span));
    }
  }
  decoded.tally = decoder.tally();
  return decoded;
}

Decoded MustDecode(const ExportTraceServiceRequest& request) {
  absl::StatusOr<Decoded> decoded = Decode(request.SerializeAsString());
  EXPECT_TRUE(decoded.ok()) << decoded.status();
  return *std::move(decoded);
}

store::SpanDetails DetailsOf(const store::SpanRecord& span) {
  return *store::DecodeSpanDetails(span.details);
}

TEST(OtlpDecoderTest, AnEmptyRequestHasNoSpans) {
  EXPECT_THAT(Decode("")->spans, SizeIs(0));
  ExportTraceServiceRequest request;
  request.add_resource_spans()->add_scope_spans();
  EXPECT_THAT(MustDecode(request).spans, SizeIs(0));
}

TEST(OtlpDecoderTest, ReadsEveryFieldOfASpan) {
  ExportTraceServiceRequest request;
  otlp::trace::v1::Span& span = AddSpan(request);
  span.set_parent_span_id("parent01");
  span.set_trace_state("a=b");
  span.set_kind(otlp::trace::v1::Span::SPAN_KIND_CLIENT);
  span.mutable_status()->set_code(otlp::trace::v1::Status::STATUS_CODE_ERROR);
  span.mutable_status()->set_message("timed out");
  span.set_dropped_attributes_count(1);
  span.set_dropped_events_count(2);
  span.set_dropped_links_count(3);
  otlp::common::v1::KeyValue& attribute = *span.add_attributes();
  attribute.set_key("rows");
  attribute.mutable_value()->set_int_value(-7);
  otlp::trace::v1::Span::Event& event = *span.add_events();
  event.set_time_unix_nano(1'200);
  event.set_name("retry");
  event.add_attributes()->set_key("attempt");
  event.mutable_attributes(0)->mutable_value()->set_bool_value(true);
  event.set_dropped_attributes_count(4);
  otlp::trace::v1::Span::Link& link = *span.add_links();
  link.set_trace_id(std::string(16, 'L'));
  link.set_span_id("linked01");
  link.set_trace_state("c=d");

  const Decoded decoded = MustDecode(request);
  ASSERT_THAT(decoded.spans, SizeIs(1));
  const store::SpanRecord& read = decoded.spans[0];
  EXPECT_EQ(read.trace_id[15], 0xAB);
  EXPECT_EQ(read.span_id, (store::SpanId{1, 2, 3, 4, 5, 6, 7, 8}));
  EXPECT_EQ(read.parent_span_id[0], 'p');
  EXPECT_EQ(read.name, "search");
  EXPECT_EQ(read.kind, store::SpanKind::kClient);
  EXPECT_EQ(read.start_ns, 1'000);
  EXPECT_EQ(read.duration_ns, 500);
  EXPECT_EQ(read.status, store::SpanStatus::kError);
  EXPECT_EQ(read.status_message, "timed out");
  const store::SpanDetails details = DetailsOf(read);
  EXPECT_THAT(details.attributes, ElementsAre(SpanAttribute{"rows", ValueType::kInt64, "-7"}));
  ASSERT_THAT(details.events, SizeIs(1));
  EXPECT_EQ(details.events[0],
            (store::SpanEvent{1'200, "retry", {{"attempt", ValueType::kBool, "true"}}, 4}));
  ASSERT_THAT(details.links, SizeIs(1));
  EXPECT_EQ(details.links[0].trace_id[0], 'L');
  EXPECT_EQ(details.links[0].trace_state, "c=d");
  EXPECT_EQ(details.trace_state, "a=b");
  EXPECT_EQ(details.num_dropped_attributes, 1U);
  EXPECT_EQ(details.num_dropped_events, 2U);
  EXPECT_EQ(details.num_dropped_links, 3U);
}

TEST(OtlpDecoderTest, ReadsEveryTypeOfValue) {
  ExportTraceServiceRequest request;
  otlp::trace::v1::Span& span = AddSpan(request);
  const auto add = [&span](const char* key) {
    span.add_attributes()->set_key(key);
    return span.mutable_attributes(span.attributes_size() - 1)->mutable_value();
  };
  add("text")->set_string_value("é");
  add("double")->set_double_value(0.1);
  add("bytes")->set_bytes_value("\xff\x00");
  add("int")->set_int_value(std::numeric_limits<std::int64_t>::max());
  otlp::common::v1::ArrayValue& list = *add("list")->mutable_array_value();
  list.add_values()->set_string_value("a\"\n");
  list.add_values()->set_double_value(std::numeric_limits<double>::infinity());
  otlp::common::v1::KeyValue& inner = *list.add_values()->mutable_kvlist_value()->add_values();
  inner.set_key("k");
  inner.mutable_value()->set_bool_value(false);
  list.add_values();
  add("empty");
  EXPECT_THAT(DetailsOf(MustDecode(request).spans[0]).attributes,
              ElementsAre(SpanAttribute{"text", ValueType::kText, "é"},
                          SpanAttribute{"double", ValueType::kDouble, "0.1"},
                          SpanAttribute{"bytes", ValueType::kBytes, "\xff"},
                          SpanAttribute{"int", ValueType::kInt64, "9223372036854775807"},
                          SpanAttribute{"list", ValueType::kJson,
                                        R"(["a\"\u000a","inf",{"k":false},null])"},
                          SpanAttribute{"empty", ValueType::kText, ""}));
}

TEST(OtlpDecoderTest, SpansOfAScopeShareTheirSource) {
  ExportTraceServiceRequest request;
  AddSpan(request);
  AddSpan(request);
  otlp::trace::v1::ResourceSpans& spans = *request.mutable_resource_spans(0);
  otlp::common::v1::KeyValue& service = *spans.mutable_resource()->add_attributes();
  service.set_key("service.name");
  service.mutable_value()->set_string_value("shop");
  spans.mutable_scope_spans(0)->mutable_scope()->set_name("http");
  spans.mutable_scope_spans(0)->mutable_scope()->set_version("1.2");
  const Decoded decoded = MustDecode(request);
  ASSERT_THAT(decoded.spans, SizeIs(2));
  EXPECT_EQ(decoded.spans[0].source, decoded.spans[1].source);
  EXPECT_EQ(decoded.spans[0].source->service, "shop");
  EXPECT_THAT(store::DecodeSpanDetails(decoded.spans[0].source->details)->attributes,
              ElementsAre(SpanAttribute{"service.name", ValueType::kText, "shop"},
                          SpanAttribute{"otel.scope.name", ValueType::kText, "http"},
                          SpanAttribute{"otel.scope.version", ValueType::kText, "1.2"}));
}

TEST(OtlpDecoderTest, TheResourceCountsWhereverItStandsInTheMessage) {
  ExportTraceServiceRequest spans;
  AddSpan(spans);
  otlp::trace::v1::ResourceSpans resource;
  resource.mutable_resource()->add_attributes()->set_key("service.name");
  resource.mutable_resource()->mutable_attributes(0)->mutable_value()->set_string_value("late");
  ExportTraceServiceRequest request;
  // Unparsed concatenation: the resource comes behind the spans.
  otlp::trace::v1::ResourceSpans& joined = *request.add_resource_spans();
  ASSERT_TRUE(joined.ParseFromString(spans.resource_spans(0).SerializeAsString() +
                                     resource.SerializeAsString()));
  const std::string body =
      spans.resource_spans(0).SerializeAsString() + resource.SerializeAsString();
  const std::string bytes =
      std::string("\x0a") + static_cast<char>(body.size()) + body;  // fits one byte
  ASSERT_LT(body.size(), 128U);
  EXPECT_EQ(Decode(bytes)->spans.at(0).source->service, "late");
}

TEST(OtlpDecoderTest, SpansComeInPartsOfTheSizeAskedFor) {
  ExportTraceServiceRequest request;
  for (int i = 0; i < 10; ++i) {
    AddSpan(request).set_span_id("span000" + std::to_string(i));
  }
  const absl::StatusOr<Decoded> decoded =
      Decode(request.SerializeAsString(), OtlpDecoder::Ids::kBytes, 3);
  ASSERT_THAT(decoded->spans, SizeIs(10));
  EXPECT_EQ(decoded->spans[9].span_id[7], '9');
  EXPECT_EQ(decoded->tally.num_taken, 10);
}

TEST(OtlpDecoderTest, WrongIdsAreRejectedAndCounted) {
  ExportTraceServiceRequest request;
  AddSpan(request);
  AddSpan(request).set_trace_id(std::string(15, 'x'));
  AddSpan(request).set_trace_id(std::string(16, '\0'));
  AddSpan(request).set_span_id("");
  AddSpan(request).set_span_id(std::string(8, '\0'));
  AddSpan(request).set_parent_span_id("seven77");
  const Decoded decoded = MustDecode(request);
  EXPECT_THAT(decoded.spans, SizeIs(1));
  EXPECT_EQ(decoded.tally.num_taken, 1);
  EXPECT_EQ(decoded.tally.num_rejected, 5);
  EXPECT_THAT(decoded.tally.first_rejection, HasSubstr("trace_id"));
}

TEST(OtlpDecoderTest, AnEndBeforeTheStartIsADurationOfZero) {
  ExportTraceServiceRequest request;
  AddSpan(request).set_end_time_unix_nano(1);
  const Decoded decoded = MustDecode(request);
  EXPECT_EQ(decoded.spans.at(0).duration_ns, 0);
  EXPECT_EQ(decoded.tally.num_backward, 1);
}

TEST(OtlpDecoderTest, ATimePastTheRangeIsRejected) {
  ExportTraceServiceRequest request;
  AddSpan(request).set_end_time_unix_nano(std::uint64_t{1} << 63);
  EXPECT_EQ(MustDecode(request).tally.num_rejected, 1);
}

TEST(OtlpDecoderTest, OfTenThousandAttributesTheFirstAreKeptAndTheOthersCounted) {
  ExportTraceServiceRequest request;
  otlp::trace::v1::Span& span = AddSpan(request);
  for (int i = 0; i < 10'000; ++i) {
    span.add_attributes()->set_key("k" + std::to_string(i));
  }
  const Decoded decoded = MustDecode(request);
  const store::SpanDetails details = DetailsOf(decoded.spans.at(0));
  EXPECT_EQ(details.attributes.size(), kMaxSpanAttributes);
  EXPECT_EQ(details.num_dropped_attributes, 10'000 - kMaxSpanAttributes);
  EXPECT_EQ(decoded.tally.num_cut, 10'000 - static_cast<std::int64_t>(kMaxSpanAttributes));
}

TEST(OtlpDecoderTest, AMegabyteOfTextIsShortenedBetweenCharacters) {
  ExportTraceServiceRequest request;
  otlp::trace::v1::Span& span = AddSpan(request);
  std::string text = "x";
  while (text.size() < (1 << 20)) {
    text += "é";
  }
  span.add_attributes()->set_key("prompt");
  span.mutable_attributes(0)->mutable_value()->set_string_value(text);
  const Decoded decoded = MustDecode(request);
  const std::string value = DetailsOf(decoded.spans.at(0)).attributes.at(0).value;
  EXPECT_EQ(value, text.substr(0, kMaxAttributeValueBytes - 1));
  EXPECT_EQ(decoded.tally.num_cut, 1);
}

TEST(OtlpDecoderTest, ASpanThatIsAllInAllTooLargeLosesItsTail) {
  ExportTraceServiceRequest request;
  otlp::trace::v1::Span& span = AddSpan(request);
  for (int i = 0; i < 100; ++i) {
    span.add_attributes()->set_key("k");
    span.mutable_attributes(i)->mutable_value()->set_string_value(std::string(60'000, 'x'));
    span.add_events()->set_name("e");
  }
  const Decoded decoded = MustDecode(request);
  EXPECT_LE(decoded.spans.at(0).details.size(), kMaxSpanDetailsBytes + kMaxAttributeValueBytes);
  const store::SpanDetails details = DetailsOf(decoded.spans[0]);
  EXPECT_EQ(details.num_dropped_attributes, 100 - details.attributes.size());
  EXPECT_EQ(details.num_dropped_events, 100U);
}

TEST(OtlpDecoderTest, ValuesDeeperThanTheLimitEndInNulls) {
  otlp::common::v1::AnyValue value;
  value.set_int_value(1);
  for (std::size_t i = 0; i < 2'000; ++i) {
    otlp::common::v1::AnyValue outer;
    *outer.mutable_array_value()->add_values() = value;
    value = outer;
  }
  ExportTraceServiceRequest request;
  otlp::trace::v1::Span& span = AddSpan(request);
  span.add_attributes()->set_key("deep");
  *span.mutable_attributes(0)->mutable_value() = value;
  const Decoded decoded = MustDecode(request);
  const std::string text = DetailsOf(decoded.spans.at(0)).attributes.at(0).value;
  EXPECT_EQ(text,
            std::string(kMaxValueDepth + 1, '[') + "null" + std::string(kMaxValueDepth + 1, ']'));
  EXPECT_EQ(decoded.tally.num_cut, 1);
}

TEST(OtlpDecoderTest, WhatIsNotUtf8IsReplaced) {
  ExportTraceServiceRequest request;
  AddSpan(request).set_name("a\xff\xc3(\xe2\x82");
  EXPECT_EQ(MustDecode(request).spans.at(0).name,
            "a\xEF\xBF\xBD\xEF\xBF\xBD(\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(OtlpDecoderTest, ALinkToNowhereIsLeftOut) {
  ExportTraceServiceRequest request;
  otlp::trace::v1::Span& span = AddSpan(request);
  span.add_links()->set_trace_id("short");
  const Decoded decoded = MustDecode(request);
  EXPECT_THAT(DetailsOf(decoded.spans.at(0)).links, SizeIs(0));
  EXPECT_EQ(decoded.tally.num_cut, 1);
}

TEST(OtlpDecoderTest, EveryTruncationIsMalformedOrAShorterRequest) {
  ExportTraceServiceRequest request;
  AddSpan(request).add_attributes()->set_key("key");
  const std::string bytes = request.SerializeAsString();
  for (std::size_t size = 1; size < bytes.size(); ++size) {
    EXPECT_TRUE(absl::IsInvalidArgument(Decode(bytes.substr(0, size)).status())) << size;
  }
}

TEST(OtlpJsonTest, ReadsTheFormThatExportersWrite) {
  const absl::StatusOr<std::string> binary = OtlpJsonToBinary(R"({"resourceSpans":[{
    "resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]},
    "scopeSpans":[{"scope":{"name":"http"},"spans":[{
      "traceId":"5B8EFFF798038103D269B633813FC60C","spanId":"eee19b7ec3c1b174",
      "parentSpanId":"eee19b7ec3c1b173","name":"search","kind":2,
      "startTimeUnixNano":"1544712660000000000","endTimeUnixNano":1544712661000000000,
      "attributes":[{"key":"n","value":{"intValue":"12"}},{"key":"m","value":{"intValue":13}},
                    {"key":"d","value":{"doubleValue":0.5}}],
      "links":[{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174"}],
      "status":{"code":2,"message":"no"},"unknown":{"deep":[1,2]}}]}]}],"more":1})");
  ASSERT_TRUE(binary.ok()) << binary.status();
  const absl::StatusOr<Decoded> decoded = Decode(*binary, OtlpDecoder::Ids::kHexText);
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  ASSERT_THAT(decoded->spans, SizeIs(1)) << decoded->tally.first_rejection;
  const store::SpanRecord& span = decoded->spans[0];
  EXPECT_EQ(span.trace_id[0], 0x5B);
  EXPECT_EQ(span.trace_id[15], 0x0C);
  EXPECT_EQ(span.span_id[7], 0x74);
  EXPECT_EQ(span.parent_span_id[7], 0x73);
  EXPECT_EQ(span.kind, store::SpanKind::kServer);
  EXPECT_EQ(span.duration_ns, 1'000'000'000);
  EXPECT_EQ(span.status, store::SpanStatus::kError);
  EXPECT_EQ(span.source->service, "shop");
  const store::SpanDetails details = DetailsOf(span);
  EXPECT_EQ(details.Find("n")->value, "12");
  EXPECT_EQ(details.Find("m")->value, "13");
  EXPECT_EQ(details.Find("d")->value, "0.5");
  EXPECT_EQ(details.links.at(0).trace_id, span.trace_id);
}

TEST(OtlpJsonTest, IdsThatAreNotHexAreRejected) {
  // The second and the last are no base64 either, which must not refuse the whole request.
  for (const char* id : {"zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz", "5b8efff798038103d269b633813fc6!!",
                         "5b8efff798038103d269b633813f", "5b8efff798038103d269b633813fc60c00",
                         "00000000000000000000000000000000", "",
                         "5b8efff7-9803-8103-d269-b633813fc60c", "grüße", "3e8db784226b5"}) {
    const absl::StatusOr<std::string> binary =
        OtlpJsonToBinary(std::string(R"({"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":")") +
                         id + R"(","spanId":"eee19b7ec3c1b174"}]}]}]})");
    ASSERT_TRUE(binary.ok()) << binary.status();
    const absl::StatusOr<Decoded> decoded = Decode(*binary, OtlpDecoder::Ids::kHexText);
    EXPECT_EQ(decoded->tally.num_rejected, 1) << id;
  }
}

TEST(OtlpJsonTest, JsonAMillionLevelsDeepIsRefused) {
  std::string json = R"({"resourceSpans":)";
  for (int i = 0; i < 1'000'000; ++i) {
    json += R"([)";
  }
  const absl::StatusOr<std::string> binary = OtlpJsonToBinary(json);
  EXPECT_TRUE(absl::IsInvalidArgument(binary.status()));
  EXPECT_EQ(binary.status().message().find('\n'), std::string::npos);
}

}  // namespace
}  // namespace assay::api
