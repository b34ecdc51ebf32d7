#include "server/trace/retention.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/store/store_fixture.h"

namespace assay::trace {
namespace {

using store::kDefaultProject;
using store::SpanRecord;
using testing::AllOf;
using testing::ElementsAre;
using testing::Ge;
using testing::IsEmpty;
using testing::Le;

constexpr std::int64_t kReserveBytes = 8 << 20;
constexpr std::chrono::hours kDay{24};
constexpr std::int64_t kNoPause = 1;
constexpr std::int64_t kLongPause = 3'600'000;

// Trace `number` with spans of `details_bytes` each. Young by its spans' own times, which do not
// count: a trace is as old as its arrival.
std::vector<SpanRecord> Trace(std::uint16_t number, std::int64_t num_spans,
                              std::size_t details_bytes) {
  std::vector<SpanRecord> spans(static_cast<std::size_t>(num_spans));
  for (std::size_t i = 0; i < spans.size(); ++i) {
    SpanRecord& span = spans[i];
    span.trace_id[0] = static_cast<std::uint8_t>(number >> 8);
    span.trace_id[1] = static_cast<std::uint8_t>(number);
    span.trace_id[15] = 1;
    span.span_id[6] = static_cast<std::uint8_t>((i + 1) >> 8);
    span.span_id[7] = static_cast<std::uint8_t>(i + 1);
    span.name = "work";
    span.start_ns = test::FakeClock::kStartUs * 1'000 + static_cast<std::int64_t>(i);
    span.duration_ns = 1;
    span.details = std::string(details_bytes, 'x');
  }
  return spans;
}

class RetentionTest : public store::StoreTest {
 protected:
  store::TraceStore& traces() { return store().traces(); }

  absl::Status Append(std::uint16_t number, std::int64_t num_spans = 1,
                      std::size_t details_bytes = 10) {
    return traces().Append(kDefaultProject, Trace(number, num_spans, details_bytes));
  }
  // Numbers of the traces that are there, newest first.
  std::vector<int> Numbers() {
    store::TraceQuery query;
    query.size = 1'000;
    const auto page = traces().FindTraces(kDefaultProject, query);
    EXPECT_TRUE(page.ok()) << page.status();
    std::vector<int> numbers;
    for (const store::TraceRecord& trace : page->traces) {
      numbers.push_back(trace.trace_id[0] << 8 | trace.trace_id[1]);
    }
    return numbers;
  }
  store::TraceFileSize Size() { return *traces().FileSize(); }

  std::filesystem::path reserve() const { return folder_.path() / "traces.reserve"; }
  bool HasReserve() const { return std::filesystem::exists(reserve()); }

  // Starts keeping, and waits for the look that it begins with.
  void Start(Retention::Options options) {
    options.reserve = reserve();
    options.reserve_bytes = kReserveBytes;
    retention_.emplace(traces(), clock_, options);
    Eventually([&] { return HasReserve(); });  // taken when the look ends
  }
  static void Eventually(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!condition()) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "did not happen in time";
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }
  Retention& retention() { return *retention_; }

  std::optional<Retention> retention_;
};

TEST_F(RetentionTest, TracesPastTheirAgeAreRemovedInAsManyStepsAsItTakes) {
  ASSERT_TRUE(Append(1, 4'500).ok());  // a step removes 2,000 spans
  ASSERT_TRUE(Append(2).ok());
  clock_.Advance(kDay);
  ASSERT_TRUE(Append(3).ok());
  clock_.Advance(kDay);
  Start({.max_age_days = 2, .pause_ms = kLongPause});
  EXPECT_THAT(Numbers(), ElementsAre(3, 2, 1));  // exactly two days old
  clock_.Advance(std::chrono::seconds(1));
  ASSERT_TRUE(retention().Enforce().ok());
  EXPECT_THAT(Numbers(), ElementsAre(3));
  EXPECT_EQ(retention().counters().num_removed_traces, 2);
  EXPECT_EQ(retention().counters().num_removed_spans, 4'501);
}

TEST_F(RetentionTest, WithinAgeAndSizeNothingIsRemoved) {
  ASSERT_TRUE(Append(1, 10).ok());
  clock_.Advance(29 * kDay);
  Start({.pause_ms = kLongPause});
  EXPECT_THAT(Numbers(), ElementsAre(1));
  EXPECT_EQ(retention().counters().num_removed_spans, 0);
}

TEST_F(RetentionTest, OverTheSizeTheOldestGoUntilTheRestFits) {
  for (std::uint16_t i = 1; i <= 50; ++i) {
    ASSERT_TRUE(Append(i, 200, 500).ok());  // 0.1 MB a trace, ten traces a step
  }
  const std::int64_t max_bytes = Size().used_bytes / 2;
  Start({.max_bytes = max_bytes, .pause_ms = kLongPause});
  // Somewhat below the limit, and at most a step below that.
  EXPECT_THAT(Size().used_bytes, AllOf(Le(max_bytes * 95 / 100), Ge(max_bytes / 2)));
  const std::vector<int> numbers = Numbers();
  ASSERT_FALSE(numbers.empty());
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    EXPECT_EQ(numbers[i], 50 - static_cast<int>(i));  // the newest, without a gap
  }
  EXPECT_EQ(retention().counters().num_removed_traces, 50 - std::ssize(numbers));
}

TEST_F(RetentionTest, FreedPagesGoBackToTheDisk) {
  ASSERT_TRUE(Append(1, 400, 10'000).ok());
  const std::int64_t before = Size().used_bytes;
  clock_.Advance(31 * kDay);
  ASSERT_TRUE(Append(2).ok());
  Start({.pause_ms = kLongPause});
  EXPECT_EQ(Size().free_bytes, 0);
  EXPECT_LT(Size().used_bytes, before / 4);
  Close();  // what the log holds goes into the file
  EXPECT_LT(std::filesystem::file_size(folder_.path() / "traces.db"),
            static_cast<std::uintmax_t>(before / 4));
}

TEST_F(RetentionTest, ALimitBelowAnEmptyFileEndsOnceNothingIsLeft) {
  ASSERT_TRUE(Append(1, 10).ok());
  Start({.max_bytes = 1, .pause_ms = kLongPause});
  EXPECT_THAT(Numbers(), IsEmpty());
  EXPECT_TRUE(retention().Enforce().ok());
}

TEST_F(RetentionTest, HistogramsOfHoursOutliveTheTraces) {
  ASSERT_TRUE(Append(1).ok());
  const auto num_steps = [&](std::int64_t step_minutes) {
    const std::int64_t minute = test::FakeClock::kStartUs / 60'000'000;
    store::LatencyQuery query;
    query.from_minute = minute - 60;
    query.before_minute = minute + 60;
    query.step_minutes = step_minutes;
    return traces().ReadLatency(kDefaultProject, query)->size();
  };
  clock_.Advance(31 * kDay);
  Start({.histogram_age_days = 60, .pause_ms = kLongPause});
  EXPECT_THAT(Numbers(), IsEmpty());
  EXPECT_EQ(num_steps(1), 0U);
  EXPECT_EQ(num_steps(60), 1U);
  clock_.Advance(31 * kDay);
  ASSERT_TRUE(retention().Enforce().ok());
  EXPECT_EQ(num_steps(60), 0U);
}

TEST_F(RetentionTest, ItLooksAgainByItselfAfterThePause) {
  Start({.pause_ms = kNoPause});
  ASSERT_TRUE(Append(1).ok());
  clock_.Advance(31 * kDay);
  Eventually([&] { return Numbers().empty(); });
}

TEST_F(RetentionTest, ItLooksAtOnceWhenItIsToldToHurry) {
  Start({.pause_ms = kLongPause});
  ASSERT_TRUE(Append(1).ok());
  clock_.Advance(31 * kDay);
  retention().Hurry();
  Eventually([&] { return Numbers().empty(); });
}

TEST_F(RetentionTest, AHurryRemovesNothingWhereTheDiskHasRoom) {
  Start({.pause_ms = kLongPause});
  ASSERT_TRUE(Append(1).ok());
  retention().Hurry();
  EXPECT_TRUE(retention().Enforce().ok());  // after the look of the other thread, or in its place
  EXPECT_THAT(Numbers(), ElementsAre(1));
  EXPECT_TRUE(HasReserve());
}

}  // namespace
}  // namespace assay::trace
