#include "server/api/trace_convert.h"

#include <gtest/gtest.h>

#include "assay/v1/trace_service.pb.h"
#include "server/store/span_details.h"

namespace assay::api {
namespace {

TEST(TraceConvertTest, WritesIdsOfSpansAsHex) {
  store::SpanRecord span;
  span.span_id = {0x01, 0xab, 0, 0, 0, 0, 0, 0xff};
  span.status = store::SpanStatus::kError;
  v1::Span message;
  ASSERT_TRUE(ToProto(span, message).ok());
  EXPECT_EQ(message.span_id(), "01ab0000000000ff");
  EXPECT_EQ(message.parent_span_id(), "");
  EXPECT_EQ(message.status(), v1::Span::ERROR);
}

TEST(TraceConvertTest, NamesTheRunOfATrace) {
  store::TraceRecord trace;
  trace.resource = "runs/12";
  trace.start_ns = 1'000'000'007;
  v1::Trace message;
  ToProto("default", trace, message);
  EXPECT_EQ(message.resource(), "projects/default/runs/12");
  EXPECT_EQ(message.name(), "projects/default/traces/" + std::string(32, '0'));
  EXPECT_EQ(message.start_time().seconds(), 1);
  EXPECT_EQ(message.start_time().nanos(), 7);
}

TEST(TraceConvertTest, DamagedDetailsAreDataLoss) {
  store::SpanRecord span;
  span.details = "\x01\x01\x7f";
  v1::Span message;
  EXPECT_TRUE(absl::IsDataLoss(ToProto(span, message)));
}

}  // namespace
}  // namespace assay::api
