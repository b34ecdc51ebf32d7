#include "client/cli/output.h"

#include <gtest/gtest.h>

#include "assay/v1/comparison_service.pb.h"

namespace assay::cli {
namespace {

TEST(ParseOutputFormatTest, KnowsFourFormats) {
  EXPECT_EQ(*ParseOutputFormat("text"), OutputFormat::kText);
  EXPECT_EQ(*ParseOutputFormat("json"), OutputFormat::kJson);
  EXPECT_EQ(*ParseOutputFormat("csv"), OutputFormat::kCsv);
  EXPECT_EQ(*ParseOutputFormat("md"), OutputFormat::kMarkdown);
  EXPECT_FALSE(ParseOutputFormat("yaml").ok());
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

TEST(JoinedJsonTest, MergesTwoObjects) {
  EXPECT_EQ(JoinedJson("{\n \"a\": 1\n}\n", "{\n \"b\": [2]\n}\n"),
            "{\n \"a\": 1,\n \"b\": [2]\n}\n");
}

}  // namespace
}  // namespace assay::cli
