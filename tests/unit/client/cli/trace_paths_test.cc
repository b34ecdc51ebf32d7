#include "client/cli/trace_paths.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "assay/v1/trace_service.pb.h"
#include "client/cli/time_span.h"

namespace assay::cli {
namespace {

using testing::ElementsAre;

void AddSpan(v1::Trace& trace, const std::string& id, const std::string& parent,
             const std::string& name, std::int64_t duration_ns) {
  v1::Span& span = *trace.add_spans();
  span.set_span_id(id);
  span.set_parent_span_id(parent);
  span.set_name(name);
  span.set_duration_ns(duration_ns);
}

std::vector<std::string> Lines(const v1::Trace& before, const v1::Trace& after) {
  std::vector<std::string> lines;
  for (const PathDifference& path : CompareTraces(before, after)) {
    lines.push_back(std::string(path.depth, '.') + path.name + " " +
                    std::to_string(path.num_before) + ":" + std::to_string(path.before_ns) + " " +
                    std::to_string(path.num_after) + ":" + std::to_string(path.after_ns));
  }
  return lines;
}

TEST(CompareTracesTest, AlignsByThePathOfNames) {
  v1::Trace before;
  AddSpan(before, "1", "", "request", 100);
  AddSpan(before, "2", "1", "query", 20);
  AddSpan(before, "3", "2", "disk", 5);
  AddSpan(before, "4", "1", "query", 30);
  AddSpan(before, "5", "1", "old", 7);
  v1::Trace after;
  AddSpan(after, "a", "", "request", 150);
  AddSpan(after, "b", "a", "cache", 1);
  AddSpan(after, "c", "a", "query", 60);
  AddSpan(after, "d", "c", "network", 40);
  EXPECT_THAT(Lines(before, after),
              ElementsAre("request 1:100 1:150", ".query 2:50 1:60", "..disk 1:5 0:0",
                          "..network 0:0 1:40", ".old 1:7 0:0", ".cache 0:0 1:1"));
}

TEST(CompareTracesTest, SaysWhatIsNewAndWhatIsGone) {
  v1::Trace before;
  AddSpan(before, "1", "", "old", 1'000'000);
  v1::Trace after;
  AddSpan(after, "1", "", "new", 2'000'000);
  const std::string text = PathsTable(CompareTraces(before, after), true).Text(100, Palette(false));
  EXPECT_NE(text.find("gone"), std::string::npos) << text;
  EXPECT_NE(text.find("2.0 ms"), std::string::npos) << text;
}

TEST(ParseTimeSpanTest, ReadsEveryUnit) {
  EXPECT_EQ(*ParseTimeSpan("--since", "20us"), 20'000);
  EXPECT_EQ(*ParseTimeSpan("--since", "1.5s"), 1'500'000'000);
  EXPECT_EQ(*ParseTimeSpan("--since", "250ms"), 250'000'000);
  EXPECT_EQ(*ParseTimeSpan("--since", "2h"), 7'200'000'000'000);
}

TEST(ParseTimeSpanTest, NamesTheFlagOfAWrongOne) {
  for (const char* text : {"", "5", "s", "-1s", "1 parsec", "1e30d"}) {
    const absl::StatusOr<std::int64_t> parsed = ParseTimeSpan("--since", text);
    EXPECT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(parsed.status().message().find("--since"), 0U);
  }
}

}  // namespace
}  // namespace assay::cli
