#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/store/span_details.h"
#include "tests/integration/store/store_fixture.h"

namespace assay::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class TraceStoreTest : public StoreTest {
 protected:
  TraceStore& traces() { return store().traces(); }
  void Append(const std::vector<SpanRecord>& spans) {
    const absl::Status status = traces().Append(kDefaultProject, spans);
    ASSERT_TRUE(status.ok()) << status;
  }
  std::vector<TraceRecord> List(std::string_view resource = "", PageRequest page = {}) {
    TraceQuery query;
    query.resource = resource;
    query.after.id = page.before;
    query.size = page.size;
    return Find(query).traces;
  }
  TracePage Find(const TraceQuery& query) {
    const absl::StatusOr<TracePage> page = traces().FindTraces(kDefaultProject, query);
    EXPECT_TRUE(page.ok()) << page.status();
    return page.value_or(TracePage());
  }
};

// `parent` 0: a root.
SpanRecord Span(std::uint8_t trace, std::uint8_t id, std::uint8_t parent, std::int64_t start_ns,
                std::int64_t duration_ns) {
  SpanRecord span;
  span.trace_id.fill(trace);
  span.span_id[7] = id;
  span.parent_span_id[7] = parent;
  span.name = "span " + std::to_string(id);
  span.start_ns = start_ns;
  span.duration_ns = duration_ns;
  return span;
}

TEST_F(TraceStoreTest, SpansAreReadBackByStart) {
  SpanRecord child = Span(1, 2, 1, 20, 5);
  child.status = SpanStatus::kError;
  child.status_message = "no such run";
  child.kind = SpanKind::kServer;
  SpanDetailsWriter details;
  details.AddText("rpc.method", "GetRun");
  child.details = details.Take();
  child.source = MakeSpanSource("search", "");
  child.resource = "runs/12";
  Append({child, Span(1, 1, 0, 10, 30)});
  const auto spans = traces().ListSpans(kDefaultProject, List().at(0).id, {});
  ASSERT_THAT(*spans, SizeIs(2));
  EXPECT_EQ((*spans)[0].name, "span 1");
  const SpanRecord& read = (*spans)[1];
  EXPECT_EQ(read.trace_id, child.trace_id);
  EXPECT_EQ(read.span_id, child.span_id);
  EXPECT_EQ(read.parent_span_id, child.parent_span_id);
  EXPECT_EQ(read.start_ns, 20);
  EXPECT_EQ(read.duration_ns, 5);
  EXPECT_EQ(read.status, SpanStatus::kError);
  EXPECT_EQ(read.status_message, "no such run");
  EXPECT_EQ(read.kind, SpanKind::kServer);
  EXPECT_EQ(read.details, child.details);
  ASSERT_NE(read.source, nullptr);
  EXPECT_EQ(read.source->service, "search");
  EXPECT_EQ((*spans)[0].source, nullptr);
  EXPECT_EQ(read.resource, "runs/12");
  EXPECT_EQ((*spans)[0].resource, "");
}

TEST_F(TraceStoreTest, ATraceCoversItsSpans) {
  SpanRecord failed = Span(1, 3, 1, 15, 100);
  failed.status = SpanStatus::kError;
  Append({Span(1, 2, 1, 5, 1)});
  Append({Span(1, 1, 0, 10, 30), failed});
  const TraceRecord trace = List().at(0);
  EXPECT_EQ(trace.root_name, "span 1");
  EXPECT_EQ(trace.start_ns, 5);
  EXPECT_EQ(trace.duration_ns, 110);
  EXPECT_EQ(trace.num_spans, 3);
  EXPECT_EQ(trace.num_errors, 1);
}

TEST_F(TraceStoreTest, WithoutItsRootATraceHasItsFirstSpansName) {
  Append({Span(1, 2, 1, 5, 1), Span(1, 3, 1, 6, 1)});
  EXPECT_EQ(List().at(0).root_name, "span 2");
}

TEST_F(TraceStoreTest, ASpanThatIsThereIsLeftAsItIs) {
  Append({Span(1, 1, 0, 10, 30)});
  SpanRecord again = Span(1, 1, 0, 999, 999);
  again.status = SpanStatus::kError;
  Append({again});
  const TraceRecord trace = List().at(0);
  EXPECT_EQ(trace.num_spans, 1);
  EXPECT_EQ(trace.num_errors, 0);
  EXPECT_EQ(trace.start_ns, 10);
  EXPECT_EQ(traces().ListSpans(kDefaultProject, trace.id, {})->at(0).duration_ns, 30);
}

TEST_F(TraceStoreTest, TracesAreListedNewestFirstInPages) {
  Append({Span(1, 1, 0, 10, 1), Span(2, 1, 0, 10, 1), Span(3, 1, 0, 10, 1)});
  const std::vector<TraceRecord> first = List("", {.size = 2});
  ASSERT_THAT(first, SizeIs(2));
  EXPECT_EQ(first[0].trace_id[0], 3);
  EXPECT_EQ(first[1].trace_id[0], 2);
  EXPECT_EQ(List("", {.before = first[1].id}).at(0).trace_id[0], 1);
}

TEST_F(TraceStoreTest, TracesAreListedByResource) {
  SpanRecord run = Span(1, 1, 0, 10, 1);
  run.resource = "runs/1";
  SpanRecord comparison = Span(1, 2, 1, 11, 1);
  comparison.resource = "comparisons/2";
  SpanRecord other = Span(2, 1, 0, 10, 1);
  other.resource = "runs/11";
  Append({run, comparison, other});
  ASSERT_THAT(List("runs/1"), SizeIs(1));
  EXPECT_EQ(List("runs/1")[0].trace_id[0], 1);
  EXPECT_EQ(List("comparisons/2").at(0).trace_id[0], 1);
  EXPECT_TRUE(List("runs/3").empty());
}

TEST_F(TraceStoreTest, ATraceIsFoundByAPrefixOfItsId) {
  Append({Span(0xAB, 1, 0, 10, 1), Span(0xAC, 1, 0, 10, 1)});
  EXPECT_EQ(traces().FindTrace(kDefaultProject, "abab")->trace_id[0], 0xAB);
  EXPECT_EQ(traces().FindTrace(kDefaultProject, "ACACA")->trace_id[0], 0xAC);
  EXPECT_TRUE(absl::IsNotFound(traces().FindTrace(kDefaultProject, "abcd").status()));
}

TEST_F(TraceStoreTest, APrefixOfSeveralTracesIsRefused) {
  SpanRecord a = Span(0xAB, 1, 0, 10, 1);
  SpanRecord b = a;
  b.trace_id[15] = 0;
  Append({a, b});
  EXPECT_TRUE(absl::IsInvalidArgument(traces().FindTrace(kDefaultProject, "abab").status()));
}

TEST_F(TraceStoreTest, WhatIsNoPrefixIsRefused) {
  for (const char* text : {"", "abc", "wxyz", "ab ab"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(traces().FindTrace(kDefaultProject, text).status()))
        << text;
  }
  EXPECT_TRUE(
      absl::IsInvalidArgument(traces().FindTrace(kDefaultProject, std::string(33, 'a')).status()));
}

TEST_F(TraceStoreTest, OtherProjectsSeeNothing) {
  Append({Span(1, 1, 0, 10, 1)});
  const Id id = List().at(0).id;
  EXPECT_TRUE(traces().FindTraces(kDefaultProject + 1, {})->traces.empty());
  EXPECT_TRUE(traces().ListSpans(kDefaultProject + 1, id, {})->empty());
  EXPECT_TRUE(absl::IsNotFound(traces().FindTrace(kDefaultProject + 1, "0101").status()));
}

TEST_F(TraceStoreTest, ASpanTwiceInOneBatchIsOne) {
  SpanRecord again = Span(1, 1, 0, 999, 999);
  again.status = SpanStatus::kError;
  Append({Span(1, 1, 0, 10, 30), Span(1, 2, 1, 11, 1), again});
  const TraceRecord trace = List().at(0);
  EXPECT_EQ(trace.num_spans, 2);
  EXPECT_EQ(trace.num_errors, 0);
  EXPECT_EQ(trace.duration_ns, 30);
}

TEST_F(TraceStoreTest, TheRootNamesATraceWheneverItComes) {
  SpanRecord child = Span(1, 2, 1, 5, 1);
  child.source = MakeSpanSource("worker", "");
  SpanRecord root = Span(1, 1, 0, 4, 3);
  root.source = MakeSpanSource("door", "");
  Append({child});
  EXPECT_EQ(List().at(0).root_service, "worker");
  Append({root});
  EXPECT_EQ(List().at(0).root_name, "span 1");
  EXPECT_EQ(List().at(0).root_service, "door");
  Append({Span(1, 3, 0, 1, 1)});  // a second root
  EXPECT_EQ(List().at(0).root_name, "span 1");
}

TEST_F(TraceStoreTest, WithoutItsRootTheEarliestSpanNamesATraceWheneverItComes) {
  Append({Span(1, 2, 1, 5, 1)});
  Append({Span(1, 3, 9, 4, 10)});
  Append({Span(1, 4, 3, 6, 1)});
  EXPECT_EQ(List().at(0).root_name, "span 3");
}

TEST_F(TraceStoreTest, AfterARestartATraceGoesOn) {
  Append({Span(1, 1, 0, 10, 30)});
  Reopen();
  Append({Span(1, 2, 1, 20, 100), Span(1, 1, 0, 10, 30)});
  ASSERT_THAT(List(), SizeIs(1));
  EXPECT_EQ(List()[0].num_spans, 2);
  EXPECT_EQ(List()[0].duration_ns, 110);
  Append({Span(2, 1, 0, 10, 30)});
  EXPECT_GT(List()[0].id, List()[1].id);
}

TEST_F(TraceStoreTest, SpansSurviveARestart) {
  Append({Span(1, 1, 0, 10, 1)});
  Reopen();
  EXPECT_THAT(List(), SizeIs(1));
}

class FindTracesTest : public TraceStoreTest {
 protected:
  // Ten traces; trace i takes 10 * i ns, begins at 100 * i and is of service "s<i % 2>". Trace 7
  // has a failed span of service "db" with attributes.
  FindTracesTest() {
    std::vector<SpanRecord> spans;
    for (std::uint8_t i = 1; i <= 10; ++i) {
      spans.push_back(Span(i, 1, 0, 100 * i, 10 * i));
      spans.back().name = "request";
      spans.back().source = MakeSpanSource("s" + std::to_string(i % 2), "");
    }
    SpanRecord query = Span(7, 2, 1, 700, 5);
    query.name = "query";
    query.status = SpanStatus::kError;
    SpanDetailsWriter source;
    source.AddText("zone", "z1");
    query.source = MakeSpanSource("db", source.Take());
    SpanDetailsWriter details;
    details.AddInt64("rows", 12);
    query.details = details.Take();
    spans.push_back(query);
    SpanRecord other = Span(8, 2, 1, 800, 5);
    other.name = "query";
    spans.push_back(other);
    Append(spans);
  }

  std::vector<int> Ids(const TraceQuery& query) {
    std::vector<int> ids;
    for (const TraceRecord& trace : Find(query).traces) {
      ids.push_back(trace.trace_id[0]);
    }
    return ids;
  }
};

TEST_F(FindTracesTest, ByServiceAndNameOfOneSpan) {
  TraceQuery query;
  query.service = "s0";
  EXPECT_THAT(Ids(query), ElementsAre(10, 8, 6, 4, 2));
  query.name = "query";
  EXPECT_THAT(Ids(query), IsEmpty());  // trace 8 has both, but not in one span
  query.service = "db";
  EXPECT_THAT(Ids(query), ElementsAre(7));
  query.service = "nobody";
  EXPECT_THAT(Ids(query), IsEmpty());
}

TEST_F(FindTracesTest, ByErrorAndAttributes) {
  TraceQuery query;
  query.has_error = true;
  EXPECT_THAT(Ids(query), ElementsAre(7));
  query = {};
  query.attributes = {{"rows", "12"}, {"zone", "z1"}};
  EXPECT_THAT(Ids(query), ElementsAre(7));
  query.attributes = {{"rows", "13"}};
  EXPECT_THAT(Ids(query), IsEmpty());
}

TEST_F(FindTracesTest, ByDurationAndStart) {
  TraceQuery query;
  query.min_duration_ns = 30;
  query.max_duration_ns = 60;
  EXPECT_THAT(Ids(query), ElementsAre(6, 5, 4, 3));
  query.start_from_ns = 400;
  query.start_before_ns = 600;
  EXPECT_THAT(Ids(query), ElementsAre(5, 4));
}

TEST_F(FindTracesTest, SlowestFirstInPages) {
  TraceQuery query;
  query.is_slowest_first = true;
  query.size = 4;
  std::vector<int> seen;
  for (int page = 0; page < 3; ++page) {
    const TracePage found = Find(query);
    for (const TraceRecord& trace : found.traces) {
      seen.push_back(trace.trace_id[0]);
    }
    if (found.next.has_value()) {
      query.after = *found.next;
    }
  }
  EXPECT_THAT(seen, ElementsAre(10, 9, 8, 7, 6, 5, 4, 3, 2, 1));
}

TEST_F(FindTracesTest, EqualDurationsDoNotLoseATraceBetweenPages) {
  for (std::uint8_t i = 21; i < 26; ++i) {
    Append({Span(i, 1, 0, 1, 50)});
  }
  TraceQuery query;
  query.is_slowest_first = true;
  query.size = 1;
  std::vector<int> seen;
  for (std::optional<TraceQuery::Position> next = TraceQuery::Position(); next.has_value();) {
    query.after = *next;
    const TracePage found = Find(query);
    for (const TraceRecord& trace : found.traces) {
      seen.push_back(trace.trace_id[0]);
    }
    next = found.next;
  }
  EXPECT_THAT(seen, ElementsAre(10, 9, 8, 7, 6, 25, 24, 23, 22, 21, 5, 4, 3, 2, 1));
}

TEST_F(FindTracesTest, SlowestOfARun) {
  for (std::uint8_t i = 31; i < 34; ++i) {
    SpanRecord span = Span(i, 1, 0, 1, 40 - i);
    span.resource = "runs/5";
    Append({span});
  }
  TraceQuery query;
  query.resource = "runs/5";
  query.is_slowest_first = true;
  EXPECT_THAT(Ids(query), ElementsAre(31, 32, 33));
  query.resource = "runs/6";
  EXPECT_THAT(Ids(query), IsEmpty());
}

TEST_F(TraceStoreTest, AWindowHasTheSpansThatTouchIt) {
  Append(
      {Span(1, 1, 0, 0, 100), Span(1, 2, 1, 10, 10), Span(1, 3, 1, 50, 10), Span(1, 4, 1, 90, 10)});
  const Id id = List().at(0).id;
  const auto ids = [&](const SpanWindow& window) {
    std::vector<int> found;
    const auto spans = traces().ListSpans(kDefaultProject, id, window);
    EXPECT_TRUE(spans.ok()) << spans.status();
    for (const SpanRecord& span : *spans) {
      found.push_back(span.span_id[7]);
    }
    return found;
  };
  EXPECT_THAT(ids({.from_ns = 20, .to_ns = 50}), ElementsAre(1, 2, 3));
  EXPECT_THAT(ids({.max_spans = 2}), ElementsAre(1, 2));
}

TEST_F(TraceStoreTest, HistogramsCountEverySpanOnceByMinuteAndByHour) {
  constexpr std::int64_t kMinute = 60'000'000'000;
  std::vector<SpanRecord> spans;
  for (std::uint8_t i = 1; i <= 100; ++i) {
    spans.push_back(Span(1, i, 0, (i % 3) * kMinute + i, i));
    spans.back().name = i <= 90 ? "fast" : "slow";
    spans.back().status = i == 95 ? SpanStatus::kError : SpanStatus::kUnset;
  }
  Append({spans.begin(), spans.begin() + 60});
  Append({spans.begin() + 40, spans.end()});  // twenty of them again
  LatencyQuery query{.from_minute = 0, .before_minute = 3};
  const std::vector<LatencyStep> steps = *traces().ReadLatency(kDefaultProject, query);
  ASSERT_THAT(steps, SizeIs(6));
  EXPECT_EQ(steps[0].name, "fast");
  EXPECT_EQ(steps[0].durations.count(), 30);
  EXPECT_EQ(steps[5].minute, 2);
  query.before_minute = 60;
  query.step_minutes = 60;
  const std::vector<LatencyStep> hours = *traces().ReadLatency(kDefaultProject, query);
  ASSERT_THAT(hours, SizeIs(2));
  EXPECT_EQ(hours[0].durations.count(), 90);
  EXPECT_EQ(hours[0].durations.Quantile(0.5), 45);
  EXPECT_EQ(hours[1].durations.count(), 10);
  EXPECT_EQ(hours[1].num_errors, 1);
  query.step_minutes = 30;  // from minutes, and the same
  EXPECT_EQ((*traces().ReadLatency(kDefaultProject, query))[0].durations, hours[0].durations);
  query.name = "slow";
  EXPECT_THAT(*traces().ReadLatency(kDefaultProject, query), SizeIs(1));
  query.name = "unknown";
  EXPECT_THAT(*traces().ReadLatency(kDefaultProject, query), IsEmpty());
}

TEST_F(TraceStoreTest, TheOldestTracesAreRemovedInSteps) {
  for (std::uint8_t i = 1; i <= 5; ++i) {
    std::vector<SpanRecord> spans;
    for (std::uint8_t s = 1; s <= 10; ++s) {
      spans.push_back(Span(i, s, s == 1 ? 0 : 1, 10 * s, 1));
      spans.back().resource = "runs/9";
    }
    Append(spans);
    clock_.Advance(std::chrono::seconds(1));
  }
  const std::int64_t third_us = clock_.NowUs() - 3'000'000;
  RemovedTraces removed = *traces().RemoveOldest(third_us, 15);
  EXPECT_EQ(removed.num_traces, 1);
  EXPECT_EQ(removed.num_spans, 15);
  EXPECT_THAT(List(), SizeIs(4));
  EXPECT_EQ(List().back().num_spans, 5);
  removed = *traces().RemoveOldest(third_us, 1'000);
  EXPECT_EQ(removed.num_spans, 5);  // The third is young enough.
  EXPECT_THAT(List("runs/9"), SizeIs(3));
  removed = *traces().RemoveOldest(TraceQuery::kNever, 1'000);
  EXPECT_EQ(removed.num_traces, 3);
  EXPECT_THAT(List("runs/9"), IsEmpty());
  // A trace that was removed may come again.
  Append({Span(1, 1, 0, 10, 1)});
  EXPECT_EQ(List().at(0).num_spans, 1);
}

TEST_F(TraceStoreTest, PagesOfRemovedTracesGoBackToTheDisk) {
  for (std::uint8_t i = 1; i <= 50; ++i) {
    SpanRecord span = Span(i, 1, 0, 10, 1);
    span.details = std::string(50'000, 'x');
    Append({span});
  }
  const TraceFileSize before = *traces().FileSize();
  ASSERT_TRUE(traces().RemoveOldest(TraceQuery::kNever, 1'000).ok());
  const TraceFileSize removed = *traces().FileSize();
  EXPECT_LT(removed.used_bytes, before.used_bytes / 4);
  ASSERT_TRUE(traces().ReleasePages(100).ok());
  const TraceFileSize released = *traces().FileSize();
  EXPECT_LT(released.free_bytes, removed.free_bytes);
  EXPECT_GT(released.free_bytes, 0);
}

TEST_F(TraceStoreTest, OldHistogramsAreRemoved) {
  constexpr std::int64_t kMinute = 60'000'000'000;
  Append({Span(1, 1, 0, 10 * kMinute, 1), Span(1, 2, 1, 100 * kMinute, 1)});
  EXPECT_EQ(*traces().RemoveLatency(50, 0, 100), 1);
  EXPECT_EQ(*traces().RemoveLatency(50, 1, 100), 1);
  LatencyQuery query{.from_minute = 0, .before_minute = 120};
  EXPECT_THAT(*traces().ReadLatency(kDefaultProject, query), SizeIs(1));
}

}  // namespace
}  // namespace assay::store
