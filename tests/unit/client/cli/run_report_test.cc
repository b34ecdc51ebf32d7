#include "client/cli/run_report.h"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <string>

#include "assay/v1/run_service.pb.h"

namespace assay::cli {
namespace {

constexpr char kSucceeded[] = R"pb(
  name: "projects/default/runs/12"
  state: SUCCEEDED
  dataset_version: "projects/default/datasets/digits/versions/1"
  model_version: "projects/default/models/mlp/versions/2"
  output_set: "projects/default/outputSets/9"
  evaluators: "ground_truth_match:accuracy"
  num_rows: 1597
  num_rows_done: 1597
  num_scored: 1590
  num_missing: 4
  num_errors: 3
  result_digest: "sha256:e2f0f1242bfd27a4c9"
  trace_id: "39c1e0194bbcd7ce148c8e9614aa69de"
  start_time { seconds: 100 nanos: 500000000 }
  end_time { seconds: 102 }
  notes: "outputs are missing for 4 keys: a, b, c, d"
  metrics { id: "accuracy" kind: METRIC_KIND_BINARY_MEAN }
  metrics { id: "nDCG@10" kind: METRIC_KIND_MEAN }
  summaries { metric: "accuracy" value: 0.95 num_rows: 1590 lower: 0.93 upper: 0.97 }
  summaries { metric: "nDCG@10" num_undefined: 1590 }
  summaries { metric: "accuracy" cohort: "digit=0" value: 0.9 num_rows: 60 }
)pb";

v1::Run Parse(const char* text) {
  v1::Run run;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &run));
  return run;
}

TEST(RunTextTest, ShowsValuesOverallAndByCohort) {
  EXPECT_EQ(RunText(Parse(kSucceeded), 100, Palette(false)),
            R"(run:12  mlp@2 on digits@1  succeeded in 1.5 s
1,597 rows: 1,590 scored, 4 missing, 3 errors
outputs:9  ground_truth_match:accuracy
result sha256:e2f0f1242bfd  trace 39c1e0194bbcd7ce148c8e9614aa69de

METRIC     VALUE  95 % CI            ROWS  UNDEFINED
accuracy  0.9500  [0.9300, 0.9700]  1,590          0
nDCG@10        -  -                     0      1,590

COHORT   ROWS  accuracy  nDCG@10
digit=0    60    0.9000        -
note: outputs are missing for 4 keys: a, b, c, d
)");
}

TEST(RunTextTest, SaysHowManyMetricsDidNotFit) {
  v1::Run run = Parse(kSucceeded);
  for (int i = 0; i < 30; ++i) {
    run.add_metrics()->set_id("score.judge_" + std::to_string(i));
  }
  EXPECT_NE(
      RunText(run, 60, Palette(false)).find("1 of 1 cohorts, 3 of 32 metrics: -o csv has all"),
      std::string::npos)
      << RunText(run, 60, Palette(false));
}

TEST(RunTextTest, SaysWhyARunFailed) {
  v1::Run run;
  run.set_name("projects/default/runs/13");
  run.set_state(v1::Run::FAILED);
  run.set_error("column 'label', chunk 2: checksum");
  EXPECT_NE(RunText(run, 80, Palette(false)).find("error: column 'label', chunk 2: checksum\n"),
            std::string::npos);
}

TEST(RunTableTest, LeavesUndefinedValuesEmpty) {
  EXPECT_NE(RunTable(Parse(kSucceeded)).Csv().find("nDCG@10,,,,,0,1590\r\n"), std::string::npos);
}

TEST(RunStateWordTest, TreatsAnUnknownStateAsRunning) {
  EXPECT_EQ(RunStateWord(99), "running");
  EXPECT_EQ(RunStateWord(v1::Run::CANCELLED), "cancelled");
}

}  // namespace
}  // namespace assay::cli
