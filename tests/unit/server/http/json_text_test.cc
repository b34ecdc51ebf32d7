#include "server/http/json_text.h"

#include <gtest/gtest.h>

namespace assay::http {
namespace {

TEST(JsonQuotedTest, EscapesWhatJsonWants) {
  EXPECT_EQ(JsonQuoted("a\"b\\c\nd\x01\x7f"), R"("a\"b\\c\nd\u0001\u007f")");
}

TEST(JsonQuotedTest, KeepsUtf8) { EXPECT_EQ(JsonQuoted("ä€😀"), "\"ä€😀\""); }

TEST(JsonQuotedTest, ReplacesBytesThatAreNoUtf8) {
  EXPECT_EQ(JsonQuoted("a\xff"), "\"a\xEF\xBF\xBD\"");
  EXPECT_EQ(JsonQuoted("\xc3"), "\"\xEF\xBF\xBD\"");
  EXPECT_EQ(JsonQuoted("\xc0\xaf"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");                  // overlong
  EXPECT_EQ(JsonQuoted("\xed\xa0\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");  // surrogate
}

}  // namespace
}  // namespace assay::http
