#include "server/store/span_details.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

namespace assay::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::string Everything() {
  SpanDetailsWriter writer;
  writer.AddText("", "empty key");
  writer.AddText("text", std::string("4\0006", 3));
  writer.AddInt64("rows", std::numeric_limits<std::int64_t>::min());
  writer.AddDouble("share", 0.1);
  writer.AddBool("is_cold", true);
  writer.AddAttribute("bytes", ValueType::kBytes, "\xff\xfe");
  writer.BeginEvent(17, "retry", 2);
  writer.AddInt64("attempt", 3);
  TraceId trace_id{};
  trace_id[0] = 0xAB;
  SpanId span_id{};
  span_id[7] = 9;
  writer.BeginLink(trace_id, span_id, "a=b", 1);
  writer.AddText("why", "batch");
  writer.SetTraceState("vendor=1");
  writer.SetDropped(1, 200, 70'000);
  return writer.Take();
}

TEST(SpanDetailsTest, ReadBackAsTheyWere) {
  const std::optional<SpanDetails> details = DecodeSpanDetails(Everything());
  ASSERT_TRUE(details.has_value());
  EXPECT_THAT(details->attributes,
              ElementsAre(SpanAttribute{"", ValueType::kText, "empty key"},
                          SpanAttribute{"text", ValueType::kText, std::string("4\0006", 3)},
                          SpanAttribute{"rows", ValueType::kInt64, "-9223372036854775808"},
                          SpanAttribute{"share", ValueType::kDouble, "0.1"},
                          SpanAttribute{"is_cold", ValueType::kBool, "true"},
                          SpanAttribute{"bytes", ValueType::kBytes, "\xff\xfe"}));
  ASSERT_EQ(details->events.size(), 1U);
  EXPECT_EQ(details->events[0], (SpanEvent{17, "retry", {{"attempt", ValueType::kInt64, "3"}}, 2}));
  ASSERT_EQ(details->links.size(), 1U);
  EXPECT_EQ(details->links[0].trace_id[0], 0xAB);
  EXPECT_EQ(details->links[0].span_id[7], 9);
  EXPECT_EQ(details->links[0].trace_state, "a=b");
  EXPECT_THAT(details->links[0].attributes,
              ElementsAre(SpanAttribute{"why", ValueType::kText, "batch"}));
  EXPECT_EQ(details->trace_state, "vendor=1");
  EXPECT_EQ(details->num_dropped_attributes, 1U);
  EXPECT_EQ(details->num_dropped_events, 200U);
  EXPECT_EQ(details->num_dropped_links, 70'000U);
}

TEST(SpanDetailsTest, NothingIsNoBytes) {
  EXPECT_THAT(SpanDetailsWriter().Take(), IsEmpty());
  EXPECT_EQ(DecodeSpanDetails(""), SpanDetails());
}

TEST(SpanDetailsTest, ATruncationReadsAtMostAsThePartThatIsThere) {
  const std::string bytes = Everything();
  const SpanDetails all = *DecodeSpanDetails(bytes);
  for (std::size_t size = 1; size < bytes.size(); ++size) {
    const std::optional<SpanDetails> part = DecodeSpanDetails(bytes.substr(0, size));
    if (part.has_value()) {
      EXPECT_LE(part->attributes.size(), all.attributes.size()) << size;
      EXPECT_NE(*part, all) << size;
    }
  }
}

TEST(SpanDetailsTest, ALengthBeyondTheEndIsRefused) {
  SpanDetailsWriter writer;
  writer.AddText("key", "value");
  std::string bytes = writer.Take();
  bytes[2] = '\x7f';
  EXPECT_FALSE(DecodeSpanDetails(bytes).has_value());
}

TEST(SpanDetailsTest, PairsOfTheFirstFormatAreRead) {
  using namespace std::string_literals;
  const std::optional<SpanDetails> details =
      DecodeSpanDetails("\0\4\0\0\0rows\2\0\0\00042\1\0\0\0k\0\0\0\0"s);
  ASSERT_TRUE(details.has_value());
  EXPECT_THAT(details->attributes, ElementsAre(SpanAttribute{"rows", ValueType::kText, "42"},
                                               SpanAttribute{"k", ValueType::kText, ""}));
}

TEST(DoubleTextTest, NamesWhatIsNoNumber) {
  EXPECT_EQ(DoubleText(std::nan("")), "nan");
  EXPECT_EQ(DoubleText(-std::numeric_limits<double>::infinity()), "-inf");
}

}  // namespace
}  // namespace assay::store
