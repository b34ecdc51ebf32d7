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
  EXPECT_EQ(RunText(Parse(kSucceeded), 100, Palette(false)), R"(> [!CAUTION]
> **REGRESSED** mlp@1 → mlp@2 on digits@1 · 1,597 paired rows
>
> Regressed: accuracy fell by 0.0401 on 1597 paired examples; at most 0.01 is allowed.

Changed: activation relu → silu

| metric | before | after | Δ | 95 % CI | p | rows | gate |
| --- | ---: | ---: | ---: | --- | ---: | ---: | --- |
| accuracy | 0.9555 | 0.9154 | -4.01 pp | \[-5.22, -2.85\] | \<.001 | 1,597 | ✗ regressed |
| latency\_us | 412.0 µs | 389.0 µs | -23.0 µs | \[-30.5, -15.5\] | .010 | 1,597 | ✓ pass |
| macro\_f1 | 0.9511 | 0.9102 | -0.0409 | - |  | 1,597 |  |

| gate | limit | Δ | 90 % CI | p (Holm) | verdict | why |
| --- | ---: | ---: | --- | ---: | --- | --- |
| accuracy | -1.00 pp | -4.01 pp | \[-5.01, -3.02\] | \<.001 | ✗ regressed | at least 0.0302 worse (90 % interval), more than the margin of 0.01 |
| latency\_us | +5.0 µs | -23.0 µs | \[-29.5, -16.5\] | 1 | ✓ pass | at most 16.5 better |

<details><summary>3 cohorts, worst first</summary>

| cohort | rows | Δ accuracy | 95 % CI | q |
| --- | ---: | ---: | --- | ---: |
| digit=8 | 164 | -11.25 pp | \[-17.00, -6.00\] | .001 |
| digit=1 | 160 | -2.00 pp | \[-5.00, +1.00\] | .400 |
| digit=3 | 1,060 | +3.00 pp | \[+1.00, +5.00\] | .010 |

</details>

Rows by accuracy: broken 74 · fixed 10 · both wrong 61 · both right 1,452 · unpaired 3

`assay comparison show 14`

+GOLDENMD

[  FAILED  ] DiffMarkdownTest.IsTheSameReport (0 ms)
[----------] 1 test from DiffMarkdownTest (0 ms total)

[----------] 1 test from RunTextTest
[ RUN      ] RunTextTest.ShowsValuesOverallAndByCohort
/work/main/tests/unit/client/cli/run_report_test.cc:44: Failure
Expected equality of these values:
  RunText(Parse(kSucceeded), 100, Palette(false))
    Which is: "run:12  mlp@2 on digits@1  succeeded in 1.5 s\n1,597 rows: 1,590 scored, 4 missing, 3 errors\noutputs:9  ground_truth_match:accuracy\nresult sha256:e2f0f1242bfd  trace 39c1e0194bbcd7ce148c8e9614aa69de\n\nMETRIC     VALUE  95 % CI            ROWS  UNDEFINED\naccuracy  0.9500  [0.9300, 0.9700]  1,590          0\nnDCG@10        -  -                     0      1,590\n\nCOHORT   ROWS  accuracy  nDCG@10\ndigit=0    60    0.9000        -\nnote: outputs are missing for 4 keys: a, b, c, d\n)");
}

TEST(RunTextTest, SaysHowManyMetricsDidNotFit) {
  v1::Run run = Parse(kSucceeded);
  for (int i = 0; i < 30; ++i) {
    run.add_metrics()->set_id("score.judge_" + std::to_string(i));
  }
  EXPECT_NE(
      RunText(run, 60, Palette(false)).find("1 of 1 cohorts, 4 of 32 metrics: -o csv has all"),
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
