#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/integration/store/store_fixture.h"

namespace assay::store {
namespace {

using testing::ElementsAre;
using testing::Pair;
using testing::SizeIs;

class TraceStoreTest : public StoreTest {
 protected:
  TraceStore& traces() { return store().traces(); }
  void Append(const std::vector<SpanRecord>& spans) {
    const absl::Status status = traces().Append(kDefaultProject, spans);
    ASSERT_TRUE(status.ok()) << status;
  }
  std::vector<TraceRecord> List(std::string_view resource = "", PageRequest page = {}) {
    return *traces().ListTraces(kDefaultProject, resource, page);
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
  child.attributes = {{"rpc.method", "GetRun"}, {"rows", "4096"}};
  child.resource = "runs/12";
  Append({child, Span(1, 1, 0, 10, 30)});
  const auto spans = traces().ListSpans(kDefaultProject, List().at(0).id);
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
  EXPECT_THAT(read.attributes, ElementsAre(Pair("rows", "4096"), Pair("rpc.method", "GetRun")));
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
  EXPECT_EQ(traces().ListSpans(kDefaultProject, trace.id)->at(0).duration_ns, 30);
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
  EXPECT_TRUE(traces().ListTraces(kDefaultProject + 1, "", {})->empty());
  EXPECT_TRUE(traces().ListSpans(kDefaultProject + 1, id)->empty());
  EXPECT_TRUE(absl::IsNotFound(traces().FindTrace(kDefaultProject + 1, "0101").status()));
}

TEST_F(TraceStoreTest, SpansSurviveARestart) {
  Append({Span(1, 1, 0, 10, 1)});
  Reopen();
  EXPECT_THAT(List(), SizeIs(1));
}

}  // namespace
}  // namespace assay::store
