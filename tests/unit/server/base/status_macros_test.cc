#include "server/base/status_macros.h"

#include <gtest/gtest.h>

#include <memory>

namespace assay {
namespace {

absl::StatusOr<std::unique_ptr<int>> Make(bool works) {
  if (!works) {
    return absl::NotFoundError("nothing");
  }
  return std::make_unique<int>(7);
}

absl::StatusOr<int> Use(bool works) {
  ASSAY_ASSIGN_OR_RETURN(const std::unique_ptr<int> made, Make(works));
  return *made;
}

TEST(StatusMacrosTest, AssignMovesTheValueOut) { EXPECT_EQ(*Use(true), 7); }

TEST(StatusMacrosTest, AssignLeavesWithTheStatus) {
  EXPECT_EQ(Use(false).status(), absl::NotFoundError("nothing"));
}

TEST(StatusMacrosTest, ReturnLeavesOnlyOnAnError) {
  const auto run = [](const absl::Status& status) -> absl::Status {
    ASSAY_RETURN_IF_ERROR(status);
    return absl::AlreadyExistsError("went on");
  };
  EXPECT_EQ(run(absl::OkStatus()), absl::AlreadyExistsError("went on"));
  EXPECT_EQ(run(absl::AbortedError("stop")), absl::AbortedError("stop"));
}

TEST(StatusMacrosTest, ALambdaInsideHasItsOwnNames) {
  const auto run = [](const absl::Status& inner) -> absl::Status {
    ASSAY_RETURN_IF_ERROR([&]() -> absl::Status {
      ASSAY_RETURN_IF_ERROR(inner);
      return absl::OkStatus();
    }());
    return absl::OkStatus();
  };
  EXPECT_EQ(run(absl::AbortedError("stop")), absl::AbortedError("stop"));
}

}  // namespace
}  // namespace assay
