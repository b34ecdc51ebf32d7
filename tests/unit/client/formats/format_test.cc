#include "client/formats/format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace assay::formats {
namespace {

using ::testing::HasSubstr;

Format Detected(std::string_view path, std::string_view content = "x") {
  const absl::StatusOr<Format> format = DetectFormat(path, content);
  EXPECT_TRUE(format.ok()) << format.status();
  return format.value_or(Format::kDetect);
}

TEST(DetectFormatTest, GoesByTheExtension) {
  EXPECT_EQ(Detected("a.jsonl"), Format::kJsonl);
  EXPECT_EQ(Detected("a.NDJSON"), Format::kJsonl);
  EXPECT_EQ(Detected("a.json"), Format::kJsonl);
  EXPECT_EQ(Detected("dir.csv/a.tsv"), Format::kTsv);
  EXPECT_EQ(Detected("a.csv.gz"), Format::kCsv);
  EXPECT_EQ(Detected("a.qrels"), Format::kTrecQrels);
  EXPECT_EQ(Detected("a.run"), Format::kTrecRun);
  EXPECT_EQ(Detected("a.npy"), Format::kNpy);
}

TEST(DetectFormatTest, GoesByTheContentOtherwise) {
  EXPECT_EQ(Detected("qrels.txt", "# judged\n\n1 0 d1 1\n"), Format::kTrecQrels);
  EXPECT_EQ(Detected("a.trec", "1 Q0 d1 1 0.5 tag\n"), Format::kTrecRun);
  EXPECT_EQ(Detected("standard input", " \n {\"key\":1}\n"), Format::kJsonl);
  EXPECT_EQ(Detected("standard input", "\xEF\xBB\xBFkey,label\n"), Format::kCsv);
  EXPECT_EQ(Detected("standard input", "key\tlabel\tx\n"), Format::kTsv);
  EXPECT_EQ(Detected("standard input", "a b c d,e\n"), Format::kCsv);
  EXPECT_EQ(Detected("standard input", "\x93NUMPY\x01"), Format::kNpy);
}

TEST(DetectFormatTest, SaysWhenItCannotTell) {
  EXPECT_EQ(DetectFormat("a.txt", "").status().message(), "a.txt: the file is empty");
  EXPECT_THAT(std::string(DetectFormat("a.txt", "one two three\n").status().message()),
              HasSubstr("a.txt: cannot tell the format"));
}

TEST(ParseFormatNameTest, KnowsEveryName) {
  for (const Format format : {Format::kDetect, Format::kJsonl, Format::kCsv, Format::kTsv,
                              Format::kTrecQrels, Format::kTrecRun, Format::kNpy}) {
    const absl::StatusOr<Format> parsed = ParseFormatName(FormatName(format));
    ASSERT_TRUE(parsed.ok());
    EXPECT_EQ(*parsed, format);
  }
}

TEST(ParseFormatNameTest, ListsTheNamesWhenOneIsUnknown) {
  EXPECT_EQ(ParseFormatName("xml").status().message(),
            "no such format (auto, jsonl, csv, tsv, qrels, run, npy): 'xml'");
}

}  // namespace
}  // namespace assay::formats
