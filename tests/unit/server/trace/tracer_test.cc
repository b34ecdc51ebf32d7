#include "server/trace/tracer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "server/base/mutex.h"
#include "server/store/span_details.h"
#include "tests/support/fake_clock.h"

namespace assay::trace {
namespace {

using test::FakeClock;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Keeps what it is given; fails or stands still when told to. Thread-safe.
class SpanSink : public store::TraceStore {
 public:
  void AppendSpans(store::Id project, std::vector<store::SpanRecord> spans, Done done) override {
    done(Keep(project, spans));
  }
  absl::Status Keep(store::Id project, const std::vector<store::SpanRecord>& spans) {
    MutexLock lock(mutex_);
    ++num_waiting_;
    changed_.notify_all();
    while (is_held_) {
      lock.Wait(changed_);
    }
    --num_waiting_;
    if (!status_.ok()) {
      return status_;
    }
    project_ = project;
    spans_.insert(spans_.end(), spans.begin(), spans.end());
    return absl::OkStatus();
  }
  absl::StatusOr<store::TracePage> FindTraces(store::Id /*project*/,
                                              const store::TraceQuery& /*query*/) const override {
    return absl::UnimplementedError("not part of these tests");
  }
  absl::StatusOr<store::TraceRecord> FindTrace(store::Id /*project*/,
                                               std::string_view /*hex_prefix*/) const override {
    return absl::UnimplementedError("not part of these tests");
  }
  absl::StatusOr<std::vector<store::SpanRecord>> ListSpans(
      store::Id /*project*/, store::Id /*trace*/,
      const store::SpanWindow& /*window*/) const override {
    return absl::UnimplementedError("not part of these tests");
  }
  absl::StatusOr<std::vector<store::LatencyStep>> ReadLatency(
      store::Id /*project*/, const store::LatencyQuery& /*query*/) const override {
    return absl::UnimplementedError("not part of these tests");
  }
  absl::StatusOr<store::RemovedTraces> RemoveOldest(std::int64_t /*before_us*/,
                                                    std::int64_t /*max_spans*/) override {
    return absl::UnimplementedError("not part of these tests");
  }
  absl::StatusOr<std::int64_t> RemoveLatency(std::int64_t /*minutes_before*/,
                                             std::int64_t /*hours_before*/,
                                             std::int64_t /*max_rows*/) override {
    return absl::UnimplementedError("not part of these tests");
  }
  absl::StatusOr<store::TraceFileSize> FileSize() const override {
    return absl::UnimplementedError("not part of these tests");
  }
  absl::Status ReleasePages(std::int64_t /*max_pages*/) override {
    return absl::UnimplementedError("not part of these tests");
  }
  absl::Status Checkpoint() override { return absl::UnimplementedError("not part of these tests"); }
  void RefuseSpans(bool /*is_refusing*/) override {}

  void Fail(absl::Status status) {
    const MutexLock lock(mutex_);
    status_ = std::move(status);
  }
  void Hold(bool is_held) {
    const MutexLock lock(mutex_);
    is_held_ = is_held;
    changed_.notify_all();
  }
  // Returns once a write stands still.
  void WaitForWriter() {
    MutexLock lock(mutex_);
    while (num_waiting_ == 0) {
      lock.Wait(changed_);
    }
  }
  std::vector<store::SpanRecord> spans() {
    const MutexLock lock(mutex_);
    return spans_;
  }
  store::Id project() {
    const MutexLock lock(mutex_);
    return project_;
  }

 private:
  Mutex mutex_;
  std::condition_variable changed_;
  std::vector<store::SpanRecord> spans_ ASSAY_GUARDED_BY(mutex_);
  absl::Status status_ ASSAY_GUARDED_BY(mutex_);
  store::Id project_ ASSAY_GUARDED_BY(mutex_) = 0;
  int num_waiting_ ASSAY_GUARDED_BY(mutex_) = 0;
  bool is_held_ ASSAY_GUARDED_BY(mutex_) = false;
};

TEST(TracerTest, RecordsWhatASpanWasTold) {
  SpanSink sink;
  FakeClock clock;
  Tracer tracer(sink, clock, 7);
  {
    Span span = tracer.StartSpan("run.load", std::nullopt);
    span.SetAttribute("dataset", "digits@1");
    span.SetAttribute("rows", 597);
    span.SetResource("runs/12");
    span.SetStatus(absl::OkStatus());
    clock.Advance(std::chrono::microseconds(1500));
  }
  tracer.Flush();
  const std::vector<store::SpanRecord> spans = sink.spans();
  ASSERT_THAT(spans, SizeIs(1));
  EXPECT_EQ(sink.project(), 7);
  EXPECT_EQ(spans[0].name, "run.load");
  EXPECT_EQ(spans[0].start_ns, FakeClock::kStartUs * 1000);
  EXPECT_EQ(spans[0].duration_ns, 1'500'000);
  EXPECT_EQ(spans[0].status, store::SpanStatus::kOk);
  EXPECT_EQ(spans[0].resource, "runs/12");
  EXPECT_THAT(store::DecodeSpanDetails(spans[0].details)->attributes,
              ElementsAre(store::SpanAttribute{"dataset", store::ValueType::kText, "digits@1"},
                          store::SpanAttribute{"rows", store::ValueType::kInt64, "597"}));
}

TEST(TracerTest, RecordsAFailureWithItsMessage) {
  SpanSink sink;
  FakeClock clock;
  Tracer tracer(sink, clock, 1);
  tracer.StartSpan("call", std::nullopt).SetStatus(absl::NotFoundError("no such run"));
  tracer.Flush();
  ASSERT_THAT(sink.spans(), SizeIs(1));
  EXPECT_EQ(sink.spans()[0].status, store::SpanStatus::kError);
  EXPECT_EQ(sink.spans()[0].status_message, "no such run");
}

TEST(TracerTest, LeavesTheStatusUnsetWithoutACall) {
  SpanSink sink;
  FakeClock clock;
  Tracer tracer(sink, clock, 1);
  tracer.StartSpan("call", std::nullopt).End();
  tracer.Flush();
  ASSERT_THAT(sink.spans(), SizeIs(1));
  EXPECT_EQ(sink.spans()[0].status, store::SpanStatus::kUnset);
}

TEST(TracerTest, GivesAChildTheTraceAndTheIdOfItsParent) {
  SpanSink sink;
  FakeClock clock;
  Tracer tracer(sink, clock, 1);
  Span parent = tracer.StartSpan("parent", std::nullopt);
  Span child = tracer.StartSpan("child", parent.context());
  EXPECT_TRUE(child.context().IsValid());
  EXPECT_EQ(child.context().trace_id, parent.context().trace_id);
  EXPECT_NE(child.context().span_id, parent.context().span_id);
  child.End();
  parent.End();
  tracer.Flush();
  const std::vector<store::SpanRecord> spans = sink.spans();
  ASSERT_THAT(spans, SizeIs(2));
  EXPECT_EQ(spans[0].parent_span_id, spans[1].span_id);
  EXPECT_EQ(spans[1].parent_span_id, (std::array<std::uint8_t, 8>{}));
}

TEST(TracerTest, ContinuesATraceFromAnotherProcess) {
  SpanSink sink;
  FakeClock clock;
  Tracer tracer(sink, clock, 1);
  const std::optional<SpanContext> remote =
      ParseTraceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
  const Span span = tracer.StartSpan("call", remote);
  EXPECT_EQ(span.context().TraceIdHex(), "4bf92f3577b34da6a3ce929d0e0e4736");
}

TEST(TracerTest, StartsANewTraceUnderAnInvalidParent) {
  SpanSink sink;
  FakeClock clock;
  Tracer tracer(sink, clock, 1);
  EXPECT_TRUE(tracer.StartSpan("call", SpanContext()).context().IsValid());
}

TEST(TracerTest, KeepsTheDurationWhenTheWallClockJumps) {
  SpanSink sink;
  FakeClock clock;
  Tracer tracer(sink, clock, 1);
  Span span = tracer.StartSpan("call", std::nullopt);
  clock.Advance(std::chrono::milliseconds(2));
  clock.JumpTo(FakeClock::kStartUs - 3'600'000'000);
  span.End();
  tracer.Flush();
  ASSERT_THAT(sink.spans(), SizeIs(1));
  EXPECT_EQ(sink.spans()[0].duration_ns, 2'000'000);
}

TEST(TracerTest, RecordsASpanOnceHoweverOftenItIsEnded) {
  SpanSink sink;
  FakeClock clock;
  Tracer tracer(sink, clock, 1);
  Span span = tracer.StartSpan("call", std::nullopt);
  span.End();
  span.SetAttribute("late", "ignored");
  span.End();
  EXPECT_TRUE(span.context().IsValid());
  tracer.Flush();
  EXPECT_THAT(sink.spans(), SizeIs(1));
}

TEST(TracerTest, EndsTheSpanThatIsAssignedOver) {
  SpanSink sink;
  FakeClock clock;
  Tracer tracer(sink, clock, 1);
  Span span = tracer.StartSpan("first", std::nullopt);
  span = tracer.StartSpan("second", std::nullopt);
  tracer.Flush();
  ASSERT_THAT(sink.spans(), SizeIs(1));
  EXPECT_EQ(sink.spans()[0].name, "first");
}

TEST(TracerTest, RecordsAMovedSpanOnce) {
  SpanSink sink;
  FakeClock clock;
  Tracer tracer(sink, clock, 1);
  {
    Span first = tracer.StartSpan("call", std::nullopt);
    const Span second = std::move(first);
  }
  tracer.Flush();
  EXPECT_THAT(sink.spans(), SizeIs(1));
}

TEST(SpanTest, RecordsNothingWhenItWasNotStarted) {
  Span span;
  span.SetAttribute("key", "value");
  span.SetStatus(absl::OkStatus());
  span.SetResource("runs/1");
  span.End();
  EXPECT_FALSE(span.context().IsValid());
}

TEST(TracerTest, StoresEverythingBeforeItIsGone) {
  SpanSink sink;
  FakeClock clock;
  {
    Tracer tracer(sink, clock, 1, {.queue_capacity = 65'536, .flush_interval_ms = 3'600'000});
    for (int i = 0; i < 10'000; ++i) {
      tracer.StartSpan("call", std::nullopt).End();
    }
  }
  EXPECT_THAT(sink.spans(), SizeIs(10'000));
}

TEST(TracerTest, StoresASpanWithoutBeingAsked) {
  SpanSink sink;
  FakeClock clock;
  Tracer tracer(sink, clock, 1, {.queue_capacity = 16, .flush_interval_ms = 1});
  sink.Hold(true);
  tracer.StartSpan("call", std::nullopt).End();
  sink.WaitForWriter();
  sink.Hold(false);
  tracer.Flush();
  EXPECT_THAT(sink.spans(), SizeIs(1));
}

TEST(TracerTest, DropsAndCountsWhatTheQueueCannotHold) {
  SpanSink sink;
  FakeClock clock;
  Tracer tracer(sink, clock, 1, {.queue_capacity = 4, .flush_interval_ms = 0});
  sink.Hold(true);
  tracer.StartSpan("writing", std::nullopt).End();
  sink.WaitForWriter();
  for (int i = 0; i < 10; ++i) {
    tracer.StartSpan("queued", std::nullopt).End();
  }
  EXPECT_EQ(tracer.num_dropped(), 7);
  sink.Hold(false);
  tracer.Flush();
  EXPECT_THAT(sink.spans(), SizeIs(4));
}

TEST(TracerTest, RecordsNothingWhenItIsTold) {
  SpanSink sink;
  FakeClock clock;
  Tracer tracer(sink, clock, 1, {.is_recording = false});
  Span span = tracer.StartSpan("unseen", std::nullopt);
  span.SetAttribute("rows", 3);
  EXPECT_FALSE(span.context().IsValid());
  span.End();
  tracer.Flush();
  EXPECT_THAT(sink.spans(), IsEmpty());
  EXPECT_EQ(tracer.num_dropped(), 0);
}

TEST(TracerTest, CountsSpansThatTheStoreRefuses) {
  SpanSink sink;
  FakeClock clock;
  Tracer tracer(sink, clock, 1);
  sink.Fail(absl::ResourceExhaustedError("disk full"));
  tracer.StartSpan("lost", std::nullopt).End();
  tracer.Flush();
  EXPECT_EQ(tracer.num_dropped(), 1);
  sink.Fail(absl::OkStatus());
  tracer.StartSpan("kept", std::nullopt).End();
  tracer.Flush();
  EXPECT_THAT(sink.spans(), SizeIs(1));
}

TEST(TracerTest, TakesSpansFromManyThreadsUnderDistinctIds) {
  constexpr int kNumThreads = 8;
  constexpr int kNumSpans = 2000;
  SpanSink sink;
  FakeClock clock;
  Tracer tracer(sink, clock, 1, {.queue_capacity = 65'536, .flush_interval_ms = 1});
  {
    std::vector<std::thread> threads;
    threads.reserve(kNumThreads);
    for (int i = 0; i < kNumThreads; ++i) {
      threads.emplace_back([&tracer] {
        for (int j = 0; j < kNumSpans; ++j) {
          Span root = tracer.StartSpan("root", std::nullopt);
          tracer.StartSpan("child", root.context()).End();
          if (j % 500 == 0) {
            tracer.Flush();
          }
        }
      });
    }
    for (std::thread& thread : threads) {
      thread.join();
    }
  }
  tracer.Flush();
  const std::vector<store::SpanRecord> spans = sink.spans();
  EXPECT_THAT(spans, SizeIs(2 * kNumThreads * kNumSpans));
  std::set<std::array<std::uint8_t, 8>> span_ids;
  std::set<std::array<std::uint8_t, 16>> trace_ids;
  for (const store::SpanRecord& span : spans) {
    span_ids.insert(span.span_id);
    trace_ids.insert(span.trace_id);
  }
  EXPECT_THAT(span_ids, SizeIs(2 * kNumThreads * kNumSpans));
  EXPECT_THAT(trace_ids, SizeIs(kNumThreads * kNumSpans));
  EXPECT_EQ(tracer.num_dropped(), 0);
}

}  // namespace
}  // namespace assay::trace
