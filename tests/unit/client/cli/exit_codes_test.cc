#include "client/cli/exit_codes.h"

#include <gtest/gtest.h>

namespace assay::cli {
namespace {

struct Case {
  absl::StatusCode status;
  int exit_code;
};

class ExitCodeTest : public testing::TestWithParam<Case> {};

TEST_P(ExitCodeTest, FollowsTheStatus) {
  const absl::Status status(GetParam().status, "what happened");
  EXPECT_EQ(static_cast<int>(ExitCodeOf(status)), GetParam().exit_code);
}

INSTANTIATE_TEST_SUITE_P(
    All, ExitCodeTest,
    testing::Values(
        Case{absl::StatusCode::kOk, 0}, Case{absl::StatusCode::kInvalidArgument, 2},
        Case{absl::StatusCode::kOutOfRange, 2}, Case{absl::StatusCode::kNotFound, 3},
        Case{absl::StatusCode::kAlreadyExists, 3}, Case{absl::StatusCode::kFailedPrecondition, 3},
        Case{absl::StatusCode::kUnavailable, 3}, Case{absl::StatusCode::kUnauthenticated, 3},
        Case{absl::StatusCode::kPermissionDenied, 3}, Case{absl::StatusCode::kDeadlineExceeded, 3},
        Case{absl::StatusCode::kResourceExhausted, 3}, Case{absl::StatusCode::kDataLoss, 3},
        Case{absl::StatusCode::kAborted, 3}, Case{absl::StatusCode::kUnimplemented, 3},
        Case{absl::StatusCode::kInternal, 70}, Case{absl::StatusCode::kUnknown, 70}));

TEST(ExitCodeNumbersTest, AreThoseThatScriptsRelyOn) {
  EXPECT_EQ(static_cast<int>(ExitCode::kRegressed), 1);
  EXPECT_EQ(static_cast<int>(ExitCode::kInconclusive), 4);
  EXPECT_EQ(static_cast<int>(ExitCode::kInterrupted), 130);
}

TEST(ErrorTextTest, SaysWhatHappened) {
  EXPECT_EQ(ErrorText(absl::NotFoundError("no such run: 'runs/42'")),
            "assay: no such run: 'runs/42'\n");
}

TEST(ErrorTextTest, PutsAdviceOnALineOfItsOwn) {
  const absl::Status status = WithHint(absl::UnavailableError("no answer"), "is it running?");
  EXPECT_EQ(ErrorText(status), "assay: no answer\n       is it running?\n");
}

}  // namespace
}  // namespace assay::cli
