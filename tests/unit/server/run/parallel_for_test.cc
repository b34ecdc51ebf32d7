#include "server/run/parallel_for.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include "absl/strings/str_format.h"

namespace assay::run {
namespace {

TEST(ParallelForTest, RunsEveryBodyOnce) {
  ThreadPool pool(3);
  const ParallelFor parallel_for = MakeParallelFor(pool, 3);
  std::vector<std::atomic<int>> calls(1000);
  parallel_for(1000, [&](std::int64_t i) { ++calls[static_cast<std::size_t>(i)]; });
  for (const std::atomic<int>& count : calls) {
    EXPECT_EQ(count, 1);
  }
}

TEST(ParallelForTest, DoesNothingForNothing) {
  ThreadPool pool(1);
  MakeParallelFor(pool, 1)(0, [](std::int64_t) { FAIL(); });
}

TEST(ParallelForTest, WorksWithoutHelpers) {
  ThreadPool pool(1);
  std::int64_t sum = 0;
  MakeParallelFor(pool, 0)(10, [&](std::int64_t i) { sum += i; });
  EXPECT_EQ(sum, 45);
}

TEST(ParallelForTest, CallerGoesOnWhileThePoolIsBusy) {
  ThreadPool pool(1);
  std::atomic<bool> is_released{false};
  pool.Post([&] {
    while (!is_released) {
      std::this_thread::yield();
    }
  });
  std::atomic<std::int64_t> sum{0};
  MakeParallelFor(pool, 1)(10, [&](std::int64_t i) { sum += i; });
  EXPECT_EQ(sum, 45);
  is_released = true;
}

TEST(ParallelForTest, SeveralCallersShareThePool) {
  ThreadPool pool(2);
  const ParallelFor parallel_for = MakeParallelFor(pool, 2);
  std::vector<std::thread> callers;
  std::atomic<std::int64_t> sum{0};
  for (int caller = 0; caller < 4; ++caller) {
    callers.emplace_back([&] {
      for (int round = 0; round < 50; ++round) {
        parallel_for(20, [&](std::int64_t) { ++sum; });
      }
    });
  }
  for (std::thread& caller : callers) {
    caller.join();
  }
  EXPECT_EQ(sum, 4 * 50 * 20);
}

TEST(ForEachTest, GivesTheErrorOfTheFirstThatFailed) {
  ThreadPool pool(3);
  const ParallelFor parallel_for = MakeParallelFor(pool, 3);
  for (int round = 0; round < 20; ++round) {
    const absl::Status status = ForEach(parallel_for, 100, [](std::int64_t i) {
      return i % 10 == 7 ? absl::InternalError(absl::StrFormat("body %d", i)) : absl::OkStatus();
    });
    EXPECT_EQ(status.message(), "body 7");
  }
}

TEST(ForEachTest, IsOkWhenAllAre) {
  ThreadPool pool(1);
  EXPECT_TRUE(
      ForEach(MakeParallelFor(pool, 1), 5, [](std::int64_t) { return absl::OkStatus(); }).ok());
}

}  // namespace
}  // namespace assay::run
