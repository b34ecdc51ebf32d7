#include "client/cpp/retry.h"

#include <gtest/gtest.h>

namespace assay::client {
namespace {

using std::chrono::milliseconds;

TEST(BackoffTest, DoublesTheDelayUpToTwoSeconds) {
  Backoff backoff(milliseconds(60'000));
  EXPECT_EQ(backoff.Next(), milliseconds(50));
  EXPECT_EQ(backoff.Next(), milliseconds(100));
  milliseconds longest{0};
  for (int i = 0; i < 20; ++i) {
    longest = std::max(longest, backoff.Next().value_or(milliseconds(0)));
  }
  EXPECT_EQ(longest, milliseconds(2'000));
}

TEST(BackoffTest, WaitsExactlyItsPatienceInAll) {
  Backoff backoff(milliseconds(1'000));
  milliseconds waited{0};
  while (const auto delay = backoff.Next()) {
    waited += *delay;
  }
  EXPECT_EQ(waited, milliseconds(1'000));
}

TEST(BackoffTest, StartsOverAfterReset) {
  Backoff backoff(milliseconds(100));
  while (backoff.Next()) {
  }
  backoff.Reset();
  EXPECT_EQ(backoff.Next(), milliseconds(50));
}

TEST(IsTransientTest, HoldsForBrokenLinksAndBusyServersOnly) {
  EXPECT_TRUE(IsTransient(absl::UnavailableError("")));
  EXPECT_TRUE(IsTransient(absl::DeadlineExceededError("")));
  EXPECT_TRUE(IsTransient(absl::ResourceExhaustedError("")));
  EXPECT_FALSE(IsTransient(absl::InvalidArgumentError("")));
  EXPECT_FALSE(IsTransient(absl::CancelledError("")));
  EXPECT_FALSE(IsTransient(absl::OkStatus()));
}

}  // namespace
}  // namespace assay::client
