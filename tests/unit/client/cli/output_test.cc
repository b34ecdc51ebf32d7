#include "client/cli/output.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "absl/status/status.h"
#include "assay/v1/comparison_service.pb.h"

namespace assay::cli {
namespace {

TEST(ParseOutputFormatTest, KnowsSixFormats) {
  EXPECT_EQ(*ParseOutputFormat("output", "text", kVerdictFormats), OutputFormat::kText);
  EXPECT_EQ(*ParseOutputFormat("output", "json", kVerdictFormats), OutputFormat::kJson);
  EXPECT_EQ(*ParseOutputFormat("output", "csv", kVerdictFormats), OutputFormat::kCsv);
  EXPECT_EQ(*ParseOutputFormat("output", "md", kVerdictFormats), OutputFormat::kMarkdown);
  EXPECT_EQ(*ParseOutputFormat("output", "junit", kVerdictFormats), OutputFormat::kJunit);
  EXPECT_EQ(*ParseOutputFormat("output", "sarif", kVerdictFormats), OutputFormat::kSarif);
}

TEST(ParseOutputFormatTest, AFormatThatTheCommandDoesNotWriteIsAnErrorThatNamesThoseItDoes) {
  EXPECT_EQ(ParseOutputFormat("output", "junit", kTableFormats).status(),
            absl::InvalidArgumentError("output is text, json, csv or md, not 'junit'"));
  EXPECT_EQ(
      ParseOutputFormat("output", "yaml", kVerdictFormats).status(),
      absl::InvalidArgumentError("output is text, json, csv, md, junit or sarif, not 'yaml'"));
  EXPECT_EQ(ParseOutputFormat("output", "sarif", kRowFormats).status(),
            absl::InvalidArgumentError("output is text, json, jsonl, csv or md, not 'sarif'"));
  EXPECT_EQ(ParseOutputFormat("output", "json", kTextFormat).status(),
            absl::InvalidArgumentError("output is text, not 'json'"));
}

TEST(JsonTextTest, NamesFieldsAsTheSchemaDoes) {
  v1::Gate gate;
  gate.set_metric("accuracy");
  gate.set_max_drop(0.5);
  EXPECT_EQ(JsonText(gate),
            "{\n \"metric\": \"accuracy\",\n \"cohort\": \"\",\n \"tier\": \"TIER_UNSPECIFIED\",\n"
            " \"max_drop\": 0.5\n}\n");
}

TEST(JsonTextTest, LeavesOutAnAbsentNumber) {
  EXPECT_EQ(JsonText(v1::GateResult()).find("delta"), std::string::npos);
}

TEST(JsonLinesTest, WritesEveryElementOfTheListOnALineOfItsOwn) {
  v1::ListComparisonRowsResponse response;
  response.set_total_rows(2);
  response.add_rows()->set_key("a\nb");
  response.add_rows()->set_key("c");
  const std::string lines = JsonLines(response);
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 2);
  EXPECT_EQ(lines.find("{\"row\":\"0\",\"key\":\"a\\nb\",\"bucket\":"), 0U);
  EXPECT_NE(lines.find("\n{\"row\":\"0\",\"key\":\"c\","), std::string::npos);
  EXPECT_EQ(JsonLines(v1::ListComparisonRowsResponse()), "");
}

TEST(JoinedJsonTest, MergesTwoObjects) {
  EXPECT_EQ(JoinedJson("{\n \"a\": 1\n}\n", "{\n \"b\": [2]\n}\n"),
            "{\n \"a\": 1,\n \"b\": [2]\n}\n");
}

}  // namespace
}  // namespace assay::cli
