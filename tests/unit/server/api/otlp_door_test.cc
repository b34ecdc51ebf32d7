#include "server/api/otlp_door.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "google/rpc/status.pb.h"
#include "server/api/retry_status.h"

namespace assay::api {
namespace {

constexpr char kProtobuf[] = "application/x-protobuf";

TEST(OtlpDoorTest, OnlyWhatMayBeSentAgainHasARetryableStatus) {
  const auto status_of = [](const absl::Status& status) {
    return OtlpDoor::Failure(status, kProtobuf).status;
  };
  EXPECT_EQ(status_of(absl::InvalidArgumentError("x")), 400);
  EXPECT_EQ(status_of(absl::ResourceExhaustedError("too large")), 413);
  EXPECT_EQ(status_of(WithRetry(absl::ResourceExhaustedError("full"), std::chrono::seconds(30))),
            429);
  EXPECT_EQ(status_of(WithRetry(absl::UnavailableError("busy"), std::chrono::seconds(1))), 503);
  EXPECT_EQ(status_of(absl::InternalError("x")), 500);
}

TEST(OtlpDoorTest, AFailureIsAStatusInTheFormOfTheRequest) {
  const OtlpDoor::Answer binary =
      OtlpDoor::Failure(absl::InvalidArgumentError("no request"), kProtobuf);
  EXPECT_EQ(binary.content_type, kProtobuf);
  google::rpc::Status message;
  ASSERT_TRUE(message.ParseFromString(binary.body));
  EXPECT_EQ(message.message(), "no request");
  const OtlpDoor::Answer json =
      OtlpDoor::Failure(absl::InvalidArgumentError("no request"), "application/json; charset=x");
  EXPECT_EQ(json.content_type, "application/json");
  EXPECT_NE(json.body.find("\"no request\""), std::string::npos);
}

TEST(OtlpDoorTest, SaysWhenToTryAgain) {
  const OtlpDoor::Answer answer = OtlpDoor::Failure(
      WithRetry(absl::UnavailableError("busy"), std::chrono::seconds(2)), kProtobuf);
  EXPECT_EQ(answer.retry_after_s, 2);
}

}  // namespace
}  // namespace assay::api
