#include "server/base/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <vector>

namespace assay {
namespace {

TEST(ThreadPoolTest, RunsEverythingBeforeItIsGone) {
  std::atomic<int> num_run = 0;
  {
    ThreadPool pool(3);
    for (int i = 0; i < 1000; ++i) {
      pool.Post([&] { ++num_run; });
    }
  }
  EXPECT_EQ(num_run, 1000);
}

TEST(ThreadPoolTest, OneThreadKeepsTheOrder) {
  std::vector<int> order;
  {
    ThreadPool pool(1);
    for (int i = 0; i < 100; ++i) {
      pool.Post([&order, i] { order.push_back(i); });
    }
  }
  ASSERT_EQ(order.size(), 100U);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
  }
}

TEST(ThreadPoolTest, ThreadsWorkAtTheSameTime) {
  std::promise<void> first_started;
  std::promise<void> second_started;
  {
    ThreadPool pool(2);
    pool.Post([&] {
      first_started.set_value();
      second_started.get_future().wait();
    });
    pool.Post([&] {
      first_started.get_future().wait();
      second_started.set_value();
    });
  }
  SUCCEED();  // One thread alone would never get here.
}

TEST(ThreadPoolTest, TasksPostTasks) {
  std::atomic<int> num_run = 0;
  {
    ThreadPool pool(2);
    pool.Post([&] {
      ++num_run;
      pool.Post([&] { ++num_run; });
    });
  }
  EXPECT_EQ(num_run, 2);
}

}  // namespace
}  // namespace assay
