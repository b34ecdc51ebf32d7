#include "server/trace/analysis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <numeric>
#include <random>
#include <string>
#include <vector>

namespace assay::trace {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

store::SpanRecord Span(std::uint8_t id, std::uint8_t parent, std::int64_t begin, std::int64_t end) {
  store::SpanRecord span;
  span.span_id[7] = id;
  span.parent_span_id[7] = parent;
  span.start_ns = begin;
  span.duration_ns = end - begin;
  span.name = "span " + std::to_string(id);
  return span;
}

std::vector<std::int64_t> SelfTimes(const std::vector<store::SpanRecord>& spans) {
  std::vector<std::int64_t> self;
  for (const SpanTimes& times : MeasureSpans(spans)) {
    self.push_back(times.self_ns);
  }
  return self;
}

std::vector<std::int64_t> CriticalTimes(const std::vector<store::SpanRecord>& spans) {
  std::vector<std::int64_t> critical;
  for (const SpanTimes& times : MeasureSpans(spans)) {
    critical.push_back(times.critical_ns);
  }
  return critical;
}

TEST(MeasureSpansTest, SelfTimeIsWhatNoChildCovers) {
  EXPECT_THAT(
      SelfTimes({Span(1, 0, 0, 100), Span(2, 1, 10, 40), Span(3, 1, 60, 70), Span(4, 2, 20, 30)}),
      ElementsAre(60, 20, 10, 10));
}

TEST(MeasureSpansTest, ChildrenThatOverlapCountOnce) {
  EXPECT_THAT(
      SelfTimes({Span(1, 0, 0, 100), Span(2, 1, 10, 50), Span(3, 1, 20, 30), Span(4, 1, 40, 60)}),
      ElementsAre(50, 40, 10, 20));
}

TEST(MeasureSpansTest, AChildIsCutToItsParent) {
  // The child's clock is ahead, and it goes on after its parent.
  EXPECT_THAT(SelfTimes({Span(1, 0, 100, 200), Span(2, 1, 50, 120), Span(3, 1, 190, 500)}),
              ElementsAre(70, 70, 310));
}

TEST(MeasureSpansTest, TheCriticalPathFollowsTheChildThatEndedLast) {
  EXPECT_THAT(CriticalTimes({Span(1, 0, 0, 100), Span(2, 1, 10, 40), Span(3, 1, 20, 90),
                             Span(4, 3, 30, 80), Span(5, 1, 12, 18)}),
              ElementsAre(20, 10, 20, 50, 0));
}

TEST(MeasureSpansTest, TheCriticalPathOfATreeAddsUpToItsRoot) {
  std::mt19937 random(5);
  for (int round = 0; round < 50; ++round) {
    std::vector<store::SpanRecord> spans = {Span(1, 0, 0, 1'000)};
    for (std::uint8_t id = 2; id < 60; ++id) {
      const auto begin = static_cast<std::int64_t>(random() % 1'100);
      spans.push_back(Span(id, static_cast<std::uint8_t>(1 + random() % (id - 1)), begin,
                           begin + static_cast<std::int64_t>(random() % 300)));
    }
    const std::vector<std::int64_t> critical = CriticalTimes(spans);
    EXPECT_EQ(std::accumulate(critical.begin(), critical.end(), std::int64_t{0}), 1'000);
  }
}

TEST(MeasureSpansTest, CirclesAndMissingParentsEnd) {
  EXPECT_THAT(SelfTimes({Span(1, 2, 0, 10), Span(2, 1, 5, 8), Span(3, 9, 0, 5), Span(4, 4, 1, 2)}),
              ElementsAre(7, 3, 5, 1));
}

TEST(RollUpTest, AddsUpByNameAndServiceLargestSelfTimeFirst) {
  std::vector<store::SpanRecord> spans = {Span(1, 0, 0, 100), Span(2, 1, 0, 30),
                                          Span(3, 1, 30, 90)};
  spans[1].name = "query";
  spans[2].name = "query";
  spans[2].status = store::SpanStatus::kError;
  spans[1].source = spans[2].source = store::MakeSpanSource("db", "");
  const std::vector<SpanGroup> groups = RollUp(spans, MeasureSpans(spans));
  ASSERT_THAT(groups, SizeIs(2));
  EXPECT_EQ(groups[0].name, "query");
  EXPECT_EQ(groups[0].service, "db");
  EXPECT_EQ(groups[0].num_spans, 2);
  EXPECT_EQ(groups[0].num_errors, 1);
  EXPECT_EQ(groups[0].total_ns, 90);
  EXPECT_EQ(groups[0].self_ns, 90);
  EXPECT_EQ(groups[0].longest_ns, 60);
  EXPECT_EQ(groups[1].self_ns, 10);
}

}  // namespace
}  // namespace assay::trace
