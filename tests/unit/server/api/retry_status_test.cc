#include "server/api/retry_status.h"

#include <gtest/gtest.h>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace assay::api {
namespace {

TEST(RetryStatusTest, CarriesTheDelayAsRetryInfo) {
  const absl::Status status =
      WithRetry(absl::UnavailableError("busy"), std::chrono::milliseconds(1500));
  EXPECT_EQ(RetryDelay(status), std::chrono::milliseconds(1500));
  const google::rpc::Status message = ToRpcStatus(status);
  EXPECT_EQ(message.code(), 14);
  EXPECT_EQ(message.message(), "busy");
  ASSERT_EQ(message.details_size(), 1);
  google::rpc::RetryInfo info;
  ASSERT_TRUE(message.details(0).UnpackTo(&info));
  EXPECT_EQ(info.retry_delay().seconds(), 1);
  EXPECT_EQ(info.retry_delay().nanos(), 500'000'000);
}

TEST(RetryStatusTest, WithoutAdviceThereIsNone) {
  EXPECT_FALSE(RetryDelay(absl::UnavailableError("gone")).has_value());
  EXPECT_EQ(ToRpcStatus(absl::UnavailableError("gone")).details_size(), 0);
}

}  // namespace
}  // namespace assay::api
