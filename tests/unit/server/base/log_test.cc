#include "server/base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

namespace assay {
namespace {

// The level is read once, at the first line.
[[maybe_unused]] const int kDefaultLevel = unsetenv("ASSAY_LOG_LEVEL");

TEST(LogTest, WritesFieldsAsKeyEqualsValue) {
  EXPECT_EQ(LogLine("run ended", {{"run", 42}, {"state", "SUCCEEDED"}}),
            "run ended run=42 state=SUCCEEDED");
}

TEST(LogTest, QuotesValuesThatHoldSpacesOrNothing) {
  EXPECT_EQ(LogLine("x", {{"a", "two words"}, {"b", ""}, {"c", "k=v"}}),
            "x a=\"two words\" b=\"\" c=\"k=v\"");
}

TEST(LogTest, EscapesWhatCouldForgeALine) {
  EXPECT_EQ(LogLine("a\nb", {{"k", "x\ny\"\x1b"}}), "a\\nb k=\"x\\ny\\\"\\x1b\"");
}

TEST(LogTest, WritesOneLineToStandardError) {
  testing::internal::CaptureStderr();
  Log(LogLevel::kError, "disk full", {{"error", absl::ResourceExhaustedError("no space")}});
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              testing::MatchesRegex("[0-9T:.-]+Z error disk full "
                                    "error=\"RESOURCE_EXHAUSTED: no space\"\n"));
}

TEST(LogTest, DropsDebugLinesUnlessAskedFor) {
  testing::internal::CaptureStderr();
  Log(LogLevel::kDebug, "detail");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace assay
