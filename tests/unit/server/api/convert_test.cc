#include "server/api/convert.h"

#include <gmock/gmock.h>
#include <google/protobuf/timestamp.pb.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "assay/v1/comparison_service.pb.h"
#include "assay/v1/dataset_service.pb.h"
#include "assay/v1/run_service.pb.h"

namespace assay::api {
namespace {

using ::testing::StartsWith;

TEST(ConvertTest, KeepsMicroseconds) {
  google::protobuf::Timestamp time;
  ToProto(1'700'000'000'123'456, time);
  EXPECT_EQ(time.seconds(), 1'700'000'000);
  EXPECT_EQ(time.nanos(), 123'456'000);
}

TEST(ConvertTest, CountsNanosecondsForwardBefore1970) {
  google::protobuf::Timestamp time;
  ToProto(-1, time);
  EXPECT_EQ(time.seconds(), -1);
  EXPECT_EQ(time.nanos(), 999'999'000);
}

TEST(ConvertTest, LeavesHiddenColumnsOutAndSortsTheOthers) {
  std::vector<store::ColumnRecord> columns(4);
  columns[0].name = "label";
  columns[1].name = "$example_row";
  columns[2].name = "key";
  columns[3].name = "text";
  columns[3].table = store::Table::kDocuments;
  v1::DatasetVersion version;
  AddColumns(columns, version);
  ASSERT_EQ(version.columns_size(), 2);
  EXPECT_EQ(version.columns(0).name(), "key");
  EXPECT_EQ(version.columns(1).name(), "label");
  ASSERT_EQ(version.document_columns_size(), 1);
  EXPECT_EQ(version.document_columns(0).name(), "text");
}

TEST(ConvertTest, LeavesOutWhatIsUndefined) {
  store::SummaryRecord undefined;
  undefined.metric = "accuracy";
  undefined.num_undefined = 5;
  store::SummaryRecord zero = undefined;
  zero.value = 0.0;
  v1::Run run;
  AddSummaries({undefined, zero}, run);
  EXPECT_FALSE(run.summaries(0).has_value());
  EXPECT_TRUE(run.summaries(1).has_value());
  EXPECT_EQ(run.summaries(0).num_undefined(), 5);
}

}  // namespace
}  // namespace assay::api
