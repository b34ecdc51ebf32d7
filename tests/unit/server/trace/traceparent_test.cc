#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "server/trace/tracer.h"

namespace assay::trace {
namespace {

using ::testing::Eq;

constexpr std::string_view kTraceId = "4bf92f3577b34da6a3ce929d0e0e4736";
constexpr std::string_view kSpanId = "00f067aa0ba902b7";

std::string Header(std::string_view version, std::string_view trace_id, std::string_view span_id,
                   std::string_view flags) {
  std::string header(version);
  for (const std::string_view part : {trace_id, span_id, flags}) {
    header += "-";
    header += part;
  }
  return header;
}

TEST(ParseTraceparentTest, ReadsTheExampleOfTheSpecification) {
  const std::optional<SpanContext> context =
      ParseTraceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
  ASSERT_TRUE(context.has_value());
  EXPECT_EQ(context->TraceIdHex(), kTraceId);
  EXPECT_EQ(context->SpanIdHex(), kSpanId);
}

TEST(ParseTraceparentTest, AcceptsAnyFlags) {
  EXPECT_TRUE(ParseTraceparent(Header("00", kTraceId, kSpanId, "00")).has_value());
  EXPECT_TRUE(ParseTraceparent(Header("00", kTraceId, kSpanId, "ff")).has_value());
}

TEST(ParseTraceparentTest, AcceptsAFutureVersionOfTheSameForm) {
  EXPECT_TRUE(ParseTraceparent(Header("cc", kTraceId, kSpanId, "01")).has_value());
}

class MalformedTraceparentTest : public testing::TestWithParam<std::string> {};

TEST_P(MalformedTraceparentTest, IsNoContext) {
  EXPECT_THAT(ParseTraceparent(GetParam()).has_value(), Eq(false)) << GetParam();
}

INSTANTIATE_TEST_SUITE_P(
    Headers, MalformedTraceparentTest,
    testing::Values("", "00", std::string(55, '0'), std::string(55, '-'),
                    Header("ff", kTraceId, kSpanId, "01"), Header("0x", kTraceId, kSpanId, "01"),
                    Header("0", kTraceId, kSpanId, "001"),
                    Header("00", "00000000000000000000000000000000", kSpanId, "01"),
                    Header("00", kTraceId, "0000000000000000", "01"),
                    Header("00", "4BF92F3577B34DA6A3CE929D0E0E4736", kSpanId, "01"),
                    Header("00", kTraceId, "00F067AA0BA902B7", "01"),
                    Header("00", kTraceId, kSpanId, "0A"), Header("00", kTraceId, kSpanId, "0g"),
                    Header("00", "4bf92f3577b34da6a3ce929d0e0e473g", kSpanId, "01"),
                    Header("00", "4bf92f3577b34da6a3ce929d0e0e473", kSpanId, "011"),
                    Header("00", kTraceId, "00f067aa0ba902b", "010"),
                    Header("00", kTraceId, kSpanId, "01-what-the-future"),
                    Header("00", kTraceId, kSpanId, "01 "),
                    " " + Header("00", kTraceId, kSpanId, "01"),
                    "00_" + std::string(kTraceId) + "_" + std::string(kSpanId) + "_01"));

TEST(ContextFromHexTest, ReadsStoredIds) {
  const std::optional<SpanContext> context = ContextFromHex(kTraceId, kSpanId);
  ASSERT_TRUE(context.has_value());
  EXPECT_TRUE(context->IsValid());
  EXPECT_EQ(context->SpanIdHex(), kSpanId);
}

TEST(ContextFromHexTest, RefusesIdsOfAnotherLength) {
  EXPECT_FALSE(ContextFromHex(kSpanId, kTraceId).has_value());
  EXPECT_FALSE(ContextFromHex("", "").has_value());
}

TEST(SpanContextTest, IsInvalidWhenEitherIdIsZero) {
  SpanContext context;
  EXPECT_FALSE(context.IsValid());
  context.trace_id[3] = 1;
  EXPECT_FALSE(context.IsValid());
  context.span_id[7] = 1;
  EXPECT_TRUE(context.IsValid());
}

}  // namespace
}  // namespace assay::trace
