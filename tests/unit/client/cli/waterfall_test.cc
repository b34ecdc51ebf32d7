#include "client/cli/waterfall.h"

#include <gtest/gtest.h>

#include "assay/v1/trace_service.pb.h"

namespace assay::cli {
namespace {

v1::Span& AddSpan(v1::Trace& trace, const std::string& id, const std::string& parent,
                  const std::string& name, std::int64_t start_us, std::int64_t duration_us) {
  v1::Span& span = *trace.add_spans();
  span.set_span_id(id);
  span.set_parent_span_id(parent);
  span.set_name(name);
  span.set_start_time_ns(1'000'000'000 + start_us * 1'000);
  span.set_duration_ns(duration_us * 1'000);
  return span;
}

v1::Trace RunTrace() {
  v1::Trace trace;
  trace.set_name("projects/default/traces/4be1");
  trace.set_root_name("CreateRun");
  trace.set_duration_ns(10'000'000);
  trace.set_num_spans(3);
  trace.set_resource("projects/default/runs/12");
  trace.mutable_start_time()->set_seconds(1);
  AddSpan(trace, "a", "", "CreateRun", 0, 5'000);
  AddSpan(trace, "b", "a", "run", 5'000, 5'000);
  AddSpan(trace, "c", "b", "run.load", 7'500, 2'500);
  return trace;
}

TEST(WaterfallTextTest, DrawsSpansBelowTheirParentsWhereTheyLieInTime) {
  EXPECT_EQ(WaterfallText(RunTrace(), 50, Palette(false), true),
            "4be1  CreateRun  10.0 ms  3 spans\n"
            "1970-01-01 00:00:01 UTC  projects/default/runs/12\n"
            "\n"
            "CreateRun         5.0 ms  ━━━━━━━━━━━━\n"
            "  run             5.0 ms              ━━━━━━━━━━━━\n"
            "    run.load      2.5 ms                    ━━━━━━\n");
}

TEST(WaterfallTextTest, FallsBackToAscii) {
  EXPECT_NE(WaterfallText(RunTrace(), 50, Palette(false), false).find("  ============\n"),
            std::string::npos);
}

TEST(WaterfallTextTest, ExplainsAnError) {
  v1::Trace trace = RunTrace();
  trace.mutable_spans(2)->set_status(v1::Span::ERROR);
  trace.mutable_spans(2)->set_status_message("chunk 3 fails its checksum");
  trace.set_num_errors(1);
  const std::string text = WaterfallText(trace, 50, Palette(false), true);
  EXPECT_NE(text.find("3 spans  1 error\n"), std::string::npos);
  EXPECT_NE(text.find("    ✗ run.load"), std::string::npos);
  EXPECT_NE(text.find("      chunk 3 fails its checksum\n"), std::string::npos);
}

TEST(WaterfallTextTest, KeepsASpanWhoseParentIsMissing) {
  v1::Trace trace;
  trace.set_duration_ns(1'000);
  AddSpan(trace, "b", "gone", "orphan", 0, 1);
  EXPECT_NE(WaterfallText(trace, 80, Palette(false), true).find("orphan"), std::string::npos);
}

TEST(WaterfallTextTest, DrawsSpansThatAreEachOthersParentOnce) {
  v1::Trace trace;
  trace.set_duration_ns(1'000);
  AddSpan(trace, "a", "b", "first", 0, 1);
  AddSpan(trace, "b", "a", "second", 0, 1);
  const std::string text = WaterfallText(trace, 80, Palette(false), true);
  EXPECT_NE(text.find("\nfirst"), std::string::npos);
  EXPECT_NE(text.find("\n  second"), std::string::npos);
}

TEST(SpansTableTest, CountsTimeFromTheStartOfTheTrace) {
  EXPECT_NE(
      SpansTable(RunTrace()).Csv().find("c,b,2,run.load,7500.000,2500.000,0.000,0.000,,,,\r\n"),
      std::string::npos);
}

TEST(WaterfallTextTest, SaysWhatOfTheTreeCannotBe) {
  v1::Trace trace = RunTrace();
  EXPECT_EQ(WaterfallText(trace, 80, Palette(false), true).find("of the spans"), std::string::npos);
  AddSpan(trace, "d", "gone", "orphan", 1, 1);
  AddSpan(trace, "e", "f", "circle", 2, 1);
  AddSpan(trace, "f", "e", "circle", 3, 1);
  AddSpan(trace, "g", "b", "early", 4, 1);
  const std::string text = WaterfallText(trace, 80, Palette(false), true);
  EXPECT_NE(text.find("1 of the spans name a parent that is not here\n"), std::string::npos)
      << text;
  EXPECT_NE(text.find("1 circles of parents are cut at their earliest span\n"), std::string::npos);
  EXPECT_NE(text.find("2 of the spans began before their parent: clocks differ\n"),
            std::string::npos);
}

TEST(WaterfallTextTest, ATraceWithoutATimeSaysSo) {
  v1::Trace trace = RunTrace();
  trace.clear_start_time();
  EXPECT_NE(WaterfallText(trace, 80, Palette(false), true).find("\nat no known time"),
            std::string::npos);
}

}  // namespace
}  // namespace assay::cli
